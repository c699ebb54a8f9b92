/**
 * No secret and no personal data in any log, metric or error, at debug level, on right and wrong requests, with everything
 * at work and with policy or store failing; and nothing usable in the store. Checklist 34. On real processes.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Route } from '../../src/auth/route.ts'
import { unknownFields, unknownLabels } from '../privacy/logged.ts'
import { TEST_STREAM } from '../servers/auth-service.ts'
import { committedBundle } from '../servers/bundle-desk.ts'
import type { Deployment } from '../servers/deployment.ts'
import { privateHalves } from '../servers/private-keys.ts'
import { until } from '../servers/until.ts'
import { broken } from './broken-policies.ts'
import { type Canaries, openCanaries } from './canaries.ts'
import { openParties, type Parties } from './canary-parties.ts'
import { walkAsPeople } from './canary-people.ts'
import { askPolicyWrongly, type Happy, signInWrongly, walkRightly, walkWrongly } from './canary-walk.ts'
import { startFederated } from './federation.ts'
import { activate } from './outage.ts'
import { deployWithPeople, type WithPeople } from './with-people.ts'

/** Thousands of requests in each walk. */
const WALK = { timeout: 240_000 }

/** Personal data, and what proves nothing without a cookie: docs/privacy.md has where. Anything else is hashed or sealed. */
const KEPT_AS_IT_IS: ReadonlySet<string> = new Set([
  ...['address', 'address at a provider', 'contact', 'display name', 'e-mail', 'family name', 'given name'],
  ...['name at a provider', 'name in a certificate', 'name of a passkey', 'subject at a provider', 'user name'],
  ...[
    'interaction',
    'login_hint',
    'nonce',
    'other address',
    'path of a stream',
    'state of a verification',
    'user code',
  ],
  'value of a claim',
])

let table: readonly Route[]

beforeAll(async () => {
  const service = await startFederated({ service: { signals: TEST_STREAM } })
  table = service.service.table
  await service.close()
})

test('a canary is told in whatever form it is written', () => {
  const canaries = openCanaries()
  const made = canaries.make('one')
  canaries.watch('two', 'another secret, with a blank')
  for (const before of ['', 'x', 'xx'])
    expect(canaries.within(Buffer.from(`${before}${made}:another secret, with a blank`).toString('base64url'))).toEqual(
      ['one', 'two'],
    )
  expect(canaries.within(`?x=${encodeURIComponent('another secret, with a blank')}`)).toEqual(['two'])
  expect(canaries.within(`${Buffer.from(made).toString('hex')} ${made.toUpperCase()}`)).toEqual(['one'])
  expect(canaries.within('nothing of the kind')).toEqual([])
})

