import { afterEach, beforeEach, expect, test } from 'vitest'
import { digestOf } from '../../../kernel/ids.ts'
import { clientRecord, openSurroundings, type Surroundings, TENANT } from '../../session/endpoint-fixture.ts'
import { replaceClient } from './replace-client.ts'

let around: Surroundings
let token: string
beforeEach(async () => {
  const writable = ['first_party', 'managed_by', 'name', 'rotate_secret']
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
