import { describe, expect, test } from 'vitest'
import { OAuthError, PolicyUnavailable } from '../../kernel/errors.ts'
import { NOTHING_PROVED, type Sender } from '../token/sender.ts'
import { NOW } from './test-requests.ts'
import { allow, bodyOf, claimsOf, GRANT_ID, grant, obligations, user, type World, world } from './token-fixture.ts'

test('every obligation shows on the wire and in the store (docs/request-flow.md)', async () => {
  const at = world(allow)
  const body = bodyOf(await at.redeem())
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 11, scope: 'a openid' })
  expect(claimsOf(body.access_token)).toMatchObject({
    aud: 'urn:obliged',
    exp: NOW + 11,
    scope: 'a openid',
    permissions: ['p'],
    extra: 1,
    sub: 's',
    acr: 'urn:acr',
  })
  expect(claimsOf(body.id_token)).toMatchObject({ aud: 'c', exp: NOW + 22, more: 2, nonce: 'n', auth_time: NOW - 10 })
  // Of the whole family: counted from the grant, not from now.
  const family = grant.createdAt + 333
  expect(at.written()).toMatchObject({
    accessToken: { expiresAt: NOW + 11, scopes: ['a', 'openid'], audience: ['urn:obliged'], grantId: GRANT_ID },
    refreshToken: { record: { expiresAt: family, scopes: ['a', 'openid'], audience: ['urn:obliged'] } },
    grantExpiresAt: family,
  })
})

test('without the obligation there is no refresh token, without openid no ID token', async () => {
  const answer = { ...allow, obligations: { ...obligations, refresh_token: false, scopes: ['a'] } }
  const body = bodyOf(await world(answer).redeem())
  expect(Object.keys(body)).not.toContain('refresh_token')
  expect(Object.keys(body)).not.toContain('id_token')
})

test('policy hears verified facts only (checklist 50)', async () => {
  const at = world(allow)
  await at.refresh({ scope: 'a', resource: 'urn:granted', sub: 'admin', roles: 'admin' })
  expect(at.asked).toEqual([
    {
      name: 'token',
      input: {
        tenant: 'default',
        grant_type: 'refresh_token',
        client: expect.objectContaining({ client_id: 'c', auth_method: 'client_secret_post' }),
        subject: { sub: 's', active: true, roles: ['user'] },
        authentication: { acr: 'urn:acr', amr: ['pwd'], auth_time: NOW - 10 },
        grant: { scopes: ['openid', 'a'], audience: ['urn:granted'], created_at: NOW - 5 },
        requested: { scopes: ['a'], resources: ['urn:granted'] },
        request: { address: '192.0.2.1', time: { epoch_seconds: NOW, minute_of_day: 0, weekday: 1 } },
      },
    },
  ])
})

test('a deny burns the code, leaves the refresh token, and issues nothing (docs/request-flow.md)', async () => {
  const deny = { allow: false, reasons: ['scope_not_allowed'] } as const
  const code = world(deny)
  await expect(code.redeem()).rejects.toMatchObject({ code: 'invalid_scope' })
  expect(code.did).toEqual(['burn'])
  const refresh = world(deny)
  await expect(refresh.refresh()).rejects.toMatchObject({ code: 'invalid_scope' })
  expect(refresh.did).toEqual([])
  const machine = world(deny)
  await expect(machine.machine()).rejects.toMatchObject({ code: 'invalid_scope' })
  expect(machine.did).toEqual([])
})

test('the first reason in the contract’s order becomes the code; a deny without one is unauthorized_client', async () => {
  const reasons = ['scope_not_allowed', 'client_inactive'] as const
  await expect(world({ allow: false, reasons }).machine()).rejects.toMatchObject({ code: 'unauthorized_client' })
  await expect(world({ allow: false, reasons: [] }).machine()).rejects.toMatchObject({ code: 'unauthorized_client' })
})

