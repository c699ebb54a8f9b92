import { expect, test } from 'vitest'
import type { AuditEvent } from '../../audit/events.ts'
import { PolicyUnavailable } from '../../kernel/errors.ts'
import type { DecisionResult } from '../../policy-engine/contract/index.ts'
import { mintAccessToken } from '../token/access-token.ts'
import { testKeys } from '../token/test-keys.ts'
import { accessTokenVerifier } from '../token/verify-access-token.ts'
import { type RevokeDeps, revoke } from './revoke.ts'
import { type Asked, client, formRequest, NOW, noAssertions, noCertificates, policyThat } from './test-requests.ts'

const { keys } = await testKeys()
const issuer = 'https://id.example'
const GRANT_ID = `${'0'.repeat(11)}${'g'.repeat(22)}`
const mint = (person: { grantId?: string; sub?: string }) =>
  mintAccessToken(
    { keys, issuer },
    {
      format: 'jwt',
      clientId: 'c',
      publicSub: person.sub ?? 'c',
      scopes: [],
      audience: ['urn:one'],
      permissions: [],
      claims: {},
      ttlSeconds: 300,
      clientEpoch: 5,
      ...person,
    },
    NOW,
  )
const grant = {
  v: 1,
  grantId: GRANT_ID,
  clientId: 'c',
  sub: 's',
  scopes: [],
  audience: [],
  acr: 'a',
  amr: [],
  authTime: 0,
  userEpoch: 0,
  clientEpoch: 5,
  createdAt: 0,
  expiresAt: NOW + 1,
  revoked: false,
} as const
const handle = `${GRANT_ID}.${'s'.repeat(43)}`

const ended = (extent: 'token' | 'grant'): DecisionResult<'revoke'> => ({
  allow: true,
  reasons: [],
  obligations: { revoke: extent },
})

function ask(text: string, answer: DecisionResult<'revoke'> | Error) {
  const asked: Asked[] = []
  const audits: AuditEvent[] = []
  const did: string[] = []
  const refresh = { v: 1, scopes: [], audience: [], issuedAt: 0, expiresAt: NOW + 1 } as const
  const deps: RevokeDeps = {
    assertions: noAssertions,
    certificates: noCertificates,
    verifyAccessToken: accessTokenVerifier({ keys, issuer }),
    store: {
      clients: { find: async () => client },
      users: { find: async () => undefined },
      accessTokens: {
        state: async () => ({ client }),
        revoke: async (_tenant, jti) => void did.push(`token ${jti}`),
      },
      refreshTokens: {
        peek: async (_t, id) => (id === GRANT_ID ? { grant, token: refresh, used: false, inGrace: false } : undefined),
      },
      grants: { revoke: async (_tenant, id) => void did.push(`grant ${id}`) },
    },
    audit: async (event) => void audits.push(event),
    decide: policyThat('revoke', answer, asked),
  }
  return { asked, audits, did, reply: revoke(deps, formRequest({ token: text })) }
}

test('an access token ends itself, or its grant where policy says so (RFC 7009 2.1)', async () => {
  const { text: jwt, record } = mint({ grantId: GRANT_ID, sub: 's' })
  for (const [extent, done, event] of [
    ['token', `token ${record.jti}`, 'token_revoked'],
    ['grant', `grant ${GRANT_ID}`, 'grant_revoked'],
  ] as const) {
    const { did, audits, reply } = ask(jwt, ended(extent))
    expect(await reply).toEqual({ status: 200 })
    expect(did).toEqual([done])
    expect(audits).toMatchObject([{ event, client_id: 'c', decision_id: 'decision' }])
  }
})

test('a refresh token ends its grant, whatever policy says (RFC 7009 2.1)', async () => {
  for (const extent of ['token', 'grant'] as const) {
    const { did, reply } = ask(handle, ended(extent))
    await reply
    expect(did).toEqual([`grant ${GRANT_ID}`])
  }
})

test('a token without a grant ends itself', async () => {
  const { text: jwt, record } = mint({})
  const { did, reply } = ask(jwt, ended('grant'))
  await reply
  expect(did).toEqual([`token ${record.jti}`])
})

test('an unknown token is a 200 and an audit event; policy is not asked (RFC 7009 2.2)', async () => {
  const { did, asked, audits, reply } = ask('nonsense', ended('token'))
  expect(await reply).toEqual({ status: 200 })
  expect([did, asked]).toEqual([[], []])
  expect(audits).toMatchObject([{ event: 'revoke_unknown_token' }])
})

test('another’s token is refused and lives on (RFC 7009 2.1; checklist 30)', async () => {
  const { did, reply } = ask(handle, { allow: false, reasons: ['not_owner'] })
  await expect(reply).rejects.toMatchObject({ code: 'unauthorized_client' })
  expect(did).toEqual([])
})

test('unavailable revokes nothing and says so', async () => {
  const down = new PolicyUnavailable('trap', 'revoke')
  const { did, reply } = ask(handle, down)
  await expect(reply).rejects.toBe(down)
  expect(did).toEqual([])
})
