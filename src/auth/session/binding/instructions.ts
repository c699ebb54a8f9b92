/** What the browser is told of a bound session. Device Bound Session Credentials, "JSON Session Instruction Format". */
import { cookieAttributes, cookieName } from '../../../http/cookies.ts'
import { BOUND_COOKIE } from './device-binding.ts'
import { PROOF_ALGORITHMS } from './proof.ts'

export const REGISTER_PATH = '/session/binding'
export const REFRESH_PATH = '/session/binding/refresh'

/** Where no session counts: a browser need not prove anything for them. */
const WITHOUT_SESSION = [
  '/.well-known',
  '/oauth/jwks',
  '/oauth/token',
  '/oauth/introspect',
  '/oauth/revoke',
  '/oauth/userinfo',
  '/oauth/par',
  '/scim',
  '/admin',
  '/health',
  '/metrics',
  REGISTER_PATH,
]

/** The value of Secure-Session-Registration: offers a binding to a browser that knows how. RFC 9651 inner list and strings. */
export const registrationOffer = (challenge: string): string =>
  `(${PROOF_ALGORITHMS.join(' ')});path="${REGISTER_PATH}";challenge="${challenge}"`

/** The value of Secure-Session-Challenge. */
export const nextChallenge = (challenge: string, identifier: string): string => `"${challenge}";id="${identifier}"`

/**
 * A client's page leads to ours by a navigation of its own, for which the browser asks whether it may refresh: any may. The
 * cookie is SameSite=Lax, so that requests of other kinds never come with it and make no refresh whose time could be taken.
 */
export const sessionInstructions = (issuer: string, identifier: string) => ({
  session_identifier: identifier,
  refresh_url: REFRESH_PATH,
  scope: {
    origin: new URL(issuer).origin,
    include_site: false,
    scope_specification: WITHOUT_SESSION.map((path) => ({ type: 'exclude', domain: '*', path })),
  },
  // Browsers compare the attributes with those of the cookie.
  credentials: [{ type: 'cookie', name: cookieName(issuer, BOUND_COOKIE), attributes: cookieAttributes(issuer) }],
  allowed_refresh_initiators: ['*'],
})
