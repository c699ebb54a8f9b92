import { createLocalJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import type { AuditEvent } from '../../audit/events.ts'
import { PolicyUnavailable } from '../../kernel/errors.ts'
import type { DecisionResult } from '../../policy-engine/contract/index.ts'
import type { AccessTokenState } from '../../storage/port.ts'
import { mintAccessToken } from '../token/access-token.ts'
import { testKeys } from '../token/test-keys.ts'
import { accessTokenVerifier } from '../token/verify-access-token.ts'
import { type IntrospectDeps, introspect } from './introspect.ts'
import { type Asked, client, formRequest, NOW, noAssertions, noCertificates, policyThat } from './test-requests.ts'

const { keys } = await testKeys()
const issuer = 'https://id.example'
const { text: jwt, record } = mintAccessToken(
  { keys, issuer },
  {
    format: 'jwt',
    clientId: 'c',
    publicSub: 'c',
    scopes: ['a', 'b'],
    audience: ['urn:one'],
    permissions: ['at-issue'],
    claims: {},
    ttlSeconds: 300,
    clientEpoch: 5,
  },
  NOW - 10,
)
const live: AccessTokenState = { token: record, client }
const allow: DecisionResult<'introspect'> = {
  allow: true,
  reasons: [],
  obligations: { permissions: ['now'], scopes: ['a'], audience: ['urn:one'], claims: { tenant: 'default' } },
}

function ask(
  token: string,
  answer: DecisionResult<'introspect'> | Error,
  state: AccessTokenState = live,
  headers: Readonly<Record<string, string>> = {},
  risk?: ReturnType<NonNullable<IntrospectDeps['recentRisk']>>,
) {
  const asked: Asked[] = []
  const audits: AuditEvent[] = []
  const deps: IntrospectDeps = {
    assertions: noAssertions,
    certificates: noCertificates,
    issuer,
    keys,
    subjectOf: (_client, sub) => sub,
    verifyAccessToken: accessTokenVerifier({ keys, issuer }),
    store: {
      clients: { find: async () => client },
      users: { find: async () => undefined },
      accessTokens: { state: async () => state },
      refreshTokens: { peek: async () => undefined },
    },
    audit: async (event) => void audits.push(event),
    decide: policyThat('introspect', answer, asked),
    recentRisk: () => risk,
  }
  return { asked, audits, reply: introspect(deps, { ...formRequest({ token }), headers }) }
}

test('answers what the token may do under the policy in force, not what it was issued with (RFC 7662 2.2)', async () => {
  expect(await ask(jwt, allow).reply).toEqual({
    status: 200,
    body: {
      tenant: 'default',
      active: true,
      iss: issuer,
      client_id: 'c',
      sub: 'c',
      aud: 'urn:one',
      scope: 'a',
      permissions: ['now'],
      iat: NOW - 10,
      exp: NOW + 290,
      jti: record.jti,
      token_type: 'Bearer',
    },
  })
})

test('policy hears who asks, of what token, and what its holder is now', async () => {
  const { asked, reply } = ask(jwt, allow)
  await reply
  expect(asked).toMatchObject([
    {
      input: {
        client: { client_id: 'c', auth_method: 'client_secret_post' },
        token: { kind: 'access_token', active: true, client_id: 'c', scopes: ['a', 'b'] },
        holder: { active: true, scopes: ['openid', 'a'], audience: [], roles: ['r'] },
      },
    },
  ])
})

test('denied, unknown and ended read exactly alike (RFC 7662 2.2; checklist 29)', async () => {
  const inactive = { status: 200, body: { active: false } }
  expect(await ask(jwt, { allow: false, reasons: ['not_an_audience'] }).reply).toEqual(inactive)
  expect(await ask('nonsense', allow).reply).toEqual(inactive)
  expect(await ask(`${'0'.repeat(11)}${'g'.repeat(22)}.${'s'.repeat(43)}`, allow).reply).toEqual(inactive)
})

test('a token that has ended stays so, even where policy would allow it', async () => {
  const { asked, reply } = ask(jwt, allow, { token: { ...record, revoked: true }, client })
  expect(await reply).toEqual({ status: 200, body: { active: false } })
  expect(asked).toMatchObject([{ input: { token: { active: false } } }])
})

test('an unknown token is an audit event, without the token', async () => {
  const { audits, asked, reply } = ask('nonsense', allow)
  await reply
  expect(asked).toEqual([])
  expect(audits).toEqual([
    { event: 'introspect_unknown_token', tenant: 'default', request_id: 'request', client_id: 'c' },
  ])
})

const risk = { self_registered: true, client_age_seconds: 60 }

test('where there is risk policy hears of an unknown token who asks, and may not bring it to life', async () => {
  const { asked, audits, reply } = ask('nonsense', allow, live, {}, risk)
  expect(await reply).toEqual({ status: 200, body: { active: false } })
  expect(asked).toMatchObject([{ input: { client: { client_id: 'c' }, risk } }])
  expect(Object(asked[0]).input).not.toHaveProperty('token')
  expect(audits.map(({ event }) => event)).toEqual(['introspect_unknown_token'])
})

test.each([jwt, 'nonsense'])(
  'who should slow down is told so, whatever else policy says of the token (RFC 7662 2.2)',
  async (token) => {
    const { reply } = ask(token, { allow: false, reasons: ['token_inactive', 'too_risky'] }, live, {}, risk)
    await expect(reply).rejects.toMatchObject({ code: 'slow_down', status: 429, retryAfterSeconds: 60 })
  },
)

test('unavailable is never inactive (docs/request-flow.md)', async () => {
  const down = new PolicyUnavailable('timeout', 'introspect')
  await expect(ask(jwt, down).reply).rejects.toBe(down)
})

const JWT = { accept: 'application/json;q=0.5, Application/Token-Introspection+JWT' }

test.each([
  ['no', 'application/json, application/token-introspection+jwt;q=0'],
  ['less', 'application/token-introspection+jwt; q=0.1, application/json'],
  ['anything', '*/*'],
])('answers JSON to who likes a JWT %s better (RFC 9110 12.5.1)', async (_, accept) => {
  expect((await ask(jwt, allow, live, { accept }).reply).body).toMatchObject({ active: true })
})

test('answers a JWT to who likes it as much as JSON', async () => {
  const accept = 'application/json, application/token-introspection+jwt'
  expect((await ask(jwt, allow, live, { accept }).reply).body).toBeTypeOf('string')
})

const jwks = async () => createLocalJWKSet({ keys: [...(await keys.publicJwks())] })

test('answers a JWT to who asks for it, signed for them alone (RFC 9701 5; checklist 29)', async () => {
  const { headers, body } = await ask(jwt, allow, live, JWT).reply
  expect(headers).toEqual({ 'content-type': 'application/token-introspection+jwt' })
  const { payload } = await jwtVerify(String(body), await jwks(), {
    typ: 'token-introspection+jwt',
    issuer,
    audience: 'c',
    currentDate: new Date(NOW * 1000),
  })
  const plain = await ask(jwt, allow).reply
  expect(payload).toEqual({ iss: issuer, aud: 'c', iat: NOW, token_introspection: plain.body })
})

test.each([
  ['unknown', 'nonsense', allow],
  ['denied', jwt, { allow: false, reasons: ['not_an_audience'] } as const],
])('a JWT says no more of a token that is %s (RFC 9701 5; checklist 29)', async (_what, token, answer) => {
  const { body } = await ask(token, answer, live, JWT).reply
  const { payload } = await jwtVerify(String(body), await jwks(), { currentDate: new Date(NOW * 1000) })
  expect(payload.token_introspection).toEqual({ active: false })
})

test('an introspection answer is no access token of ours (RFC 8725 3.11)', async () => {
  const { body } = await ask(jwt, allow, live, JWT).reply
  expect(await accessTokenVerifier({ keys, issuer })(String(body))).toBeUndefined()
})
