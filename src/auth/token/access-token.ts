/** Access tokens, RFC 9068 or opaque: made from what policy obliged, and read back from what was signed. */
import { orderedId, randomId } from '../../kernel/ids.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import type { AccessTokenRecord, Confirmation } from '../../storage/records.ts'
import { signJwt } from './jws.ts'
import type { KeyRing } from './key-ring.ts'
import { newOpaqueToken } from './opaque-token.ts'
import { policyClaims } from './policy-claims.ts'

export interface AccessTokenParts {
  readonly format: Obligations<'token'>['access_token_format']
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
  /** Of the grant, as read before the decision. */
  readonly tokensEpoch?: number | undefined
  /** The key it is bound to; absent for a bearer token. */
  readonly confirmation?: Confirmation | undefined
}

export interface MintDeps {
  readonly keys: Pick<KeyRing, 'current'>
  readonly issuer: string
}

/** RFC 7519 4.1.3: one audience is a string. */
export const audClaim = (audience: readonly string[]): unknown => (audience.length === 1 ? audience[0] : audience)

/** RFC 6749 3.3: of one scope at least; left out where there is none. */
export const scopeMember = (scopes: readonly string[]): { readonly scope?: string } =>
  scopes.length === 0 ? {} : { scope: scopes.join(' ') }

/** The jti starts with the grant id, so that the token alone tells under which grant its record lies. */
const newJti = (grantId: string | undefined) => (grantId === undefined ? orderedId() : `${grantId}.${randomId()}`)

export function mintAccessToken(
  deps: MintDeps,
  parts: AccessTokenParts,
  nowSeconds: number,
): { readonly text: string; readonly record: AccessTokenRecord } {
  const jti = newJti(parts.grantId)
  const opaque = parts.format === 'opaque' ? newOpaqueToken(jti) : undefined
  const text = opaque === undefined ? signAccessToken(deps, parts, jti, nowSeconds) : opaque.text
  return { text, record: recordOf(parts, jti, nowSeconds, opaque?.digest) }
}

function signAccessToken(deps: MintDeps, parts: AccessTokenParts, jti: string, nowSeconds: number): string {
  const { authentication, confirmation } = parts
  return signJwt(deps.keys, 'at+jwt', {
    ...policyClaims(parts.claims),
    iss: deps.issuer,
    sub: parts.publicSub,
    aud: audClaim(parts.audience),
    exp: nowSeconds + parts.ttlSeconds,
    iat: nowSeconds,
    jti,
    client_id: parts.clientId,
    ...scopeMember(parts.scopes),
    permissions: parts.permissions,
    // Undefined is not written.
    cnf: confirmation,
    ...(authentication && {
      auth_time: authentication.authTime,
      acr: authentication.acr,
      amr: authentication.amr,
    }),
  })
}

function recordOf(
  parts: AccessTokenParts,
  jti: string,
  nowSeconds: number,
  secretDigest: string | undefined,
): AccessTokenRecord {
  const { authentication, confirmation } = parts
  return {
    v: 1,
    jti,
    clientId: parts.clientId,
    scopes: parts.scopes,
    audience: parts.audience,
    issuedAt: nowSeconds,
    expiresAt: nowSeconds + parts.ttlSeconds,
    clientEpoch: parts.clientEpoch,
    revoked: false,
    ...(parts.grantId !== undefined && { grantId: parts.grantId }),
    ...(parts.sub !== undefined && { sub: parts.sub }),
    ...(authentication && { acr: authentication.acr }),
    ...(confirmation && { confirmation }),
    ...(secretDigest !== undefined && { secretDigest }),
    ...(parts.tokensEpoch !== undefined && { tokensEpoch: parts.tokensEpoch }),
  }
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

/** Undefined for what is no scope. */
function readScope(scope: unknown): readonly string[] | undefined {
  if (scope === undefined || scope === '') return []
  return typeof scope === 'string' ? scope.split(' ') : undefined
}

/** Undefined unless these are the claims of an access token of `issuer`. */
export function readAccessToken(
  claims: Readonly<Record<string, unknown>>,
  issuer: string,
): AccessTokenClaims | undefined {
  const { iss, sub, jti, client_id: clientId, scope, exp, iat, acr } = claims
  const audience = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  const scopes = readScope(scope)
  if (iss !== issuer || !isText(sub) || !isText(jti) || !isText(clientId) || scopes === undefined) return undefined
  if (typeof exp !== 'number' || typeof iat !== 'number' || !audience.every(isText)) return undefined
  const [grantId, random] = jti.split('.')
  return {
    jti,
    clientId,
    scopes,
    audience,
    issuedAt: iat,
    expiresAt: exp,
    ...(random !== undefined && grantId !== undefined && { grantId, sub }),
    ...(isText(acr) && { acr }),
  }
}
