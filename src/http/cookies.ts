/** Cookies of ours, RFC 6265bis: always HttpOnly, Secure, SameSite=Lax, Path=/; `__Host-` named where the issuer is https. */
import { parseCookie, stringifySetCookie } from 'cookie'

/** The name under which `name` is set and read. Over http (loopback only) browsers refuse the prefix. */
export const cookieName = (issuer: string, name: string): string =>
  issuer.startsWith('https:') ? `__Host-${name}` : name

/** A Set-Cookie value; without `maxAgeSeconds` the cookie ends with the browser. */
export const setCookie = (name: string, value: string, maxAgeSeconds?: number): string =>
  stringifySetCookie({
    name,
    value,
    httpOnly: true,
    secure: true,
    sameSite: 'lax',
    path: '/',
    ...(maxAgeSeconds !== undefined && { maxAge: maxAgeSeconds }),
  })

/** A Set-Cookie value that removes the cookie. */
export const clearCookie = (name: string): string => setCookie(name, '', 0)

export const parseCookies = (header: string | undefined): Readonly<Record<string, string | undefined>> =>
  header === undefined ? {} : parseCookie(header)
