/**
 * Answers to pages of other origins, for endpoints that know a caller by what it sends and never by a cookie: any origin may read
 * them, without credentials. Fetch 3.3 (CORS); OIDC Core 5.3.
 */
import type { Reply } from './message.ts'

export const ANY_ORIGIN = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'DPoP-Nonce, WWW-Authenticate',
} as const

const ALLOWED_HEADERS = 'authorization, content-type, dpop'
/** So long a browser asks no more. */
const MAX_AGE_SECONDS = 10 * 60

/** Asked before a request that a form could not send: what it may be. */
export const preflight = (methods: readonly string[]): Reply => ({
  status: 204,
  headers: {
    ...ANY_ORIGIN,
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': ALLOWED_HEADERS,
    'access-control-max-age': String(MAX_AGE_SECONDS),
  },
})
