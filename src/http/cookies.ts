/**
 * Cookies of ours, RFC 6265bis: always HttpOnly, SameSite=Lax, Path=/; where the issuer is https Secure and `__Host-` named. Over
 * http (loopback only) browsers refuse the prefix, and other clients send no Secure cookie back.
 */
import { parseCookie, stringifySetCookie } from 'cookie'

const isSecure = (issuer: string): boolean => issuer.startsWith('https:')

/** The name under which `name` is set and read. */
export const cookieName = (issuer: string, name: string): string => (isSecure(issuer) ? `__Host-${name}` : name)

/** As `setCookie` gives them, in the writing of Device Bound Session Credentials. */
export const cookieAttributes = (issuer: string): string =>
  isSecure(issuer) ? 'Path=/; Secure; HttpOnly; SameSite=Lax' : 'Path=/; HttpOnly; SameSite=Lax'

/** A Set-Cookie value; without `maxAgeSeconds` the cookie ends with the browser. */
export const setCookie = (issuer: string, name: string, value: string, maxAgeSeconds?: number): string =>
  stringifySetCookie({
    name: cookieName(issuer, name),
    value,
    httpOnly: true,
    secure: isSecure(issuer),
    sameSite: 'lax',
    path: '/',
    ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
  })

/** A Set-Cookie value that removes the cookie. */
export const clearCookie = (issuer: string, name: string): string => setCookie(issuer, name, '', 0)

export const parseCookies = (header: string | undefined): Readonly<Record<string, string | undefined>> =>
  header === undefined ? {} : parseCookie(header)
