/**
 * `WWW-Authenticate`: how to authenticate, and what was wrong. RFC 6749 5.2 (clients); RFC 6750 3 and RFC 9449 7.1
 * (protected resources take both schemes, and name the error under the one that was used); RFC 9470 3 (what a sign-in must reach).
 */
import { OAUTH_ERRORS } from '../kernel/error-codes.ts'
import { DPOP_ALGORITHMS } from '../kernel/proof-algorithms.ts'

export type TokenScheme = 'Bearer' | 'DPoP'

/** Of a request that carries a token; undefined without. A method that is none of these counts as none (RFC 6750 3.1). */
export function schemeOf(authorization: string | undefined): TokenScheme | undefined {
  if (authorization === undefined) return undefined
  if (/^dpop /i.test(authorization)) return 'DPoP'
  return /^bearer /i.test(authorization) ? 'Bearer' : undefined
}

export const CLIENT_CHALLENGE = 'Basic realm="sallyport", charset="UTF-8"'
const PLAIN = {
  Bearer: 'Bearer realm="sallyport"',
  DPoP: `DPoP realm="sallyport", algs="${DPOP_ALGORITHMS.join(' ')}"`,
} as const

/** Codes that a protected resource may name. Their texts come from the table, never from the caller. */
const NAMED = [
  'invalid_request',
  'insufficient_scope',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'insufficient_user_authentication',
] as const

/** What no quoted string holds as it is (RFC 9110 5.6.4) is left out: nothing of the kind is a level or an age. */
const quoted = (value: string): string => `"${value.replaceAll(/[^ !#-[\]-~]/g, '')}"`

/** RFC 6750 3.1 gives no error code to a request without credentials. `more`: parameters of RFC 9470 3. */
export function resourceChallenge(
  code: string,
  scheme: TokenScheme | undefined,
  more?: Readonly<Record<string, string>>,
): string {
  // Whoever hears of its sign-in sent a token, in a form where not in the header.
  const used = scheme ?? (more && 'Bearer')
  if (used === undefined) return `${PLAIN.Bearer}, ${PLAIN.DPoP}`
  const error = NAMED.find((named) => named === code) ?? 'invalid_token'
  const parts = { error, error_description: OAUTH_ERRORS[error].description, ...more }
  const told = Object.entries(parts).map(([name, value]) => `, ${name}=${quoted(value)}`)
  return `${PLAIN[used]}${told.join('')}, ${PLAIN[used === 'DPoP' ? 'Bearer' : 'DPoP']}`
}
