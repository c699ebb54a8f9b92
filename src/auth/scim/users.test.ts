import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Reply } from '../../http/message.ts'
import type { DecisionInput, DecisionResult } from '../../policy-engine/contract/index.ts'
import {
  clientRecord,
  ISSUER,
  openSurroundings,
  type RequestParts,
  type Surroundings,
  TENANT,
  userRecord,
} from '../session/endpoint-fixture.ts'
import { createGate } from '../user/password/gate.ts'
import { createPasswordHasher } from '../user/password/hasher.ts'
import { CLAIMS_SCHEMA, USER_SCHEMA } from './attributes.ts'
import { type ScimHandlers, scimHandlers } from './scim-handlers.ts'

const NO_STEP_UP = { step_up: 'none' as const, acr_values: [] }
const ALL = ['active', 'displayName', 'emails', 'externalId', 'name', 'roles', 'userName']
const allow = (
  visible = ALL,
  writable = [...ALL, 'password'],
  revoke_access = false,
  { least_password_characters = 8, vouches_for_email = false } = {},
): DecisionResult<'scim'> => ({
  allow: true,
  reasons: [],
  obligations: { visible, writable, revoke_access, least_password_characters, vouches_for_email, ...NO_STEP_UP },
})
const provisioner = clientRecord({ clientId: 'provisioner', scopes: ['scim'], roles: ['scim_client'] })

let around: Surroundings
let scim: ScimHandlers
let token: string
beforeEach(async () => {
  around = await openSurroundings({ scim: () => allow() })
  scim = scimHandlers(around)
  await around.store.clients.create(TENANT, provisioner)
  token = await around.grantToken(provisioner, ['scim'])
})
afterEach(() => around.close())

const as = (parts: RequestParts) =>
  around.request({ ...parts, headers: { authorization: `Bearer ${token}`, ...parts.headers } })
const ada = { schemas: [USER_SCHEMA], userName: 'Ada', displayName: 'Ada L', emails: [{ value: 'ada@example.com' }] }
const create = (json: unknown = ada): Promise<Reply> => scim.createUser(as({ method: 'POST', json }))
const replace = (id: string, json: unknown, headers: Record<string, string> = {}) =>
  scim.replaceUser(as({ method: 'PUT', route: { id }, json, headers }))
const bodyOf = (reply: Reply) => reply.body as Record<string, unknown> & { id: string; Resources: { id: string }[] }
const lastInput = () => around.asked.at(-1)?.input as DecisionInput<'scim'>
const failsWith = (code: string) => expect.objectContaining({ code })

test('creates a user: 201, Location, ETag, no password in the answer (RFC 7644 3.3)', async () => {
  const reply = await create({ ...ada, password: 'correct horse', roles: [{ value: 'user' }] })
  const { id } = bodyOf(reply)
  expect(reply.status).toBe(201)
  expect(reply.headers).toEqual({
    'content-type': 'application/scim+json; charset=utf-8',
    etag: 'W/"1"',
    location: `${ISSUER}/scim/v2/Users/${id}`,
  })
  expect(reply.body).toEqual({
    schemas: [USER_SCHEMA],
    id,
    userName: 'Ada',
    active: true,
    roles: [{ value: 'user' }],
    displayName: 'Ada L',
    emails: [{ value: 'ada@example.com' }],
    meta: {
      resourceType: 'User',
      created: '2026-06-01T12:00:00.000Z',
      lastModified: '2026-06-01T12:00:00.000Z',
      location: `${ISSUER}/scim/v2/Users/${id}`,
      version: 'W/"1"',
    },
  })
  const stored = await around.store.users.find(TENANT, id)
  expect(await around.passwords.verify('correct horse', stored?.passwordHash)).toBe(true)
  expect(around.events).toEqual([
    expect.objectContaining({
      event: 'scim_changed',
      detail: 'create',
      resource: `User:${id}`,
      client_id: 'provisioner',
    }),
  ])
})

test('policy is asked with names of what changes, and with no value of a person (checklist 34)', async () => {
  await create({ ...ada, password: 'correct horse', roles: ['user'], active: false })
  expect(lastInput()).toMatchObject({
    tenant: TENANT,
    action: 'create',
    actor: { client_id: 'provisioner', kind: 'client', roles: ['scim_client'], scopes: ['scim'] },
    resource: { type: 'User', roles: [] },
    changed: ['userName', 'active', 'roles', 'password', 'displayName', 'emails'],
    changed_roles: ['user'],
  })
  expect(JSON.stringify([around.asked, around.events])).not.toMatch(/Ada|ada@|correct horse/)
})

