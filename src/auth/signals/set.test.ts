/** The exact shape of each Security Event Token: RFC 8417 2, SSF 1.0 4, CAEP 1.0 3. */
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { beforeAll, expect, test } from 'vitest'
import type { OutboxTask, OutgoingSignal } from '../../storage/outbox-port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { clientRecord, userRecord } from '../session/endpoint-fixture.ts'
import { sessionIdentifier } from '../token/session-identifier.ts'
import { type TestKeys, testKeys } from '../token/test-keys.ts'
import { mintSet, type SetDeps } from './set.ts'

const ISSUER = 'https://id.example'
const CAEP = 'https://schemas.openid.net/secevent/caep/event-type'
const AT = 1_795_780_800

let keys: TestKeys
beforeAll(async () => {
  keys = await testKeys(['ES256', 'RS256'])
})

const ADA = userRecord({
  sub: 'ada',
  roles: ['auditor'],
  profile: { displayName: 'Ada', emails: [{ value: 'ada@example.com', primary: true }] },
})
const client = (clientId: string, more: Partial<ClientRecord> = {}) =>
  clientRecord({ clientId, firstParty: true, ...more })

const task = (signal: OutgoingSignal, event: Partial<OutboxTask['event']> = {}): OutboxTask => ({
  v: 1,
  id: 'jti-1',
  event: { id: 'event-1', name: 'session_ended', at: AT, sub: 'ada', sid: 's1', requestId: 'request-1', ...event },
  signal,
  attempts: 0,
  createdAt: AT + 1,
  expiresAt: AT + 60,
})

async function minted(of: OutboxTask, receiver = 'shop', more: Partial<ClientRecord> = {}): Promise<string> {
  const deps: SetDeps = {
    keys: keys.keys,
    issuer: ISSUER,
    subjectOf: ({ clientId }, sub) => `${sub} at ${clientId}`,
    store: { users: { find: async (_tenant, sub) => (sub === 'ada' ? ADA : undefined) } },
  }
  const stream = { kind: 'stream', name: 'stream-1', clientId: receiver, delivery: { method: 'poll' } } as const
  return (await mintSet(deps, 'default', stream, client(receiver, more), of)) ?? ''
}

const ISS_SUB = { format: 'iss_sub', iss: ISSUER, sub: 'ada at shop' }
const OF_SESSION = {
  format: 'complex',
  user: ISS_SUB,
  session: { format: 'opaque', id: sessionIdentifier('s1', 'shop') },
}
const [told, untold] = [{ reasons: true }, { reasons: false }]
const PASSWORD = { type: 'credential_change', credentialType: 'password', changeType: 'update' } as const
const STEP_UP = {
  type: 'assurance_level_change',
  previous: 'urn:sallyport:acr:password',
  current: 'urn:sallyport:acr:mfa',
  direction: 'increase',
} as const