describe('what was presented is no good', () => {
  const lost = { grantTypes: ['client_credentials'] }
  const deny = { allow: false, reasons: ['subject_inactive', 'grant_not_allowed'] } as const

  test('policy says that the client may not use the grant type, of nobody and nothing (RFC 6749 5.2)', async () => {
    for (const use of ['redeem', 'refresh'] as const) {
      const at = world(deny, { client: lost, user: undefined })
      await expect(at[use]({ scope: 'a', resource: 'urn:a' })).rejects.toMatchObject({ code: 'unauthorized_client' })
      const grant_type = use === 'redeem' ? 'authorization_code' : 'refresh_token'
      const requested = { scopes: ['a'], resources: ['urn:a'] }
      expect(at.asked).toMatchObject([{ name: 'token', input: { grant_type, requested } }])
      expect(Object.keys(Object(at.asked[0]?.input))).not.toEqual(expect.arrayContaining(['subject', 'grant']))
      expect([at.did, at.audits]).toEqual([[], []])
    }
  })

  test('invalid_grant all the same where policy allows the grant type, or is not needed to refuse it', async () => {
    const allowed = world(allow, { client: lost, user: undefined })
    await expect(allowed.redeem()).rejects.toMatchObject({ code: 'invalid_grant' })
    expect([allowed.asked.length, allowed.did]).toEqual([1, []])
    const registered = world(deny, { user: undefined })
    await expect(registered.redeem()).rejects.toMatchObject({ code: 'invalid_grant' })
    expect(registered.asked).toEqual([])
  })

  test('a second use ends the grant, whatever the client may', async () => {
    const at = world(deny, { client: lost, used: true })
    await expect(at.redeem()).rejects.toMatchObject({ code: 'unauthorized_client' })
    expect(at.did).toEqual(['burn'])
  })

  test('without an answer nothing is said of the client', async () => {
    const down = new PolicyUnavailable('trap', 'token')
    await expect(world(down, { client: lost, user: undefined }).refresh()).rejects.toBe(down)
  })
})

test('unavailable spends neither (docs/request-flow.md)', async () => {
  const down = new PolicyUnavailable('trap', 'token')
  for (const use of ['redeem', 'refresh', 'machine'] as const) {
    const at = world(down)
    await expect(at[use]()).rejects.toBe(down)
    expect(at.did).toEqual([])
    expect(at.audits).toEqual([])
  }
})

test.each<[string, World, string[]]>([
  ['used before', { used: true }, ['code_reuse', 'grant_revoked']],
  ['expired', { code: { expiresAt: NOW } }, []],
  ['of another client', { grant: { clientId: 'd' } }, []],
  ['of a revoked grant', { grant: { revoked: true } }, []],
  ['of a user who was revoked', { grant: { userEpoch: 6 } }, []],
  ['of a user who is gone', { user: undefined }, []],
  ['of a user who is inactive', { user: { ...user, active: false } }, []],
  ['for another redirect URI', { code: { redirectUri: 'https://c.example/other' } }, []],
  ['lost to another request', { spent: 'reused' }, ['code_reuse', 'grant_revoked']],
  ['revoked meanwhile', { spent: 'revoked' }, []],
  ['gone meanwhile', { spent: 'missing' }, []],
])('a code %s is invalid_grant, and gives nothing (RFC 6749 5.2)', async (_what, given, events) => {
  const at = world(allow, given)
  await expect(at.redeem()).rejects.toMatchObject({ code: 'invalid_grant' })
  expect(at.audits.map(({ event }) => event)).toEqual(events)
})

test.each<[string, World, string[]]>([
  ['used before', { used: true }, ['refresh_token_reuse', 'grant_revoked']],
  ['expired', { refresh: { expiresAt: NOW } }, []],
  ['of another client', { grant: { clientId: 'd' } }, []],
  ['of a revoked grant', { grant: { revoked: true } }, []],
  ['of a client that was revoked', { grant: { clientEpoch: 4 } }, []],
  ['lost to another request', { rotated: 'reused' }, ['refresh_token_reuse', 'grant_revoked']],
  ['revoked meanwhile', { rotated: 'revoked' }, []],
])('a refresh token %s is invalid_grant, and gives nothing (RFC 6749 6)', async (_what, given, events) => {
  const at = world(allow, given)
  await expect(at.refresh()).rejects.toMatchObject({ code: 'invalid_grant' })
  expect(at.audits.map(({ event }) => event)).toEqual(events)
})

test('narrowing an access token leaves the refresh token as it was (RFC 6749 6), and no nonce comes again', async () => {
  const at = world({ ...allow, obligations: { ...obligations, scopes: ['openid'], audience: ['urn:granted'] } })
  const body = bodyOf(await at.refresh({ scope: 'openid' }))
  expect(at.written()?.refreshToken?.record.scopes).toEqual(['openid', 'a'])
  expect(claimsOf(body.id_token)).not.toHaveProperty('nonce')
})

test('a family that policy ends now gets no successor (checklist 22)', async () => {
  const at = world({ ...allow, obligations: { ...obligations, refresh_token_ttl_seconds: 5 } })
  expect(bodyOf(await at.refresh())).not.toHaveProperty('refresh_token')
})

test('a machine gets a token of its own, without person, refresh token or ID token (RFC 6749 4.4.3)', async () => {
  const at = world(allow)
  const body = bodyOf(await at.machine())
  expect(claimsOf(body.access_token)).toMatchObject({ sub: 'c', client_id: 'c' })
  expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type'])
  expect(at.did).toEqual(['put'])
  expect(at.audits).toMatchObject([{ event: 'token_issued', decision_id: 'decision', detail: 'client_credentials' }])
  expect(JSON.stringify(at.audits)).not.toContain(body.access_token)
})

