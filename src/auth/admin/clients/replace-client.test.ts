import { afterEach, beforeEach, expect, test } from 'vitest'
import { digestOf } from '../../../kernel/ids.ts'
import type { DecisionInput } from '../../../policy-engine/contract/index.ts'
import { secretIds } from '../../client/secrets.ts'
import { clientRecord, openSurroundings, type Surroundings, TENANT } from '../../session/endpoint-fixture.ts'
import { replaceClient } from './replace-client.ts'

let around: Surroundings
let token: string
beforeEach(async () => {
  const writable = [
    'first_party',
    'keep_secret_ids',
    'managed_by',
    'name',
    'rotate_secret',
    'token_endpoint_auth_method',
  ]
  around = await openSurroundings({
    admin: () => ({
      allow: true,
      reasons: [],
      obligations: { visible: ['name'], writable, step_up: 'none', acr_values: [] },
    }),
  })
  const operator = clientRecord({ clientId: 'operator', roles: ['platform_admin'] })
  await around.store.clients.create(TENANT, operator)
  token = await around.grantToken(operator, ['admin'])
})
afterEach(() => around.close())

const replace = (id: string, json: unknown, headers: Record<string, string> = {}) =>
  replaceClient(
    around,
    around.request({ method: 'PUT', route: { id }, json, headers: { authorization: `Bearer ${token}`, ...headers } }),
  )
const stored = (id: string) => around.store.clients.find(TENANT, id)

test('a client that registered itself is never first party nor kept by a configuration, and a secret of an administrator’s does not end with its own', async () => {
  const registration = { tokenDigest: digestOf('t'), consent: 'once' } as const
  const record = clientRecord({ clientId: 'itself', secretDigests: [digestOf('s')], registration, secretExpiresAt: 9 })
  await around.store.clients.create(TENANT, record)
  await expect(replace('itself', { first_party: true })).rejects.toMatchObject({
    detail: expect.stringContaining('first_party'),
  })
  await expect(replace('itself', { managed_by: 'shop.yaml' })).rejects.toMatchObject({
    code: 'bad_request',
    detail: expect.stringContaining('managed_by'),
  })
  expect((await stored('itself'))?.version).toBe(1)
  await replace('itself', { name: 'Renamed', managed_by: null })
  expect(await stored('itself')).toMatchObject({ registration, secretExpiresAt: 9 })
  await replace('itself', { rotate_secret: true })
  expect(await stored('itself')).not.toHaveProperty('secretExpiresAt')
})

test('who names no version is not refused by one: of writes at once each is done, on what the one before wrote (RFC 9110 15.5.13)', async () => {
  await around.store.clients.create(
    TENANT,
    clientRecord({ clientId: 'shop', name: 'Shop', secretDigests: [digestOf('s')] }),
  )
  const writes = [{ name: 'Renamed' }, { rotate_secret: true }, { managed_by: 'shop.yaml' }]
  const replies = await Promise.all(
    writes.map((body, index) => replace('shop', body, index === 0 ? { 'if-match': '*' } : {})),
  )
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(await stored('shop')).toMatchObject({ name: 'Renamed', managedBy: 'shop.yaml', version: 4 })
  expect((await stored('shop'))?.secretDigests).toHaveLength(2)
})

test('of writes at once that name the same version one is done, the other 412 (RFC 9110 13.1.1)', async () => {
  await around.store.clients.create(TENANT, clientRecord({ clientId: 'shop' }))
  const race = await Promise.allSettled(['a', 'b'].map((name) => replace('shop', { name }, { 'if-match': '"1"' })))
  expect(race).toContainEqual(expect.objectContaining({ value: expect.objectContaining({ status: 200 }) }))
  expect(race).toContainEqual(
    expect.objectContaining({ reason: expect.objectContaining({ code: 'precondition_failed' }) }),
  )
})

