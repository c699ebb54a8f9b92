/** Access tokens, RFC 9068: made from what policy obliged, and read back from what was signed. */
import { orderedId, randomId } from '../../kernel/ids.ts'
import type { AccessTokenRecord, Confirmation } from '../../storage/records.ts'
import { signJwt } from './jws.ts'
import type { KeyRing } from './key-ring.ts'

export interface AccessTokenParts {
  readonly clientId: string
  /** Both absent for client_credentials. */
  readonly grantId?: string | undefined
  readonly sub?: string | undefined
  /** What stands in the token, OIDC Core 8: the client itself, or the person as this client reads them. */
  readonly publicSub: string
  readonly authentication?:
    | { readonly acr: string; readonly amr: readonly string[]; readonly authTime: number }
    | undefined
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly permissions: readonly string[]
  readonly claims: Readonly<Record<string, unknown>>
  readonly ttlSeconds: number
  readonly clientEpoch: number
  /** The key it is bound to; absent for a bearer token. */
  readonly confirmation?: Confirmation | undefined
}

export interface MintDeps {
  readonly keys: Pick<KeyRing, 'current'>
  readonly issuer: string
}

/** RFC 7519 4.1.3: one audience is a string. */
export const audClaim = (audience: readonly string[]): unknown => (audience.length === 1 ? audience[0] : audience)

/** The jti starts with the grant id, so that the token alone tells under which grant its record lies. */
const newJti = (grantId: string | undefined) => (grantId === undefined ? orderedId() : `${grantId}.${randomId()}`)

export function mintAccessToken(
  deps: MintDeps,
  parts: AccessTokenParts,
  nowSeconds: number,
): { readonly jwt: string; readonly record: AccessTokenRecord } {
  const jti = newJti(parts.grantId)
  const expiresAt = nowSeconds + parts.ttlSeconds
  const { authentication, confirmation } = parts
  const jwt = signJwt(deps.keys, 'at+jwt', {
    // First, so that no claim of policy's can stand in for one of ours.
    ...parts.claims,
    iss: deps.issuer,
    sub: parts.publicSub,
    aud: audClaim(parts.audience),
    exp: expiresAt,
    iat: nowSeconds,
    jti,
    client_id: parts.clientId,
    scope: parts.scopes.join(' '),
    permissions: parts.permissions,
    // Undefined is not written: policy's claims cannot bind a token either.
    cnf: confirmation,
    ...(authentication && {
      auth_time: authentication.authTime,
      acr: authentication.acr,
      amr: authentication.amr,
    }),
  })
  const record: AccessTokenRecord = {
    v: 1,
    jti,
    clientId: parts.clientId,
    scopes: parts.scopes,
    audience: parts.audience,
    issuedAt: nowSeconds,
    expiresAt,
    clientEpoch: parts.clientEpoch,
    revoked: false,
    ...(parts.grantId !== undefined && { grantId: parts.grantId }),
    ...(parts.sub !== undefined && { sub: parts.sub }),
    ...(authentication && { acr: authentication.acr }),
    ...(confirmation && { confirmation }),
  }
  return { jwt, record }
}

/** What a verified access token says. Dates are facts, not yet judged. */
export interface AccessTokenClaims {
  readonly jti: string
  readonly grantId?: string
  readonly clientId: string
  /** The person as the client reads them, which may be pairwise; absent where the client speaks for itself. */
  readonly sub?: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly acr?: string
  readonly issuedAt: number
  readonly expiresAt: number
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** Undefined unless these are the claims of an access token of `issuer`. */
export function readAccessToken(
  claims: Readonly<Record<string, unknown>>,
  issuer: string,
): AccessTokenClaims | undefined {
  const { iss, sub, jti, client_id: clientId, scope, exp, iat, acr } = claims
  const audience = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  if (iss !== issuer || !isText(sub) || !isText(jti) || !isText(clientId) || typeof scope !== 'string') return undefined
  if (typeof exp !== 'number' || typeof iat !== 'number' || !audience.every(isText)) return undefined
  const [grantId, random] = jti.split('.')
  return {
    jti,
    clientId,
    scopes: scope === '' ? [] : scope.split(' '),
    audience,
    issuedAt: iat,
    expiresAt: exp,
    ...(random !== undefined && grantId !== undefined && { grantId, sub }),
    ...(isText(acr) && { acr }),
  }
}