test('a taken userName is a conflict, whatever its case (RFC 7643 4.1.1)', async () => {
  await create()
  await expect(create({ ...ada, userName: 'aDA' })).rejects.toEqual(failsWith('uniqueness'))
  const { id } = bodyOf(await create({ ...ada, userName: 'bob' }))
  await expect(replace(id, ada)).rejects.toEqual(failsWith('uniqueness'))
})

test('without a live token nothing is decided (RFC 6750)', async () => {
  for (const headers of [{}, { authorization: 'Bearer nonsense' }, { authorization: `Basic ${token}` }])
    for (const handler of [scim.createUser, scim.listUsers, scim.readUser, scim.replaceUser, scim.deleteUser])
      await expect(handler(around.request({ json: ada, headers }))).rejects.toEqual(failsWith('invalid_token'))
  expect(around.asked).toEqual([])
})

test('a deny is 403 (401 for a token that policy holds inactive), and changes nothing', async () => {
  const { id } = bodyOf(await create())
  around.answers = { scim: () => ({ allow: false, reasons: ['permission_missing'] }) }
  const requests = { route: { id }, json: { ...ada, userName: 'eve' } }
  for (const handler of [scim.createUser, scim.listUsers, scim.readUser, scim.replaceUser, scim.deleteUser])
    await expect(handler(as(requests))).rejects.toEqual(failsWith('forbidden'))
  await expect(scim.readUser(as({ route: { id: 'nobody' } }))).rejects.toEqual(failsWith('forbidden'))
  around.answers = { scim: () => ({ allow: false, reasons: ['token_inactive'] }) }
  await expect(scim.readUser(as(requests))).rejects.toEqual(failsWith('unauthorized'))
  around.answers = {}
  await expect(scim.deleteUser(as(requests))).rejects.toMatchObject({ name: 'PolicyUnavailable' })
  expect((await around.store.users.find(TENANT, id))?.userName).toBe('Ada')
})

test.each([
  ['seven c', /needs 8 characters/],
  ['password1', /first that are guessed/],
  ['Dragon-1234', /first that are guessed/],
  ['ada@example.com', /name or address of the user/],
  ['Sallyport1', /or the service/],
  ['x'.repeat(1025), /at most 1024 bytes/],
])(
  'refuses a password like %.12s with invalidValue, saying what to do (RFC 7644 3.12; checklist 35)',
  async (password, detail) => {
    const { id } = bodyOf(await create())
    const refused = failsWith('invalidValue')
    await expect(replace(id, { ...ada, password })).rejects.toEqual(refused)
    await expect(create({ ...ada, userName: 'Other', password })).rejects.toMatchObject({
      detail: expect.stringMatching(detail),
    })
    expect((await around.store.users.find(TENANT, id))?.passwordHash).toBeUndefined()
  },
)

test('policy asks for a longer password where the roles reach further (ASVS 6.2.1)', async () => {
  around.answers = { scim: () => allow(ALL, undefined, false, { least_password_characters: 15 }) }
  await expect(create({ ...ada, password: 'fourteen chars' })).rejects.toEqual(failsWith('invalidValue'))
  expect((await create({ ...ada, password: 'fifteen chars!!' })).status).toBe(201)
})

test('an address is verified where policy believes its source, until it changes (OIDC Core 5.7; checklist 43)', async () => {
  const verified = async (id: string) => (await around.store.users.find(TENANT, id))?.profile.emailVerified
  const { id } = bodyOf(await create())
  expect(await verified(id)).toBeUndefined()
  around.answers = { scim: () => allow(ALL, undefined, false, { vouches_for_email: true }) }
  await replace(id, ada)
  expect(await verified(id)).toBe(true)
  const other = bodyOf(await create({ ...ada, userName: 'Other', emails: [{ value: 'other@example.com' }] }))
  expect(await verified(other.id)).toBe(true)
  const none = bodyOf(await create({ schemas: [USER_SCHEMA], userName: 'None' }))
  expect(await verified(none.id)).toBeUndefined()
  around.answers = { scim: () => allow() }
  await replace(id, { ...ada, displayName: 'Another' })
  expect(await verified(id)).toBe(true)
  await replace(id, { ...ada, emails: [{ value: 'eve@example.com' }] })
  expect(await verified(id)).toBeUndefined()
})

