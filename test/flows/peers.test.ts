/** Two instances, one of which hears the other (`notices.peers`): what empties the decision caches there empties those here. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { askUserinfo } from '../../src/policy-engine/question-fixture.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { until } from '../servers/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'peers-'))
const token = (name: string) => {
  const secret = randomBytes(24).toString('base64url')
  writeFileSync(join(folder, name), secret, { mode: 0o600 })
  return { secret, token_file: join(folder, name) }
}
const operator = token('operator')
const peer = token('peer')
const policies = copyPolicies()
/** With a decision whose answers are kept. */
let bundle: BundleFiles
let told: Deployment
let hearing: Deployment

beforeAll(async () => {
  const declared = '# METADATA\n# custom:\n#   cache_ttl_seconds: 90\ndecision := {'
  policies.edit({ file: 'authz/userinfo.rego', from: 'decision := {', to: declared })
  bundle = await policies.compile()
  told = await deploy('one-process', {
    bundle,
    settings: {
      policy: {
        credentials: [
          { identity: 'operator', token_file: operator.token_file },
          { identity: 'peer', token_file: peer.token_file },
        ],
      },
    },
  })
  hearing = await deploy('one-process', {
    bundle,
    settings: { notices: { peers: [{ url: told.policy, token_file: peer.token_file }] } },
  })
})
afterAll(async () => {
  await hearing?.stop()
  await told?.stop()
  rmSync(folder, { recursive: true })
  policies.remove()
})

const kept = async (): Promise<number> => {
  const text = await (await hearing.askPolicy('/metrics')).text()
  const entries = [...text.matchAll(/^decision_cache_entries\{.*\} (\d+)$/gm)].map(([, count]) => Number(count))
  expect(entries.length).toBeGreaterThan(0)
  return entries.reduce((sum, count) => sum + count, 0)
}
const ask = async (about: { readonly sub?: string }) => {
  const input = askUserinfo(about)
  await hearing.askPolicy('/v1/data/authz/userinfo/decision', { method: 'POST', body: JSON.stringify({ input }) })
}
/** One answer about a person, one about nobody. */
const fill = () =>
  until(async () => {
    await ask({ sub: 'somebody' })
    await ask({})
    return (await kept()) === 2
  }, 'two answers in the cache')
const empty = () => until(async () => (await kept()) === 0, 'an empty cache')
const purge = async (body = '') => {
  const headers = { authorization: `Bearer ${operator.secret}` }
  const { status } = await fetch(`${told.policy}/v1/cache/purge`, { method: 'POST', headers, body })
  expect(status).toBe(204)
}
/** Its first word with the other empties its cache; a notice about one person, heard after that, takes one answer alone. */
const listens = () =>
  until(async () => {
    await fill()
    await purge('{"subject":"somebody"}')
    return (await kept()) === 1
  }, 'a notice heard')

test('a purge or an activation on one instance empties the decision cache of the one that hears it', async () => {
  await listens()
  await fill()
  await purge()
  await empty()
  await fill()
  await told.bundle.publish(bundle)
  await empty()
  // Who hears of it may ask at once.
  expect((await told.status()).bundles.sallyport?.version).toBe(2)
  expect((await hearing.status()).bundles.sallyport?.version).toBe(1)
})