const dpop: Sender = { proved: { jkt: 'key' }, use: async () => undefined }
const certificate: Sender = { proved: { 'x5t#S256': 'cert' }, use: async () => undefined }
const bound = (sender_constraint: 'none' | 'dpop' | 'mtls') => ({
  ...allow,
  obligations: { ...obligations, sender_constraint, claims: { cnf: { jkt: 'forged' } } },
})

test.each<[string, 'none' | 'dpop' | 'mtls', Sender, object | undefined, string]>([
  ['to the key of the proof (RFC 9449 5)', 'dpop', dpop, { jkt: 'key' }, 'DPoP'],
  ['to the certificate (RFC 8705 3.1)', 'mtls', certificate, { 'x5t#S256': 'cert' }, 'Bearer'],
  ['to nothing where policy wants nothing, whatever its claims say', 'none', dpop, undefined, 'Bearer'],
])('binds the tokens as policy obliges: %s', async (_what, constraint, sender, confirmation, type) => {
  for (const use of ['redeem', 'machine', 'refresh'] as const) {
    const at = world(bound(constraint), { sender })
    const body = bodyOf(await at[use]())
    expect(body.token_type).toBe(type)
    expect(claimsOf(body.access_token).cnf).toEqual(confirmation)
    if (use !== 'machine') expect(at.written()?.accessToken.confirmation).toEqual(confirmation)
  }
})

test('policy hears what was proved, and nothing where nothing was', async () => {
  for (const [sender, facts] of [
    [dpop, { dpop: true, certificate: false }],
    [certificate, { dpop: false, certificate: true }],
    [NOTHING_PROVED, undefined],
  ] as const) {
    const at = world(allow, { sender })
    await at.machine()
    expect(Object(at.asked[0]?.input).sender).toEqual(facts)
  }
})

test('issues nothing unbound where policy obliges a key that was not proved, and spends nothing', async () => {
  for (const [constraint, code] of [
    ['dpop', 'invalid_dpop_proof'],
    ['mtls', 'invalid_request'],
  ] as const)
    for (const use of ['redeem', 'machine', 'refresh'] as const) {
      const at = world(bound(constraint))
      await expect(at[use]()).rejects.toMatchObject({ code })
      expect(at.did).toEqual([])
    }
})

test('a refresh token of a public client is bound to the key, one of a confidential client is not (RFC 9449 5)', async () => {
  const inPublic = { type: 'public', secretDigests: [] } as const
  const refreshed = async (given: World) => {
    const at = world(bound('dpop'), { sender: dpop, ...given })
    await at.refresh(given.client ? { client_secret: '' } : {})
    return at.written()?.refreshToken?.record.confirmation
  }
  expect(await refreshed({ client: inPublic })).toEqual({ jkt: 'key' })
  expect(await refreshed({})).toBeUndefined()
  expect(await refreshed({ refresh: { confirmation: { jkt: 'key' } } })).toEqual({ jkt: 'key' })
})

test.each<[string, Sender]>([
  ['none', NOTHING_PROVED],
  ['another one', { proved: { jkt: 'other' }, use: async () => undefined }],
  ['a certificate', certificate],
])(
  'what is bound to a key is invalid_grant with %s, and its family goes on (RFC 9449 5 and 10; checklist 8, 23)',
  async (_what, sender) => {
    for (const used of [false, true]) {
      const refresh = world(bound('none'), { sender, used, refresh: { confirmation: { jkt: 'key' } } })
      await expect(refresh.refresh()).rejects.toMatchObject({ code: 'invalid_grant' })
      expect(refresh.did).toEqual([])
    }
    const code = world(bound('none'), { sender, code: { dpopJkt: 'key' } })
    await expect(code.redeem()).rejects.toMatchObject({ code: 'invalid_grant' })
    expect(code.did).toEqual([])
  },
)

test('a proof that was used before gives nothing, and one is spent only on what is worth something (RFC 9449 11.1)', async () => {
  const spent: string[] = []
  const failure = new OAuthError('invalid_dpop_proof')
  const sender: Sender = {
    proved: { jkt: 'key' },
    async use() {
      spent.push('proof')
      throw failure
    },
  }
  const at = world(bound('dpop'), { sender })
  await expect(at.redeem()).rejects.toBe(failure)
  expect([at.did, at.asked, spent]).toEqual([[], [], ['proof']])
  await expect(world(bound('dpop'), { sender, user: undefined }).redeem()).rejects.toMatchObject({
    code: 'invalid_grant',
  })
  expect(spent).toEqual(['proof'])
})