test('a verified address is one user’s: uniqueness, whatever its case (RFC 7644 3.12; checklist 43)', async () => {
  around.answers = { scim: () => allow(ALL, undefined, false, { vouches_for_email: true }) }
  const { id } = bodyOf(await create())
  const taken = { ...ada, userName: 'Other', emails: [{ value: 'ADA@example.com' }] }
  const refused = { code: 'uniqueness', detail: 'This e-mail address is verified for another user.' }
  await expect(create(taken)).rejects.toMatchObject(refused)
  const other = bodyOf(await create({ ...taken, emails: [{ value: 'other@example.com' }] }))
  await expect(replace(other.id, taken)).rejects.toMatchObject(refused)
  expect((await around.store.users.find(TENANT, other.id))?.profile.emails).toEqual([{ value: 'other@example.com' }])
  expect((await replace(id, { ...ada, displayName: 'Another' })).status).toBe(200)
  // Nobody has proven it where nobody vouches for it.
  around.answers = { scim: () => allow() }
  expect((await create({ ...taken, userName: 'Third' })).status).toBe(201)
})

test('an address that a directory gives is no change of the person’s own; another write leaves that as it is (checklist 42)', async () => {
  const { id } = bodyOf(await create())
  const stored = async () => around.store.users.find(TENANT, id)
  const before = await stored()
  if (before === undefined) throw new Error('nobody')
  const changed = { ...before, emailChangedAt: 5, version: before.version + 1 }
  await around.store.users.replace(TENANT, changed, before.version)
  await replace(id, { ...ada, displayName: 'Another', active: true })
  expect((await stored())?.emailChangedAt).toBe(5)
  expect(await stored()).not.toHaveProperty('directoryEpoch')
  await replace(id, { ...ada, emails: [{ value: 'ada@directory.example' }] })
  expect(await stored()).not.toHaveProperty('emailChangedAt')
  // Counted, so that no link of before undoes it: three of how a person gets in.
  await replace(id, { ...ada, password: 'correct horse', emails: [{ value: 'ada@directory.example' }] })
  await replace(id, { ...ada, active: false, emails: [{ value: 'ada@directory.example' }] })
  expect((await stored())?.directoryEpoch).toBe(3)
})

test('shows only what policy makes visible, and never a password (RFC 7643 7)', async () => {
  const { id } = bodyOf(await create({ ...ada, password: 'correct horse' }))
  around.answers = { scim: () => allow(['userName', 'password', 'passwordHash']) }
  const keys = Object.keys(bodyOf(await scim.readUser(as({ route: { id } }))))
  expect(keys).toEqual(['schemas', 'id', 'userName', 'meta'])
  const list = bodyOf(await scim.listUsers(as({})))
  expect(Object.keys(list.Resources[0] ?? {})).toEqual(['schemas', 'id', 'userName', 'meta'])
})

test('changes nothing that policy does not make writable, even where it allows the request', async () => {
  const { id } = bodyOf(await create())
  around.answers = { scim: () => allow(ALL, ['displayName']) }
  await expect(replace(id, { ...ada, userName: 'eve' })).rejects.toEqual(failsWith('forbidden'))
  await expect(replace(id, { ...ada, password: 'correct horse' })).rejects.toEqual(failsWith('forbidden'))
  expect((await replace(id, { ...ada, displayName: 'Countess' })).status).toBe(200)
})

test('a replace clears what is left out only where it may; active, roles and password stay (RFC 7644 3.5.1)', async () => {
  const { id } = bodyOf(await create({ ...ada, externalId: 'x', roles: ['user'], password: 'correct horse' }))
  const before = await around.store.users.find(TENANT, id)
  const minimal = { schemas: [USER_SCHEMA], userName: 'Ada' }

  around.answers = { scim: () => allow(ALL, ['displayName']) }
  await replace(id, minimal)
  expect(lastInput().changed).toEqual(['displayName'])
  const after = await around.store.users.find(TENANT, id)
  expect(after?.profile).toEqual({ externalId: 'x', emails: [{ value: 'ada@example.com' }] })
  expect(after).toMatchObject({ active: true, roles: ['user'], passwordHash: before?.passwordHash, version: 2 })

  around.answers = { scim: ({ changed }) => (changed.length > 0 ? { allow: false, reasons: [] } : allow()) }
  await expect(replace(id, minimal)).rejects.toEqual(failsWith('forbidden'))
  expect((await around.store.users.find(TENANT, id))?.version).toBe(2)
})