describe.each(['one-process', 'split'] as const)('%s', (shape) => {
  let around: WithPeople
  let deployment: Deployment
  let canaries: Canaries
  let parties: Parties
  let happy: Happy

  beforeAll(async () => {
    canaries = openCanaries()
    parties = await openParties(canaries)
    const { auth, ...settings } = parties.settings
    around = await deployWithPeople(shape, {
      settings: { ...settings, log: { level: 'debug' }, auth: { ...auth, metrics: true } },
    })
    deployment = around.deployment
    for (const name of ['kek', 'policy-token', 'redis-password'].filter((file) =>
      readdirSync(deployment.folder).includes(file),
    ))
      canaries.watch(name, readFileSync(join(deployment.folder, name), 'utf8').trim())
    for (const [name, secret] of await privateHalves(deployment)) canaries.watch(name, secret)
    const { web, resourceServer, admin } = deployment.population
    for (const { id, secret } of [web, resourceServer, admin]) canaries.watch(`secret of ${id}`, secret)
    happy = await walkRightly(deployment, canaries)
    await walkAsPeople(around, canaries, happy.admin)
    await parties.walk(deployment, happy.admin)
  }, WALK.timeout)
  afterAll(async () => {
    await around?.stop()
    await parties?.close()
  })

  const walk = async () => {
    const { leaks, statuses } = await walkWrongly(deployment, table, canaries, happy)
    const others = await Promise.all([signInWrongly(happy, canaries), askPolicyWrongly(deployment, canaries)])
    expect([...leaks, ...others.flat()]).toEqual([])
    expect(statuses).not.toContain(500)
    return statuses
  }

  /** Name and text of everything that is written or shown to operators. */
  async function written(): Promise<[string, string][]> {
    const log = join(deployment.folder, 'log')
    const files = readdirSync(log, { recursive: true, encoding: 'utf8' })
    const metrics = await fetch(`${deployment.issuer}/metrics`)
    return [
      ...files.map((file): [string, string] => [file, readFileSync(join(log, file), 'utf8')]),
      ['output of the auth service', deployment.auth.said],
      ['output of the policy service', deployment.policyService.said],
      ['metrics of the auth service', await metrics.text()],
      ['metrics of the policy service', await (await deployment.askPolicy('/metrics')).text()],
      ['status of the policy service', await (await deployment.askPolicy('/v1/status')).text()],
    ]
  }
  async function nothingIsWritten(): Promise<void> {
    const texts = await written()
    const leaks = texts.map(([name, text]) => ({ name, fields: canaries.within(text) }))
    expect(leaks.filter(({ fields }) => fields.length > 0)).toEqual([])
    expect(texts.filter(([name]) => name.endsWith('.jsonl')).length).toBeGreaterThan(1)
    for (const { said } of [deployment.auth, deployment.policyService]) expect(unknownFields(said)).toEqual([])
    for (const [name, text] of texts) if (name.startsWith('metrics')) expect(unknownLabels(text)).toEqual([])
  }

  test('everything at work (checklist 34)', WALK, async () => {
    const statuses = await walk()
    for (const status of [200, 400, 401, 403, 404, 409, 415]) expect(statuses).toContain(status)
    await nothingIsWritten()
    expect(canaries.count).toBeGreaterThan(1000)
  })

  test.each(['trap', 'wrong_result'] as const)('policy: %s', WALK, async (kind) => {
    await activate(deployment, await broken(kind))
    expect(await walk()).toContain(503)
    await nothingIsWritten()
    await activate(deployment, await committedBundle())
  })

  test('nothing usable lies in the store', async () => {
    const { client, tokens, codeForm, cookies } = happy
    const [, session = ''] = /sallyport_session=([^;]+)/.exec(cookies) ?? []
    const { access_token = '', refresh_token = '' } = tokens
    for (const [name, secret] of Object.entries({ code: codeForm.code ?? '', session, access_token, refresh_token }))
      canaries.watch(`last ${name}`, secret)
    const text = await rawStore(deployment)
    expect(text).toContain(client.id)
    expect(canaries.within(text).filter((field) => !KEPT_AS_IT_IS.has(field))).toEqual([])
  })

  if (shape === 'one-process') return

  test('Redis killed', WALK, async () => {
    await deployment.redis?.kill()
    const statuses = await walk()
    expect(statuses).toContain(503)
    await until(async () => deployment.auth.said.includes('request failed'), 'the failures are logged')
    await nothingIsWritten()
  })
})

/** Every byte that the store keeps. */
async function rawStore({ folder, redis }: Deployment): Promise<string> {
  if (redis === undefined)
    return ['store.sqlite', 'store.sqlite-wal'].map((file) => readFileSync(join(folder, file), 'latin1')).join()
  const lua = `local all = {}
    for _, key in ipairs(redis.call('KEYS', '*')) do
      local kind = redis.call('TYPE', key).ok
      all[#all + 1] = key
      if kind == 'string' then all[#all + 1] = redis.call('GET', key) end
      if kind == 'hash' then all[#all + 1] = table.concat(redis.call('HGETALL', key), ' ') end
      if kind == 'zset' then all[#all + 1] = table.concat(redis.call('ZRANGE', key, 0, -1), ' ') end
      if kind == 'set' then all[#all + 1] = table.concat(redis.call('SMEMBERS', key), ' ') end
      if kind == 'list' then all[#all + 1] = table.concat(redis.call('LRANGE', key, 0, -1), ' ') end
    end
    return all`
  return redis.command('EVAL', lua, '0')
}
