/**
 * Finds a token of ours from its text alone, whoever presents it: introspection and revocation take both kinds.
 * RFC 7662 2.1, RFC 7009 2.1; `token_type_hint` is not needed, since the two kinds can't be mistaken for each other.
 */
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { Store } from '../../storage/port.ts'
import type { ClientRecord, Confirmation, GrantRecord, UserRecord } from '../../storage/records.ts'
import type { AccessTokenClaims } from './access-token.ts'
import { parseHandle } from './handle.ts'
import { accessTokenIsLive, grantIsLive } from './live.ts'
import { type LookUpDeps, lookUpAccessToken } from './look-up.ts'

export type TokenFacts = DecisionInput<'revoke'>['token']

export type FindTokenDeps = LookUpDeps & {
  readonly store: {
    readonly refreshTokens: Pick<Store['refreshTokens'], 'peek'>
    readonly clients: Pick<Store['clients'], 'find'>
    readonly users: Pick<Store['users'], 'find'>
  }
}

export interface FoundToken {
  readonly facts: TokenFacts
  /** Absent for refresh tokens. */
  readonly jti?: string
  readonly grantId?: string
  readonly grant?: GrantRecord | undefined
  /** The client that holds it, as stored now. */
  readonly holder?: ClientRecord | undefined
  readonly user?: UserRecord | undefined
  /** The key it is bound to. */
  readonly confirmation?: Confirmation | undefined
}

/** Policy knows the person by the grant's identifier: the token's own may be pairwise. */
export const accessTokenFacts = (claims: AccessTokenClaims, active: boolean, sub: string | undefined): TokenFacts => ({
  kind: 'access_token',
  active,
  client_id: claims.clientId,
  scopes: [...claims.scopes],
  audience: [...claims.audience],
  issued_at: claims.issuedAt,
  expires_at: claims.expiresAt,
  ...(sub !== undefined && { sub }),
  ...(claims.acr !== undefined && { acr: claims.acr }),
})

async function findAccessToken(deps: FindTokenDeps, tenant: string, text: string, nowSeconds: number) {
  const found = await lookUpAccessToken(deps, tenant, text)
  if (found === undefined) return undefined
  const { claims, state } = found
  const active = claims.expiresAt > nowSeconds && accessTokenIsLive(state, nowSeconds)
  return {
    facts: accessTokenFacts(claims, active, state.grant?.sub ?? claims.sub),
    jti: claims.jti,
    grant: state.grant,
    holder: state.client,
    user: state.user,
    confirmation: state.token?.confirmation,
    ...(claims.grantId !== undefined && { grantId: claims.grantId }),
  }
}

async function findRefreshToken(
  deps: FindTokenDeps,
  tenant: string,
  text: string,
  nowSeconds: number,
): Promise<FoundToken | undefined> {
  const handle = parseHandle(text)
  const found = handle && (await deps.store.refreshTokens.peek(tenant, handle.grantId, handle.digest))
  if (found === undefined) return undefined
  const { grant, token, used } = found
  const [holder, user] = await Promise.all([
    deps.store.clients.find(tenant, grant.clientId),
    deps.store.users.find(tenant, grant.sub),
  ])
  const active = !used && token.expiresAt > nowSeconds && grantIsLive(grant, holder, user, nowSeconds)
  const facts: TokenFacts = {
    kind: 'refresh_token',
    active,
    client_id: grant.clientId,
    sub: grant.sub,
    scopes: [...token.scopes],
    audience: [...token.audience],
    acr: grant.acr,
    issued_at: token.issuedAt,
    expires_at: token.expiresAt,
  }
  return { facts, grantId: grant.grantId, grant, holder, user, confirmation: token.confirmation }
}

/** Undefined for what is no token of ours; a token that has ended is found, with `facts.active` false. */
export function findToken(
  deps: FindTokenDeps,
  tenant: string,
  text: string,
  nowSeconds: number,
): Promise<FoundToken | undefined> {
  return parseHandle(text) === undefined
    ? findAccessToken(deps, tenant, text, nowSeconds)
    : findRefreshToken(deps, tenant, text, nowSeconds)
}
