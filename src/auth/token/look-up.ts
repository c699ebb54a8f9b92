/** Finds an access token of ours from its text, of either form, with all that its liveness hangs on. RFC 9068, RFC 6749 1.4. */
import { equalDigests } from '../../kernel/constant-time.ts'
import type { AccessTokenState, AccessTokenStore } from '../../storage/port.ts'
import type { AccessTokenRecord } from '../../storage/records.ts'
import type { AccessTokenClaims } from './access-token.ts'
import { parseOpaqueToken } from './opaque-token.ts'
import type { VerifyAccessToken } from './verify-access-token.ts'

export interface LookUpDeps {
  readonly verifyAccessToken: VerifyAccessToken
  readonly store: { readonly accessTokens: Pick<AccessTokenStore, 'state'> }
}

export interface LookedUp {
  readonly claims: AccessTokenClaims
  readonly state: AccessTokenState
}

/** What a JWT says of itself, an opaque token's record says for it. */
const claimsOf = (token: AccessTokenRecord): AccessTokenClaims => ({
  jti: token.jti,
  clientId: token.clientId,
  scopes: token.scopes,
  audience: token.audience,
  issuedAt: token.issuedAt,
  expiresAt: token.expiresAt,
  ...(token.grantId !== undefined && { grantId: token.grantId }),
  ...(token.sub !== undefined && { sub: token.sub }),
  ...(token.acr !== undefined && { acr: token.acr }),
})

const stateKey = ({ jti, clientId, grantId, sub }: AccessTokenClaims) => ({
  jti,
  clientId,
  ...(grantId !== undefined && { grantId }),
  ...(sub !== undefined && { sub }),
})

/** Undefined for what is no access token of ours. Authentic is not live: that is judged on `state`. */
export async function lookUpAccessToken(deps: LookUpDeps, tenant: string, text: string): Promise<LookedUp | undefined> {
  const { accessTokens } = deps.store
  const opaque = parseOpaqueToken(text)
  if (opaque !== undefined) {
    const { digest, ...key } = opaque
    const state = await accessTokens.state(tenant, key)
    const stored = state.token?.secretDigest
    if (state.token === undefined || stored === undefined || !equalDigests(stored, digest)) return undefined
    return { claims: claimsOf(state.token), state }
  }
  const claims = await deps.verifyAccessToken(text)
  return claims && { claims, state: await accessTokens.state(tenant, stateKey(claims)) }
}