test('policy sees the roles given and taken, and those that the user has', async () => {
  const { id } = bodyOf(await create({ ...ada, roles: ['user', 'support'] }))
  await replace(id, { ...ada, roles: ['user', 'auditor'] })
  expect(lastInput()).toMatchObject({
    action: 'replace',
    resource: { id, roles: ['support', 'user'] },
    changed: ['roles'],
    changed_roles: ['auditor', 'support'],
  })
})

test('a write onto a version that has changed since is 412, also in a race (RFC 7644 3.14)', async () => {
  const { id } = bodyOf(await create())
  const next = (name: string) => ({ ...ada, displayName: name })
  expect((await replace(id, next('a'), { 'if-match': 'W/"1"' })).headers?.etag).toBe('W/"2"')
  await expect(replace(id, next('b'), { 'if-match': 'W/"1"' })).rejects.toEqual(failsWith('preconditionFailed'))
  await expect(scim.deleteUser(as({ route: { id }, headers: { 'if-match': 'W/"1"' } }))).rejects.toEqual(
    failsWith('preconditionFailed'),
  )
  expect((await replace(id, next('c'), { 'if-match': 'W/"7", "2"' })).status).toBe(200)
  const race = await Promise.allSettled(['d', 'e', 'f'].map((name) => replace(id, next(name), { 'if-match': '*' })))
  const lost = race.filter((outcome) => outcome.status === 'rejected')
  expect(lost).toHaveLength(2)
  for (const outcome of lost) expect(outcome.reason).toEqual(failsWith('preconditionFailed'))
})

test('deactivation ends what the user has, a new password where policy says so, a new name does not (checklist 45)', async () => {
  around.answers = { scim: ({ changed }) => allow(ALL, [...ALL, 'password'], changed.includes('password')) }
  const { id } = bodyOf(await create())
  const epoch = async () => (await around.store.users.find(TENANT, id))?.revocationEpoch ?? 0
  const first = await epoch()
  await replace(id, { ...ada, displayName: 'Countess' })
  expect(await epoch()).toBe(first)
  await replace(id, { ...ada, password: 'correct horse' })
  expect(await epoch()).toBe(first + 1)
  await replace(id, { ...ada, active: false })
  expect(await epoch()).toBe(first + 2)
  await replace(id, ada)
  expect((await around.store.users.find(TENANT, id))?.active).toBe(false)
  around.answers = { scim: () => allow() }
  const before = await epoch()
  await replace(id, { ...ada, password: 'a third horse' })
  expect(await epoch()).toBe(before)
})

test('deletes: 204, then 404 (RFC 7644 3.6)', async () => {
  const { id } = bodyOf(await create())
  expect(await scim.deleteUser(as({ route: { id } }))).toEqual({ status: 204 })
  for (const handler of [scim.deleteUser, scim.readUser])
    await expect(handler(as({ route: { id } }))).rejects.toEqual(failsWith('notFound'))
  await expect(replace(id, ada)).rejects.toEqual(failsWith('notFound'))
})

const list = async (query: Record<string, string>) => bodyOf(await scim.listUsers(as({ query })))

test('lists by page: totalResults, startIndex, itemsPerPage (RFC 7644 3.4.2.4)', async () => {
  const ids: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) ids.push(bodyOf(await create({ ...ada, userName: name })).id)
  expect(await list({ startIndex: '2', count: '2' })).toMatchObject({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: 4,
    startIndex: 2,
    itemsPerPage: 2,
  })
  expect((await list({ startIndex: '2', count: '2' })).Resources.map(({ id }) => id)).toEqual(ids.slice(1, 3))
  expect(await list({ startIndex: '-3', count: '-1' })).toMatchObject({ totalResults: 4, startIndex: 1, Resources: [] })
  expect(await list({ startIndex: '9' })).toMatchObject({ totalResults: 4, itemsPerPage: 0 })
  await expect(list({ count: 'all' })).rejects.toEqual(failsWith('invalidValue'))
})

