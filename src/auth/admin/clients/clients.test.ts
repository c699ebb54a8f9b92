import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Reply } from '../../../http/message.ts'
import { digestOf, randomId } from '../../../kernel/ids.ts'
import type { DecisionInput, DecisionResult } from '../../../policy-engine/contract/index.ts'
import { METADATA_MEMBERS } from '../../client/metadata/members.ts'
import {
  clientRecord,
  openSurroundings,
  type RequestParts,
  type Surroundings,
  TENANT,
  userRecord,
} from '../../session/endpoint-fixture.ts'
import { type AdminHandlers, clientHandlers } from './client-handlers.ts'
import { FIELDS } from './parse-client.ts'

const ALL = [...Object.keys(FIELDS), ...METADATA_MEMBERS, 'secret_ids', 'created_at', 'updated_at']
const allow = (visible = ALL, writable = [...ALL, 'rotate_secret', 'secret_sha256']): DecisionResult<'admin'> => ({
  allow: true,
  reasons: [],
  obligations: { visible, writable, step_up: 'none', acr_values: [] },
})
const operator = clientRecord({ clientId: 'operator', roles: ['platform_admin'] })

let around: Surroundings
let admin: AdminHandlers
let token: string
beforeEach(async () => {
  around = await openSurroundings({ admin: () => allow() })
  admin = clientHandlers(around)
  await around.store.clients.create(TENANT, operator)
  token = await around.grantToken(operator, ['admin'])
})
afterEach(() => around.close())

const as = (parts: RequestParts) =>
  around.request({ ...parts, headers: { authorization: `Bearer ${token}`, ...parts.headers } })
const shop = {
  name: 'Shop',
  redirect_uris: ['https://shop.example/cb'],
  grant_types: ['authorization_code', 'refresh_token'],
  scopes: ['openid', 'orders:read'],
  roles: ['service'],
}
const create = (json: unknown = shop) => admin.createClient(as({ method: 'POST', json }))
const replace = (id: string, json: unknown, headers: Record<string, string> = {}) =>
  admin.replaceClient(as({ method: 'PUT', route: { id }, json, headers }))
const bodyOf = (reply: Reply) => reply.body as Record<string, unknown> & { client_id: string; client_secret: string }
const stored = (id: string) => around.store.clients.find(TENANT, id)
const failsWith = (code: string) => expect.objectContaining({ code })

test('registers a client: id and secret made here, the secret answered once and kept as a digest (checklist 19)', async () => {
  const reply = await create()
  const { client_id: id, client_secret: secret } = bodyOf(reply)
  expect(reply).toMatchObject({ status: 201, headers: { etag: '"1"', location: `/admin/clients/${id}` } })
  expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(reply.body).toMatchObject({ ...shop, type: 'confidential', active: true, first_party: false, audience: [] })
  expect((await stored(id))?.secretDigests).toEqual([digestOf(secret)])
  const read = await admin.readClient(as({ route: { id } }))
  expect(JSON.stringify(read.body)).not.toContain(secret)
  expect(JSON.stringify(read.body)).not.toContain(digestOf(secret))
  expect(around.asked[0]?.input).toMatchObject({
    action: 'create',
    actor: { client_id: 'operator', kind: 'client', roles: ['platform_admin'] },
    resource: { type: 'client' },
    changed: ['name', 'redirect_uris', 'grant_types', 'scopes', 'roles'],
    changed_roles: ['service'],
    changed_scopes: ['openid', 'orders:read'],
  })
  expect(around.events).toMatchObject([{ event: 'admin_changed', detail: 'create', resource: `client:${id}` }])
  expect(JSON.stringify([around.asked, around.events])).not.toContain(secret)
})

test('who may not replace learns of no client, not from what is wrong with a body either (checklist 47)', async () => {
  await around.store.clients.create(TENANT, clientRecord({ clientId: 'machine', grantTypes: ['client_credentials'] }))
  around.answers = { admin: () => ({ allow: false, reasons: ['permission_missing'] }) }
  for (const id of ['machine', 'nobody'])
    for (const body of [{}, { type: 'public' }, { grant_types: ['authorization_code'] }, { client_id: 'other' }])
      await expect(replace(id, body)).rejects.toEqual(failsWith('forbidden'))
})

