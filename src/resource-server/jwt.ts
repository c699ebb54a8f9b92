/** Access tokens as JWT, judged from the provider's published keys alone. RFC 9068 4, RFC 8725. */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { type Access, AccessRefused, CLOCK_TOLERANCE_SECONDS } from './access.ts'
import { type Provider, requireSecure } from './provider.ts'

export type JudgeJwt = (token: string) => Promise<Access>

const ALGORITHMS = ['ES256', 'EdDSA', 'PS256', 'RS256']
/** A key that was revoked counts no longer than this; an unknown one is looked for at most as often. */
const KEYS = { cacheMaxAge: 60_000, cooldownDuration: 5_000, timeoutDuration: 5_000 }

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : typeof value === 'string' ? [value] : []

/** The members that JWT and introspection have in common (RFC 9068 2.2, RFC 7662 2.2); undefined where one is missing. */
export function readAccess(claims: Readonly<Record<string, unknown>>): Access | undefined {
  const { sub, client_id: clientId, scope, exp, acr, auth_time: authTime } = claims
  if (typeof sub !== 'string' || typeof clientId !== 'string' || typeof exp !== 'number') return undefined
  return {
    sub,
    clientId,
    scopes: typeof scope === 'string' && scope !== '' ? scope.split(' ') : [],
    audience: texts(claims.aud),
    permissions: texts(claims.permissions),
    expiresAt: exp,
    claims,
    ...(typeof acr === 'string' && { acr }),
    ...(typeof authTime === 'number' && { authTime }),
  }
}

/** A failure of the token is the client's; of the provider, nobody's here: unavailable, never a yes. */
function refusalOf(cause: unknown): AccessRefused {
  const provider = [errors.JWKSTimeout, errors.JWKSInvalid].some((kind) => cause instanceof kind)
  if (!(cause instanceof errors.JOSEError) || provider || cause.code === 'ERR_JOSE_GENERIC')
    return new AccessRefused('temporarily_unavailable', 'The provider does not answer.', { cause })
  return new AccessRefused('invalid_token', 'The access token is invalid or expired.', { cause })
}

/** By the key that the token names, and no other: a set of one key would do for a token that names none. */
function keysAt(uri: URL): JWTVerifyGetKey {
  const find = createRemoteJWKSet(uri, KEYS)
  return async (header, token) => {
    if (typeof header.kid !== 'string') throw new errors.JWKSNoMatchingKey('the token names no key')
    return find(header, token)
  }
}

export function jwtJudge(issuer: string, audience: string, provider: () => Promise<Provider>): JudgeJwt {
  let known: { readonly uri: string; readonly keys: JWTVerifyGetKey } | undefined
  const keysOf = async (): Promise<JWTVerifyGetKey> => {
    const { jwksUri } = await provider()
    if (known?.uri !== jwksUri) known = { uri: jwksUri, keys: keysAt(requireSecure(jwksUri)) }
    return known.keys
  }
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, await keysOf(), {
        issuer,
        audience,
        typ: 'at+jwt',
        algorithms: ALGORITHMS,
        requiredClaims: ['exp', 'iat', 'sub', 'aud', 'client_id', 'jti'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      })
      const access = readAccess(payload)
      if (access !== undefined) return access
    } catch (cause) {
      throw refusalOf(cause)
    }
    throw new AccessRefused('invalid_token', 'The access token is invalid or expired.')
  }
}