test('filters by index and by scan, and all terms must hold (RFC 7644 3.4.2.2)', async () => {
  const { id } = bodyOf(await create({ ...ada, externalId: 'x1' }))
  await create({ ...ada, userName: 'bob', active: false, emails: [{ value: 'bob@example.com' }] })
  const found = async (filter: string) => (await list({ filter })).Resources.map((user) => user.id)
  expect(await found('userName eq "ADA"')).toEqual([id])
  expect(await found('emails.value eq "ADA@example.com" and active eq true')).toEqual([id])
  expect(await found('externalId eq "x1"')).toEqual([id])
  expect(await found(`id eq "${id}" and userName eq "bob"`)).toEqual([])
  expect(await found('userName eq "nobody"')).toEqual([])
  expect(await list({ filter: 'active eq true', count: '0' })).toMatchObject({ totalResults: 1, Resources: [] })
  await expect(list({ filter: 'userName sw "a"' })).rejects.toEqual(failsWith('invalidFilter'))
})

test('a filter on an attribute that may not be seen is refused, so that it cannot be guessed', async () => {
  await create()
  around.answers = { scim: () => allow(['userName']) }
  await expect(list({ filter: 'emails.value eq "ada@example.com"' })).rejects.toEqual(failsWith('forbidden'))
  await expect(list({ filter: 'userName eq "ada" and active eq true' })).rejects.toEqual(failsWith('forbidden'))
})

test('answers the attributes asked for, never more than is visible (RFC 7644 3.9)', async () => {
  const { id } = bodyOf(await create())
  const keys = async (query: Record<string, string>) =>
    Object.keys(bodyOf(await scim.readUser(as({ route: { id }, query }))))
  expect(await keys({ attributes: 'USERNAME,emails.value,password' })).toEqual([
    'schemas',
    'id',
    'userName',
    'emails',
    'meta',
  ])
  expect(await keys({ excludedAttributes: `emails,${USER_SCHEMA}:displayName,id` })).toEqual([
    'schemas',
    'id',
    'userName',
    'active',
    'roles',
    'meta',
  ])
})

test('claims of the extension come back under its schema, and are asked for by its name (RFC 7643 3.3, RFC 7644 3.10)', async () => {
  const known = [...ALL, CLAIMS_SCHEMA, 'addresses']
  around.answers = { scim: () => allow(known, [...known, 'password']) }
  const { id } = bodyOf(
    await create({ ...ada, [CLAIMS_SCHEMA]: { birthdate: '1815-12-10' }, addresses: [{ country: 'GB' }] }),
  )
  const read = async (attributes: string) => bodyOf(await scim.readUser(as({ route: { id }, query: { attributes } })))
  expect(await read(`${CLAIMS_SCHEMA}:birthdate`)).toMatchObject({
    schemas: [USER_SCHEMA, CLAIMS_SCHEMA],
    [CLAIMS_SCHEMA]: { birthdate: '1815-12-10' },
  })
  const plain = await read('addresses')
  expect(plain).toMatchObject({ schemas: [USER_SCHEMA], addresses: [{ country: 'GB' }] })
  expect(plain).not.toHaveProperty([CLAIMS_SCHEMA])
})

test('users of another tenant are not there (checklist 46)', async () => {
  await around.store.users.create('other', userRecord({ sub: 'theirs', userName: 'theirs' }))
  await expect(scim.readUser(as({ route: { id: 'theirs' } }))).rejects.toEqual(failsWith('notFound'))
  expect(await list({ filter: 'userName eq "theirs"' })).toMatchObject({ totalResults: 0 })
})

test('a server that hashes all it can says so, and creates nothing', async () => {
  const full = scimHandlers({ ...around, passwords: createPasswordHasher(createGate({ concurrent: 1, waiting: 0 })) })
  const send = (userName: string) => full.createUser(as({ json: { ...ada, userName, password: 'correct horse' } }))
  const outcomes = await Promise.allSettled([send('one'), send('two')])
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  for (const outcome of outcomes)
    if (outcome.status === 'rejected')
      expect(outcome.reason).toMatchObject({ code: 'unavailable', retryAfterSeconds: 2 })
  expect(await list({})).toMatchObject({ totalResults: 1 })
})

test('says what it can do, to anyone (RFC 7644 4)', async () => {
  const config = bodyOf(await scim.readServiceProviderConfig(around.request()))
  expect(config).toMatchObject({ patch: { supported: false }, etag: { supported: true }, filter: { supported: true } })
  expect(bodyOf(await scim.readResourceTypes(around.request())).totalResults).toBe(1)
  const [schema] = bodyOf(await scim.readSchemas(around.request())).Resources as unknown as {
    attributes: { name: string; returned: string }[]
  }[]
  expect(schema?.attributes.find(({ name }) => name === 'password')?.returned).toBe('never')
})
