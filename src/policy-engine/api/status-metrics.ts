/** What OPA's dashboards read of a server's state, under OPA's names, made of the status at each scrape (OPA, "Monitoring"). */
import { Gauge, Registry } from 'prom-client'
import type { BundleStatus, PolicyStatus } from '../status.ts'

/** Times of the status, in nanoseconds since the epoch. */
const TIMES = {
  last_bundle_request: ['last_request', 'When the bundle was asked for last.'],
  last_success_bundle_request: ['last_successful_request', 'When the source of the bundle answered last.'],
  last_success_bundle_download: ['last_successful_download', 'When the bundle was downloaded last.'],
} as const satisfies Readonly<Record<string, readonly [keyof BundleStatus, string]>>

export async function statusMetrics({ bundles, plugins }: PolicyStatus, version: string): Promise<string> {
  const registers = [new Registry()]
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames, registers })
  gauge('opa_info', 'What serves OPA’s API here, and its version.', ['product', 'version']).set(
    { product: 'sallyport', version },
    1,
  )
  const states = gauge('plugin_status_gauge', 'Plugins, by the state that each is in.', ['name', 'status'])
  for (const [name, { state }] of Object.entries(plugins)) states.set({ name, status: state }, 1)
  for (const [name, [member, help]] of Object.entries(TIMES)) {
    const times = gauge(name, help, ['name'])
    for (const status of Object.values(bundles)) {
      const time = status[member]
      if (time !== undefined) times.set({ name: status.name }, Date.parse(time) * 1e6)
    }
  }
  return (await Promise.all(registers.map((registry) => registry.metrics()))).join('')
}