test('policy hears which roles and scopes the client has that it is asked about', async () => {
  await around.store.clients.create(
    TENANT,
    clientRecord({ clientId: 'root', roles: ['platform_admin'], scopes: ['admin'] }),
  )
  const root = { type: 'client', id: 'root', roles: ['platform_admin'], scopes: ['admin'] }
  await replace('root', { rotate_secret: true })
  await admin.readClient(as({ route: { id: 'root' } }))
  await admin.deleteClient(as({ method: 'DELETE', route: { id: 'root' } }))
  await create()
  const inputs = around.asked.map(({ input }) => input as DecisionInput<'admin'>)
  expect(inputs.map(({ resource }) => resource)).toEqual([root, root, root, { type: 'client', roles: [], scopes: [] }])
})

test('a public client has no secret', async () => {
  const { client_id: id, ...body } = bodyOf(
    await create({ ...shop, type: 'public', redirect_uris: ['com.shop.app:/cb'] }),
  )
  expect(body).not.toHaveProperty('client_secret')
  expect((await stored(id))?.secretDigests).toEqual([])
})

test.each([
  ['no object', [], 'object'],
  ['no name', { redirect_uris: [] }, 'name'],
  ['an empty name', { name: ' ' }, 'name'],
  ['an unknown field', { name: 'x', client_secret: 'mine' }, 'only these fields'],
  ['an id of its own', { name: 'x', client_id: 'mine' }, 'client_id'],
  ['an unknown type', { name: 'x', type: 'native' }, 'type'],
  ['active as text', { name: 'x', active: 'yes' }, 'active'],
  ['no redirect URI for codes', { name: 'x', grant_types: ['authorization_code'] }, 'redirect_uris'],
  ['an unknown grant type', { name: 'x', grant_types: ['password'] }, 'grant_types[0]'],
  [
    'client_credentials for a public client',
    { name: 'x', type: 'public', grant_types: ['client_credentials'] },
    'grant_types',
  ],
  ['a bad redirect URI', { name: 'x', redirect_uris: ['https://a.example/', 'http://b.example/'] }, 'redirect_uris[1]'],
  ['a redirect URI twice', { name: 'x', redirect_uris: ['https://a.example/', 'https://a.example/'] }, 'redirect_uris'],
  ['an entry that is no text', { name: 'x', scopes: ['a', 1] }, 'scopes[1]'],
  ['a scope with a space', { name: 'x', scopes: ['a b'] }, 'scopes[0]'],
  ['metadata that is wrong', { name: 'x', jwks_uri: 'http://a.example/' }, 'jwks_uri'],
  ['an audience that is no URI', { name: 'x', audience: ['orders'] }, 'audience[0]'],
  ['a role with odd characters', { name: 'x', roles: ['a b'] }, 'roles[0]'],
  ['too many entries', { name: 'x', scopes: Array.from({ length: 51 }, (_, n) => `s${n}`) }, 'scopes'],
])('refuses %s, naming the field (RFC 9457)', async (_, json, field) => {
  await expect(create(json)).rejects.toMatchObject({ code: 'bad_request', detail: expect.stringContaining(field) })
  expect(around.asked).toEqual([])
})

test('a replace keeps what it leaves out, tells policy what changes, and takes back what was read', async () => {
  const { client_id: id } = bodyOf(await create())
  const read = bodyOf(await admin.readClient(as({ route: { id } })))
  expect((await replace(id, { ...read, name: 'New shop' })).headers?.etag).toBe('"2"')
  expect((around.asked.at(-1)?.input as DecisionInput<'admin'> | undefined)?.changed).toEqual(['name'])
  await replace(id, { scopes: ['openid', 'admin'], roles: ['platform_admin'] })
  expect(around.asked.at(-1)?.input).toMatchObject({
    resource: { id },
    changed_scopes: ['admin', 'orders:read'],
    changed_roles: ['platform_admin', 'service'],
  })
  expect(await stored(id)).toMatchObject({ name: 'New shop', redirectUris: shop.redirect_uris, version: 3 })
  await expect(replace(id, { type: 'public', grant_types: ['client_credentials'] })).rejects.toEqual(
    failsWith('bad_request'),
  )
})