test('who is overtaken again and again reads 409, and nothing is written', async () => {
  await around.store.clients.create(TENANT, clientRecord({ clientId: 'shop', name: 'Shop' }))
  const { clients } = around.store
  let overtaken = 0
  const busy = Object.create(clients, {
    replace: {
      value: async (...[tenant, client, version]: Parameters<typeof clients.replace>) => {
        overtaken++
        await clients.replace(tenant, { ...client, name: `Other ${overtaken}` }, version)
        return clients.replace(tenant, client, version)
      },
    },
  })
  const request = around.request({
    method: 'PUT',
    route: { id: 'shop' },
    json: { name: 'Mine' },
    headers: { authorization: `Bearer ${token}` },
  })
  const deps = { ...around, store: { ...around.store, clients: busy } }
  await expect(replaceClient(deps, request)).rejects.toMatchObject({ code: 'conflict' })
  expect(overtaken).toBeGreaterThan(1)
  expect(await stored('shop')).toMatchObject({ name: `Other ${overtaken}` })
  expect(around.events).toEqual([])
})

const [first, second] = ['one', 'two'].map(digestOf) as [string, string]
const changedOf = () => (around.asked.at(-1)?.input as DecisionInput<'admin'> | undefined)?.changed

test.each<[string, object, object]>([
  ['digests', {}, {}],
  [
    'of client_secret_jwt, each with what is sealed',
    { metadata: { token_endpoint_auth_method: 'client_secret_jwt' }, sealedSecrets: ['sealed one', 'sealed two'] },
    { sealedSecrets: ['sealed two'] },
  ],
])('ends the secrets that keep_secret_ids does not name (checklist 19): %s', async (_, of, left) => {
  const record = clientRecord({ clientId: 'shop', secretDigests: [first, second], secretExpiresAt: 9, ...of })
  await around.store.clients.create(TENANT, record)
  const [newest, older] = secretIds([first, second]) as [string, string]
  expect((await replace('shop', { keep_secret_ids: [older, newest] })).body).not.toHaveProperty('client_secret')
  expect(changedOf()).toEqual([])
  expect(await stored('shop')).toMatchObject({ secretDigests: [first, second], ...of })
  expect((await replace('shop', { keep_secret_ids: [older] })).body).not.toHaveProperty('client_secret')
  expect(changedOf()).toEqual(['keep_secret_ids'])
  // What is kept ends as its registration has set.
  expect(await stored('shop')).toMatchObject({ secretDigests: [second], secretExpiresAt: 9, ...left })

  for (const wrong of [[newest], [], [older, newest, 'x'], [''], older, [1]])
    await expect(replace('shop', { keep_secret_ids: wrong })).rejects.toMatchObject({
      code: 'bad_request',
      detail: expect.stringContaining('keep_secret_ids'),
    })
  for (const wrong of [{ secret_sha256: [second] }, { rotate_secret: true, keep_secret_ids: [older, newest] }])
    await expect(replace('shop', { keep_secret_ids: [older], ...wrong })).rejects.toMatchObject({ code: 'bad_request' })

  const beside = await replace('shop', { rotate_secret: true, keep_secret_ids: [older] })
  const made = digestOf((beside.body as { client_secret: string }).client_secret)
  expect((await stored('shop'))?.secretDigests).toEqual([made, second])
  const alone = await replace('shop', { rotate_secret: true, keep_secret_ids: [] })
  expect(changedOf()).toEqual(['keep_secret_ids', 'rotate_secret'])
  const text = (alone.body as { client_secret: string }).client_secret
  expect((await stored('shop'))?.secretDigests).toEqual([digestOf(text)])
  if ('sealedSecrets' in left) expect((await stored('shop'))?.sealedSecrets).toEqual([`sealed ${text}`])
})

test('a client that turns to client_secret_jwt keeps none of its secrets, since only digests of them are there', async () => {
  await around.store.clients.create(TENANT, clientRecord({ clientId: 'shop', secretDigests: [first] }))
  const turned = { token_endpoint_auth_method: 'client_secret_jwt' }
  await expect(replace('shop', { ...turned, keep_secret_ids: secretIds([first]) })).rejects.toMatchObject({
    detail: expect.stringContaining('keep_secret_ids must name secrets that live'),
  })
  expect((await stored('shop'))?.version).toBe(1)
  await replace('shop', { ...turned, rotate_secret: true, keep_secret_ids: [] })
  expect((await stored('shop'))?.sealedSecrets).toHaveLength(1)
})
