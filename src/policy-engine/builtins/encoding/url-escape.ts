/**
 * Percent-encoding by Go's net/url, which differs from WHATWG's in what it escapes and refuses. Works on byte strings: one
 * character for each byte of UTF-8, since an escape may cut a character.
 */
import { BuiltinError } from '../builtin.ts'
import { decodeUtf8, quoteGoBytes } from '../text/go-text.ts'

/** What may stand unescaped besides letters and digits. */
const ALLOWED = {
  path: '$&+,-./:;=@_~',
  host: `!"$&'()*+,-.:;<=>[]_~`,
  zone: `!"$&'()*+,-.:;<=>[]_~`,
  userPassword: '$&+,-.;=_~',
  query: '-._~',
  fragment: '!$&()*+,-./:;=?@_~',
} as const

export type UrlPart = keyof typeof ALLOWED

/** The bytes that `mustEscape`. */
const ESCAPED = Object.fromEntries(
  Object.entries(ALLOWED).map(([part, allowed]) => [
    part,
    new RegExp(`[^0-9A-Za-z${allowed.replace(/[\\\]^[-]/g, '\\$&')}]`, 'g'),
  ]),
) as Readonly<Record<UrlPart, RegExp>>

export const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
export const toText = (bytes: string): string => decodeUtf8(Buffer.from(bytes, 'latin1'))

const mustEscape = (byte: string, part: UrlPart): boolean => !/[0-9A-Za-z]/.test(byte) && !ALLOWED[part].includes(byte)

export function escapeBytes(bytes: string, part: UrlPart): string {
  return bytes.replace(ESCAPED[part], (byte) => {
    if (byte === ' ' && part === 'query') return '+'
    return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}

export function unescapeBytes(bytes: string, part: UrlPart): string {
  // Where any byte but an escape may stand as it is, only escapes are looked at: a call for each byte takes long.
  const pattern = part === 'host' || part === 'zone' ? /%(?:[0-9A-Fa-f]{2})?|[^%]/g : /%(?:[0-9A-Fa-f]{2})?|\+/g
  return bytes.replace(pattern, (found, at: number) => {
    if (found === '%') throw invalidEscape(bytes.slice(at, at + 3))
    if (found.length === 3) return unescapeOne(found, part)
    if (found === '+' && part === 'query') return ' '
    if ((part === 'host' || part === 'zone') && found < '\x80' && mustEscape(found, part)) {
      throw new BuiltinError(`invalid character ${quoteBytes(found)} in host name`)
    }
    return found
  })
}

/** In hosts only what is not ASCII may be escaped, and the percent sign before a zone (RFC 6874). */
function unescapeOne(escaped: string, part: UrlPart): string {
  const byte = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  const isPercent = escaped === '%25'
  if (part === 'host' && byte < '\x80' && !isPercent) throw invalidEscape(escaped)
  if (part === 'zone' && !isPercent && byte !== ' ' && mustEscape(byte, 'host')) throw invalidEscape(escaped)
  return byte
}

const quoteBytes = (bytes: string): string => quoteGoBytes(Buffer.from(bytes, 'latin1'))

const invalidEscape = (bytes: string): BuiltinError => new BuiltinError(`invalid URL escape ${quoteBytes(bytes)}`)