test('a rotated secret leaves the one before it live, and no more (checklist 19)', async () => {
  const first = bodyOf(await create())
  const id = first.client_id
  const second = bodyOf(await replace(id, { rotate_secret: true })).client_secret
  expect((await stored(id))?.secretDigests).toEqual([digestOf(second), digestOf(first.client_secret)])
  const third = bodyOf(await replace(id, { rotate_secret: true })).client_secret
  expect((await stored(id))?.secretDigests).toEqual([digestOf(third), digestOf(second)])
  expect(bodyOf(await replace(id, { rotate_secret: false }))).not.toHaveProperty('client_secret')
  expect((around.asked.at(-2)?.input as DecisionInput<'admin'> | undefined)?.changed).toEqual(['rotate_secret'])
})

test('takes metadata by the names of RFC 7591, shows it, and takes it away with null', async () => {
  const sent = { post_logout_redirect_uris: ['https://shop.example/bye'], default_max_age: 60 }
  const made = bodyOf(await create({ ...shop, ...sent }))
  expect(made).toMatchObject(sent)
  expect((await stored(made.client_id))?.metadata).toEqual(sent)
  const changed = bodyOf(await replace(made.client_id, { default_max_age: null, require_auth_time: true }))
  expect(changed).not.toHaveProperty('default_max_age')
  expect((around.asked.at(-1)?.input as DecisionInput<'admin'> | undefined)?.changed).toEqual([
    'default_max_age',
    'require_auth_time',
  ])
  expect((await stored(made.client_id))?.metadata).toEqual({
    post_logout_redirect_uris: sent.post_logout_redirect_uris,
    require_auth_time: true,
  })
})

test('a client that proves itself by its keys has no secret, and loses the one it had (RFC 7523 2.2)', async () => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const byKeys = {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [publicKey.export({ format: 'jwk' })] },
  }
  const made = bodyOf(await create({ ...shop, ...byKeys }))
  expect(made).not.toHaveProperty('client_secret')
  expect((await stored(made.client_id))?.secretDigests).toEqual([])
  const { client_id: id } = bodyOf(await create())
  expect(bodyOf(await replace(id, byKeys))).not.toHaveProperty('client_secret')
  expect((await stored(id))?.secretDigests).toEqual([])
})

test('makes a client under an id that the caller chose, where none is (RFC 9110 13.1.2)', async () => {
  const named = (json: unknown = shop) => replace('web-shop', json, { 'if-none-match': '*' })
  expect(await named({ ...shop, managed_by: 'shop.yaml' })).toMatchObject({
    status: 201,
    headers: { location: '/admin/clients/web-shop' },
    body: { client_id: 'web-shop', managed_by: 'shop.yaml', secret_ids: [expect.stringMatching(/^[\w-]{8}$/)] },
  })
  expect(around.asked.at(-1)?.input).toMatchObject({ action: 'create', resource: { id: 'web-shop' } })
  await expect(named()).rejects.toEqual(failsWith('precondition_failed'))
  for (const id of ['a/b', '.', '..'])
    await expect(replace(id, shop, { 'if-none-match': '*' })).rejects.toEqual(failsWith('bad_request'))
  around.answers = { admin: () => ({ allow: false, reasons: ['permission_missing'] }) }
  await expect(replace('other', shop, { 'if-none-match': '*' })).rejects.toEqual(failsWith('forbidden'))
  expect(await stored('other')).toBeUndefined()
})

test('names no client like a person (RFC 9700 4.15)', async () => {
  const named = (id: string) => replace(id, shop, { 'if-none-match': '*' })
  await around.store.users.create(TENANT, userRecord({ sub: 'ada' }))
  for (const id of ['ada', randomId()]) {
    await expect(named(id)).rejects.toMatchObject({ code: 'bad_request', detail: expect.stringContaining('a person') })
    expect(await stored(id)).toBeUndefined()
  }
  expect(await named('ada-shop')).toMatchObject({ status: 201 })
  around.answers = { admin: () => ({ allow: false, reasons: ['permission_missing'] }) }
  // Who may not create clients is not told who is known here.
  await expect(named('ada')).rejects.toEqual(failsWith('forbidden'))
})

