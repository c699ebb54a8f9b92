/** For tests: the token endpoint over a store that answers as told, with a code and a refresh token of one person. */
import type { AuditEvent } from '../../audit/events.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { DecisionResult, Obligations } from '../../policy-engine/contract/index.ts'
import type { Rotated, Spent, Successors } from '../../storage/port.ts'
import type { ClientRecord, CodeRecord, GrantRecord, RefreshTokenRecord, UserRecord } from '../../storage/records.ts'
import { NOTHING_PROVED, type Sender } from '../token/sender.ts'
import { testKeys } from '../token/test-keys.ts'
import { endGrantWith } from './grants/end-grant.ts'
import { type Asked, client, formRequest, NOW, noAssertions, noCertificates, policyThat } from './test-requests.ts'
import { type TokenDeps, token } from './token.ts'

const { keys } = await testKeys()
export const GRANT_ID = `${'0'.repeat(11)}${'g'.repeat(22)}`
const SECRET = 's'.repeat(43)
export const HANDLE = `${GRANT_ID}.${SECRET}`
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'

export const user: UserRecord = {
  v: 1,
  sub: 's',
  userName: 's',
  active: true,
  roles: ['user'],
  profile: {},
  createdAt: 0,
  updatedAt: 0,
  version: 1,
  revocationEpoch: 7,
}
export const grant: GrantRecord = {
  v: 1,
  grantId: GRANT_ID,
  clientId: 'c',
  sub: 's',
  scopes: ['openid', 'a'],
  audience: ['urn:granted'],
  acr: 'urn:acr',
  amr: ['pwd'],
  authTime: NOW - 10,
  nonce: 'n',
  userEpoch: 7,
  clientEpoch: 5,
  createdAt: NOW - 5,
  expiresAt: NOW + 60,
  revoked: false,
}
const code: CodeRecord = {
  v: 1,
  redirectUri: 'https://c.example/cb',
  codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  expiresAt: NOW + 30,
}
const refreshToken: RefreshTokenRecord = {
  v: 1,
  scopes: ['openid', 'a'],
  audience: ['urn:granted'],
  issuedAt: NOW - 5,
  expiresAt: NOW + 600,
}

export const obligations: Obligations<'token'> = {
  scopes: ['a', 'openid'],
  audience: ['urn:obliged'],
  access_token_ttl_seconds: 11,
  id_token_ttl_seconds: 22,
  refresh_token: true,
  refresh_token_ttl_seconds: 333,
  refresh_grace_seconds: 0,
  access_token_format: 'jwt',
  sender_constraint: 'none',
  permissions: ['p'],
  claims: { extra: 1 },
  id_token_claims: { more: 2 },
}
export const allow = { allow: true, reasons: [], obligations } as const satisfies DecisionResult<'token'>

export interface World {
  readonly used?: boolean
  readonly inGrace?: boolean
  readonly grant?: Partial<GrantRecord>
  readonly code?: Partial<CodeRecord>
  readonly refresh?: Partial<RefreshTokenRecord>
  readonly user?: UserRecord | undefined
  readonly spent?: Spent
  readonly rotated?: Rotated
  readonly sender?: Sender
  readonly client?: Partial<ClientRecord>
}

export function world(answer: DecisionResult<'token'> | Error, given: World = {}) {
  const did: string[] = []
  const audits: AuditEvent[] = []
  const asked: Asked[] = []
  let written: Successors | undefined
  const spend = <T>(what: string, outcome: T) => {
    did.push(what)
    return outcome
  }
  const whole = { ...grant, ...given.grant }
  const used = given.used ?? false
  const known = (digest: string) => digest === digestOf(SECRET)
  const audit = async (event: AuditEvent) => void audits.push(event)
  const store: TokenDeps['store'] = {
    clients: {
      find: async () => ({ ...client, ...given.client }),
      replace: async (_t, { expiresAt }) => spend(`keep client, end ${expiresAt}`, 'written'),
    },
    users: { find: async () => ('user' in given ? given.user : user) },
    deviceGrants: { poll: async () => undefined },
    codes: {
      peek: async (_t, _g, digest) =>
        known(digest) ? { grant: whole, code: { ...code, ...given.code }, used } : undefined,
      redeem: async (_t, _g, _d, successors) => {
        written = successors
        return spend('redeem', given.spent ?? 'redeemed')
      },
      burn: async () => spend('burn', used ? 'reused' : (given.spent ?? 'redeemed')),
    },
    refreshTokens: {
      peek: async (_t, _g, digest) =>
        known(digest)
          ? { grant: whole, token: { ...refreshToken, ...given.refresh }, used, inGrace: given.inGrace ?? false }
          : undefined,
      rotate: async (_t, _g, _d, successors) => {
        written = successors
        return spend('rotate', given.rotated ?? 'rotated')
      },
      reuse: async () => spend('reuse', 'reused'),
    },
    accessTokens: { put: async () => void did.push('put') },
  }
  const deps: TokenDeps = {
    issuer: 'https://id.example',
    keys,
    assertions: noAssertions,
    certificates: noCertificates,
    proveSender: async () => given.sender ?? NOTHING_PROVED,
    subjectOf: (_client, sub) => sub,
    store,
    audit,
    endGrant: endGrantWith(audit),
    decide: policyThat('token', answer, asked),
  }
  const redeem = (form: Readonly<Record<string, string>> = {}) =>
    token(
      deps,
      formRequest({
        grant_type: 'authorization_code',
        code: HANDLE,
        redirect_uri: 'https://c.example/cb',
        code_verifier: VERIFIER,
        ...form,
      }),
    )
  const refresh = (form: Readonly<Record<string, string>> = {}) =>
    token(deps, formRequest({ grant_type: 'refresh_token', refresh_token: HANDLE, ...form }))
  const machine = (form: Readonly<Record<string, string>> = {}) =>
    token(deps, formRequest({ grant_type: 'client_credentials', ...form }))
  return { did, audits, asked, redeem, refresh, machine, written: () => written }
}

export const bodyOf = (reply: { readonly body?: unknown }) => reply.body as Record<string, unknown>
export const claimsOf = (jwt: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString())
