import { expect, test } from 'vitest'
import { METADATA_MEMBERS } from '../../auth/client/metadata/members.ts'
import { blank } from '../../auth/client/metadata/together.ts'
import { secretIds } from '../../auth/client/secrets.ts'
import { METADATA_KEYS } from '../../config/sections/clients.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { ShownClient } from './current.ts'
import type { Code, DesiredClient } from './desired.ts'
import { planClients, wireOf } from './plan.ts'
import type { SecretSource } from './secrets.ts'

test('a client in the configuration takes every member that a registration takes, and no other', () => {
  expect(METADATA_KEYS.toSorted()).toEqual(METADATA_MEMBERS.toSorted())
})

const [first, second, third] = ['one', 'two', 'three'].map(digestOf) as [string, string, string]
const settings = { ...blank, name: 'Shop', scopes: ['a', 'b'], managedBy: 'shop.yaml' }
const wanted = (secrets: readonly SecretSource[], over: Partial<DesiredClient> = {}): Code => ({
  managedBy: 'shop.yaml',
  clients: [{ clientId: 'shop', settings, secrets, madeThere: false, ...over }],
  resources: [],
  scopes: [],
})
const shown = (digests: readonly string[], over: object = {}): ShownClient => ({
  ...wireOf(settings),
  client_id: 'shop',
  secret_ids: secretIds(digests),
  ...over,
})
const plan = (code: Code, clients: readonly ShownClient[]) => planClients(code, clients, { adopt: false, empty: false })
const digest = (text: string) => ({ digest: text })

test('order says nothing where it says nothing, and what is empty is as good as absent', () => {
  const other = shown([first], { scopes: ['b', 'a'], roles: undefined, contacts: [], default_max_age: undefined })
  expect(plan(wanted([digest(first)]), [other])).toEqual({ changes: [], unchanged: 1, problems: [] })
  const levels = { ...settings, metadata: { default_acr_values: ['x', 'y'] } }
  const reordered = shown([first], { default_acr_values: ['y', 'x'] })
  expect(plan(wanted([digest(first)], { settings: levels }), [reordered]).changes).toMatchObject([
    { fields: [{ field: 'default_acr_values' }] },
  ])
})

test.each<[string, readonly SecretSource[], readonly string[], object | undefined]>([
  ['none that is known', [digest(first)], [first], undefined],
  ['the first', [digest(first)], [], { step: 'make' }],
  ['one to be generated', [{ file: 'f' }], [], { step: 'make', file: 'f' }],
  ['a new one beside it', [{ file: 'f' }, digest(first)], [first], { step: 'rotate', file: 'f', ended: [] }],
  ['a new one in its place', [{ file: 'f' }], [first], { step: 'rotate', kept: [], ended: secretIds([first]) }],
  ['another beside it', [digest(second), digest(first)], [first], { step: 'rotate', kept: secretIds([first]) }],
  ['the older one gone', [digest(second)], [second, first], { step: 'retire', ended: secretIds([first]) }],
  ['another altogether', [digest(third)], [second, first], { step: 'set', ended: secretIds([second, first]) }],
])('the secret step for %s', (_, secrets, live, step) => {
  const { changes } = plan(wanted(secrets), [shown(live)])
  if (step === undefined) expect(changes).toEqual([])
  else expect(changes).toMatchObject([{ action: 'change', fields: [], secret: step }])
  expect(JSON.stringify(changes)).not.toMatch(new RegExp([first, second, third].join('|')))
})

test('a client that registered itself is nobody’s to take over', () => {
  const itself = shown([first], { managed_by: undefined, dynamic: true })
  const { changes, problems } = planClients(wanted([digest(first)]), [itself], { adopt: true, empty: false })
  expect([changes, problems]).toEqual([[], [expect.stringContaining('registered itself')]])
})

test('a client that registered itself is not deleted by the mark that it has', () => {
  const itself = shown([first], { client_id: 'itself', managed_by: 'shop.yaml', dynamic: true })
  const { changes, problems } = plan(wanted([digest(first)]), [shown([first]), itself])
  expect([changes, problems]).toEqual([[], []])
  const named = plan(wanted([digest(first)]), [shown([second], { dynamic: true })])
  expect([named.changes, named.problems]).toEqual([[], [expect.stringContaining('registered itself')]])
})

const byJwt = { ...settings, metadata: { token_endpoint_auth_method: 'client_secret_jwt' as const } }
const planJwt = (secrets: readonly SecretSource[], live: readonly string[] | undefined, over: object = {}) =>
  plan(
    wanted(secrets, { settings: byJwt, madeThere: true }),
    live === undefined ? [] : [shown(live, { token_endpoint_auth_method: 'client_secret_jwt', ...over })],
  )

test.each<[string, readonly SecretSource[], readonly string[], object | undefined]>([
  ['those that live', [digest(first), digest(second)], [first, second], undefined],
  ['those that live, in another order', [digest(second), digest(first)], [first, second], undefined],
  ['the older one gone', [digest(second)], [second, first], { step: 'retire', ended: secretIds([first]) }],
  ['one that was made elsewhere', [digest(first)], [second, first], { step: 'retire', ended: secretIds([second]) }],
  ['a new one beside it', [{ file: 'f' }, digest(first)], [first], { step: 'rotate', kept: secretIds([first]) }],
  ['a new one in its place', [{ file: 'f' }], [first], { step: 'rotate', ended: secretIds([first]) }],
])('the secret step of client_secret_jwt for %s', (_, secrets, live, step) => {
  const { changes, problems, unchanged } = planJwt(secrets, live)
  expect(problems).toEqual([])
  if (step === undefined) expect([changes, unchanged]).toEqual([[], 1])
  else expect(changes).toMatchObject([{ action: 'change', fields: [], secret: step }])
})

test.each<[string, readonly SecretSource[], readonly string[] | undefined, object]>([
  ['was made anew while the file is there', [digest(first)], [second], {}],
  ['is not there while the file is', [digest(first)], undefined, {}],
  ['was rotated twice by others', [digest(first)], [third, second], {}],
  ['has lost the older one', [digest(second), digest(first)], [second], {}],
  ['turns to it with a secret that it had', [digest(first)], [first], { token_endpoint_auth_method: undefined }],
  ['turns to it from none', [digest(first)], [], { token_endpoint_auth_method: 'none' }],
  [
    'turns to it with a new secret and the one before',
    [{ file: 'f' }, digest(first)],
    [first],
    { token_endpoint_auth_method: undefined },
  ],
])('a client of client_secret_jwt that %s needs a new file, and nothing of it is done', (_, secrets, live, over) => {
  const { changes, problems, unchanged } = planJwt(secrets, live, over)
  expect([changes, unchanged]).toEqual([[], 0])
  expect(problems).toEqual([
    expect.stringMatching(new RegExp(`^client shop: the instance has no secret ${secretIds([first])[0]}, .* new file`)),
  ])
})

test('an id that the instance would not take is told in the plan, unless it has made it itself', () => {
  const id = 'xhEIB7Ts3jDbUGn5WM1D0A'
  const named = wanted([digest(first)], { clientId: id })
  expect(plan(named, [])).toMatchObject({ changes: [], unchanged: 0, problems: [expect.stringContaining('a person')] })
  expect(plan(named, [shown([first], { client_id: id })])).toEqual({ changes: [], unchanged: 1, problems: [] })
})