test('takes secrets that were made elsewhere by their digests, and tells them apart without them (checklist 19)', async () => {
  const [first, second] = [digestOf('one'), digestOf('two')]
  const hex = Buffer.from(second, 'base64url').toString('hex')
  const made = bodyOf(await create({ ...shop, secret_sha256: [first] }))
  expect(made).not.toHaveProperty('client_secret')
  const id = made.client_id
  const both = bodyOf(await replace(id, { secret_sha256: [hex, first] }))
  expect((await stored(id))?.secretDigests).toEqual([second, first])
  expect(JSON.stringify([made, both])).not.toContain(first)
  expect(both.secret_ids).toEqual([expect.any(String), (made.secret_ids as string[])[0]])
  for (const wrong of [[], ['short'], [first, second, digestOf('three')], [first, first]])
    await expect(replace(id, { secret_sha256: wrong })).rejects.toEqual(failsWith('bad_request'))
  await expect(replace(id, { secret_sha256: [first], rotate_secret: true })).rejects.toEqual(failsWith('bad_request'))
  await expect(create({ ...shop, type: 'public', secret_sha256: [first] })).rejects.toEqual(failsWith('bad_request'))
})

test('a sector must know the redirect URIs that join it, and is asked when policy has allowed (OIDC Registration 5)', async () => {
  const uri = 'https://sector.example/uris.json'
  const pairwise = { ...shop, subject_type: 'pairwise', sector_identifier_uri: uri }
  await expect(create(pairwise)).rejects.toMatchObject({
    code: 'bad_request',
    detail: expect.stringContaining('cannot be read'),
  })
  around.documents.set(uri, ['https://other.example/cb'])
  await expect(create(pairwise)).rejects.toMatchObject({
    detail: 'sector_identifier_uri does not list redirect_uris[0].',
  })
  around.documents.set(uri, { redirect_uris: shop.redirect_uris })
  await expect(create(pairwise)).rejects.toMatchObject({ detail: expect.stringContaining('JSON list') })
  around.documents.set(uri, [...shop.redirect_uris, 'https://other.example/cb'])
  const { client_id: id } = bodyOf(await create(pairwise))
  expect((await stored(id))?.sectorIdentifier).toBe('sector.example')

  around.documents.clear()
  await replace(id, { name: 'Renamed' })
  expect((await stored(id))?.sectorIdentifier).toBe('sector.example')
  await expect(replace(id, { redirect_uris: ['https://new.example/cb'] })).rejects.toMatchObject({
    code: 'bad_request',
  })
  await replace(id, { sector_identifier_uri: null })
  expect((await stored(id))?.sectorIdentifier).toBe('shop.example')
  await expect(replace(id, { redirect_uris: ['https://a.example/cb', 'https://b.example/cb'] })).rejects.toMatchObject({
    detail: expect.stringContaining('several hosts'),
  })
  await replace(id, { subject_type: 'public' })
  expect(await stored(id)).not.toHaveProperty('sectorIdentifier')
})

test('deactivation ends what the client has, for good (checklist 30)', async () => {
  const { client_id: id } = bodyOf(await create())
  const before = (await stored(id))?.revocationEpoch ?? 0
  await replace(id, { active: false })
  await replace(id, { active: true })
  expect((await stored(id))?.revocationEpoch).toBe(before + 1)
})

test('a write onto a version that has changed since is 412 (RFC 9110 13.1.1)', async () => {
  const { client_id: id } = bodyOf(await create())
  await replace(id, { name: 'a' }, { 'if-match': '"1"' })
  await expect(replace(id, { name: 'b' }, { 'if-match': '"1"' })).rejects.toEqual(failsWith('precondition_failed'))
  await expect(replace(id, { name: 'b' }, { 'if-match': 'W/"2"' })).rejects.toEqual(failsWith('precondition_failed'))
  await expect(admin.deleteClient(as({ route: { id }, headers: { 'if-match': '"1"' } }))).rejects.toEqual(
    failsWith('precondition_failed'),
  )
})

