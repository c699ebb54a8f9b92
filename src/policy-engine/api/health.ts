/** `/health` and `/health/{rule}` (OPA, "Health API", "Custom Health Checks"). */
import { degraded, type PolicyStatus } from '../status.ts'
import { type ApiReply, type ApiRequest, json } from './exchange.ts'
import type { OperationsDeps } from './operations.ts'
import { flag } from './url.ts'

const well = (): ApiReply => ({ body: '{}' })
const ill = (error: string) => json({ error }, { status: 500 })

/**
 * 200 once a bundle is active. `?bundles` and `?plugins` name what is missing. Where OPA would say no more than that a bundle
 * is active, `?bundles` tells that it is not what its source has: 500 while it is a copy that the source has not confirmed
 * since the start, `degraded` in the answer where the source stopped answering later.
 */
export function answerHealth({ node, status }: OperationsDeps, { address: { query } }: ApiRequest): ApiReply {
  const { bundles, plugins } = status()
  const missing = Object.values(bundles).filter((bundle) => bundle.active_revision === undefined)
  const bundlesAsked = flag(query, 'bundles') || flag(query, 'bundle')
  if (node.active === undefined || (bundlesAsked && missing.length > 0)) {
    return ill(`not activated: ${missing.map(({ name }) => name).join(', ') || 'this node'}`)
  }
  const faults = bundlesAsked ? faultsOf(bundles) : []
  const copies = faults.filter(([name]) => bundles[name]?.active_from === 'disk')
  if (copies.length > 0) {
    const error = `degraded: ${copies.map(([name, fault]) => `${name} is ${fault}`).join('; ')}`
    return json({ error, degraded: Object.fromEntries(faults) }, { status: 500 })
  }
  const fine = faults.length > 0 ? json({ degraded: Object.fromEntries(faults) }) : well()
  if (!flag(query, 'plugins')) return fine
  const excluded = new Set(query.getAll('exclude-plugin'))
  const broken = Object.entries(plugins).filter(([name, { state }]) => state !== 'OK' && !excluded.has(name))
  return broken.length > 0 ? ill(`not OK: ${broken.map(([name]) => name).join(', ')}`) : fine
}

const faultsOf = (bundles: PolicyStatus['bundles']): readonly (readonly [string, string])[] =>
  Object.values(bundles).flatMap((bundle) => {
    const fault = degraded(bundle)
    return fault === undefined ? [] : [[bundle.name, fault] as const]
  })

/** Evaluates `data.system.health.<rule>`; anything but true is 500. Not a decision: not logged. */
export function healthRules({ node, status }: OperationsDeps): (request: ApiRequest) => ApiReply {
  let readyOnce = false
  return ({ rest }) => {
    const { plugins } = status()
    readyOnce ||= Object.values(plugins).every(({ state }) => state === 'OK')
    const input = { plugin_state: statesOf(plugins), plugins_ready: readyOnce }
    const { value, failed } = node.check(['system', 'health', ...rest], input)
    if (failed) return ill('the health check cannot be evaluated')
    if (value === undefined) return ill('the health check is undefined')
    return value === true ? well() : ill('the health check has an unexpected value')
  }
}

const statesOf = (plugins: PolicyStatus['plugins']) =>
  Object.fromEntries(Object.entries(plugins).map(([name, { state }]) => [name, state]))