test.each<[string, OutboxTask, object, string, object]>([
  [
    'session-revoked, of that session alone (CAEP 1.0 3.1)',
    task({ type: 'session_revoked', ...untold }),
    OF_SESSION,
    'session-revoked',
    { event_timestamp: AT },
  ],
  [
    'session-revoked, with its reason in a language (CAEP 1.0 2)',
    task({ type: 'session_revoked', ...told }, { detail: 'all' }),
    OF_SESSION,
    'session-revoked',
    { event_timestamp: AT, reason_admin: { en: 'session_ended: all' } },
  ],
  [
    'credential-change, of the person (CAEP 1.0 3.3)',
    task({ ...PASSWORD, ...untold }, { name: 'password_changed' }),
    ISS_SUB,
    'credential-change',
    { event_timestamp: AT, credential_type: 'password', change_type: 'update' },
  ],
  [
    'credential-change, by whom',
    task({ ...PASSWORD, ...told }, { name: 'scim_changed', detail: 'replace' }),
    ISS_SUB,
    'credential-change',
    {
      event_timestamp: AT,
      initiating_entity: 'admin',
      reason_admin: { en: 'scim_changed: replace' },
      credential_type: 'password',
      change_type: 'update',
    },
  ],
  [
    'token-claims-change, null for what is there no more (CAEP 1.0 3.2)',
    task({ type: 'token_claims_change', claims: ['name', 'roles', 'picture'], ...untold }),
    ISS_SUB,
    'token-claims-change',
    { event_timestamp: AT, claims: { name: 'Ada', roles: ['auditor'], picture: null } },
  ],
  [
    'assurance-level-change, of that session alone (CAEP 1.0 3.4)',
    task({ ...STEP_UP, ...untold }, { name: 'assurance_level_changed' }),
    OF_SESSION,
    'assurance-level-change',
    {
      event_timestamp: AT,
      namespace: 'urn:sallyport:acr',
      current_level: 'urn:sallyport:acr:mfa',
      previous_level: 'urn:sallyport:acr:password',
      change_direction: 'increase',
    },
  ],
  [
    'assurance-level-change of levels that stand in no order, by the person',
    task(
      { type: 'assurance_level_change', previous: 'urn:sallyport:acr:mfa', current: 'https://a.example/x', ...told },
      { name: 'assurance_level_changed', detail: 'urn:sallyport:acr:mfa https://a.example/x' },
    ),
    OF_SESSION,
    'assurance-level-change',
    {
      event_timestamp: AT,
      initiating_entity: 'user',
      reason_admin: { en: 'assurance_level_changed: urn:sallyport:acr:mfa https://a.example/x' },
      namespace: 'urn:sallyport:acr',
      current_level: 'https://a.example/x',
      previous_level: 'urn:sallyport:acr:mfa',
    },
  ],
])('%s', async (_what, of, subject, type, event) => {
  const set = await minted(of)
  expect(decodeProtectedHeader(set)).toMatchObject({ typ: 'secevent+jwt', alg: 'ES256', kid: expect.any(String) })
  // Nothing else: no sub and no exp (RFC 8417 2.2, 4.5; SSF 1.0 4.1.2, 4.1.7), one event (4.2.1).
  expect(decodeJwt(set)).toEqual({
    iss: ISSUER,
    aud: 'shop',
    iat: AT + 1,
    jti: 'jti-1',
    toe: AT,
    txn: expect.stringMatching(/^[\w-]{43}$/),
    sub_id: subject,
    events: { [`${CAEP}/${type}`]: event },
  })
})

test('a verification event is about the stream, and echoes its state (SSF 1.0 8.1.4.1)', async () => {
  const of = (state?: string) => task({ type: 'verification', ...(state !== undefined && { state }) })
  for (const [state, event] of [
    ['c3RhdGU=', { state: 'c3RhdGU=' }],
    [undefined, {}],
  ] as const)
    expect(decodeJwt(await minted(of(state)))).toEqual({
      iss: ISSUER,
      aud: 'shop',
      iat: AT + 1,
      jti: 'jti-1',
      txn: expect.any(String),
      sub_id: { format: 'opaque', id: 'stream-1' },
      events: { 'https://schemas.openid.net/secevent/ssf/event-type/verification': event },
    })
})

test('txn is of what brought it about, and another for each receiver (SSF 1.0 4.1.9; checklist 33)', async () => {
  const txn = async (event: Partial<OutboxTask['event']>, receiver?: string) =>
    decodeJwt(await minted(task({ type: 'session_revoked', ...untold }, event), receiver)).txn
  expect(await txn({ id: 'another event' })).toBe(await txn({}))
  expect(await txn({ requestId: 'another request' })).not.toBe(await txn({}))
  expect(await txn({}, 'crm')).not.toBe(await txn({}))
  const { requestId: _, ...alone } = task({ type: 'session_revoked', ...untold }).event
  const byItself = (id: string) => ({ ...task({ type: 'session_revoked', ...untold }), event: { ...alone, id } })
  const [one, two] = [decodeJwt(await minted(byItself('1'))).txn, decodeJwt(await minted(byItself('2'))).txn]
  expect([one, two]).toEqual([expect.stringMatching(/^[\w-]{43}$/), expect.stringMatching(/^[\w-]{43}$/)])
  expect(one).not.toBe(two)
})

test('it is signed by the algorithm that the client registered, and holds nothing of who is gone', async () => {
  const revoked = task({ type: 'session_revoked', ...untold })
  const signed = await minted(revoked, 'shop', { metadata: { id_token_signed_response_alg: 'RS256' } })
  expect(decodeProtectedHeader(signed).alg).toBe('RS256')
  expect(await minted(task({ type: 'token_claims_change', claims: ['name'], ...untold }, { sub: 'gone' }))).toBe('')
})