test('lists in order of creation, by page, and deletes: 204, then 404', async () => {
  const ids = [operator.clientId]
  for (const name of ['a', 'b', 'c']) ids.push(bodyOf(await create({ name })).client_id)
  const list = async (query: Record<string, string>) =>
    bodyOf(await admin.listClients(as({ query }))) as unknown as { total: number; clients: { client_id: string }[] }
  const page = await list({ offset: '1', limit: '2' })
  expect([page.total, page.clients.map((client) => client.client_id)]).toEqual([4, ids.slice(1, 3)])
  await expect(list({ limit: '-1' })).rejects.toEqual(failsWith('bad_request'))
  const route = { id: ids[1] ?? '' }
  expect(await admin.deleteClient(as({ route }))).toEqual({ status: 204 })
  for (const handler of [admin.deleteClient, admin.readClient])
    await expect(handler(as({ route }))).rejects.toEqual(failsWith('not_found'))
  await expect(replace(route.id, shop)).rejects.toEqual(failsWith('not_found'))
})

test('a deny, and what policy does not make writable, change nothing; what is not visible is not shown', async () => {
  const { client_id: id } = bodyOf(await create())
  around.answers = { admin: () => allow(['name'], ['name']) }
  await expect(replace(id, { roles: ['platform_admin'] })).rejects.toEqual(failsWith('forbidden'))
  await expect(replace(id, { rotate_secret: true })).rejects.toEqual(failsWith('forbidden'))
  expect((await admin.readClient(as({ route: { id } }))).body).toEqual({ client_id: id, name: 'Shop' })
  around.answers = { admin: () => ({ allow: false, reasons: ['role_not_grantable'] }) }
  const parts = { route: { id }, json: shop }
  for (const handler of Object.values(admin)) await expect(handler(as(parts))).rejects.toEqual(failsWith('forbidden'))
  around.answers = {}
  for (const handler of Object.values(admin))
    await expect(handler(as(parts))).rejects.toMatchObject({ name: 'PolicyUnavailable' })
  expect(await stored(id)).toMatchObject({ roles: ['service'], version: 1 })
})

test('without a live token nothing is decided (RFC 6750)', async () => {
  await around.store.clients.delete(TENANT, operator.clientId)
  for (const handler of Object.values(admin)) {
    await expect(handler(as({ json: shop }))).rejects.toEqual(failsWith('invalid_token'))
    await expect(handler(around.request({ json: shop }))).rejects.toEqual(failsWith('invalid_token'))
  }
  expect(around.asked).toEqual([])
})

describe('the credential of `sallyport init`', () => {
  const SETUP = 'setup-credential'
  beforeEach(async () => {
    await around.store.platform.initialise({
      checkRecord: 'sealed',
      signingKeys: [],
      setup: { digest: digestOf(SETUP), expiresAt: Math.floor(around.clock.nowMs() / 1000) + 3600 },
    })
  })
  const first = {
    name: 'Administration',
    grant_types: ['client_credentials'],
    scopes: ['admin'],
    roles: ['platform_admin'],
  }
  const bySetup = (json: unknown = first) =>
    admin.createClient(around.request({ json, headers: { authorization: `Bearer ${SETUP}` } }))

  test('makes one client, and works once: of two at once one wins', async () => {
    const outcomes = await Promise.allSettled([bySetup(), bySetup()])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(bySetup()).rejects.toEqual(failsWith('invalid_token'))
    expect(around.asked[0]?.input).toMatchObject({ actor: { kind: 'setup', roles: [], scopes: [] } })
    const names = around.events.map(({ event }) => event)
    expect(names.filter((event) => event === 'setup_used')).toHaveLength(1)
    expect((await around.store.clients.list(TENANT, 0, 10)).total).toBe(2)
    expect(JSON.stringify([around.asked, around.events])).not.toContain(SETUP)
  })

  test('is not spent by a deny, by a body that is refused, nor on a client that could make no other', async () => {
    around.answers = { admin: () => ({ allow: false, reasons: ['permission_missing'] }) }
    await expect(bySetup()).rejects.toEqual(failsWith('forbidden'))
    expect(around.events).toMatchObject([{ event: 'setup_refused' }])
    around.answers = { admin: () => allow() }
    const inVain = [{ roles: [] }, { scopes: ['scim'] }, { grant_types: [] }, { active: false }]
    for (const body of [{}, ...inVain.map((without) => ({ ...first, ...without }))])
      await expect(bySetup(body)).rejects.toEqual(failsWith('bad_request'))
    expect((await bySetup()).status).toBe(201)
  })

  test('ends with its hour', async () => {
    around.clock.set(around.clock.nowMs() + 3601 * 1000)
    await expect(bySetup()).rejects.toEqual(failsWith('invalid_token'))
  })
})
