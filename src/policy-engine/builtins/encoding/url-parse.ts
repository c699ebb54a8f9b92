/** URLs as Go's url.Parse reads them (RFC 3986 with its own leeway). On byte strings; failures are BuiltinErrors with Go's words. */
import { isIPv4, isIPv6 } from 'node:net'
import { BuiltinError } from '../builtin.ts'
import { quoteGo } from '../text/go-text.ts'
import { escapeBytes, toText, unescapeBytes } from './url-escape.ts'

export interface GoUrl {
  readonly scheme: string
  /** With the port, brackets kept. */
  readonly host: string
  readonly path: string
  /** Empty where the usual escaping of the path gives what was written. */
  readonly rawPath: string
  readonly rawQuery: string
  readonly fragment: string
}

export function parseUrl(bytes: string): GoUrl {
  const [main, fragment] = cut(bytes, '#')
  const parsed = named(main, () => parseMain(main))
  return { ...parsed, fragment: fragment === '' ? '' : named(bytes, () => unescapeBytes(fragment, 'fragment')) }
}

function named<T>(url: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof BuiltinError)) throw error
    throw new BuiltinError(`parse ${quoteGo(toText(url))}: ${error.message}`)
  }
}

const NO_URL: GoUrl = { scheme: '', host: '', path: '', rawPath: '', rawQuery: '', fragment: '' }

function parseMain(bytes: string): GoUrl {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are refused
  if (/[\x00-\x1f\x7f]/.test(bytes)) throw new BuiltinError('net/url: invalid control character in URL')
  if (bytes === '*') return { ...NO_URL, path: '*' }
  if (bytes.startsWith(':')) throw new BuiltinError('missing protocol scheme')
  const [, given = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(bytes) ?? []
  const scheme = given.toLowerCase()
  const [rest, rawQuery] = cut(scheme === '' ? bytes : bytes.slice(given.length + 1), '?')
  if (!rest.startsWith('/')) {
    // A path without a root behind a scheme is opaque, and no part of it is answered.
    if (scheme !== '') return { ...NO_URL, scheme, rawQuery }
    if (cut(rest, '/')[0].includes(':')) throw new BuiltinError('first path segment in URL cannot contain colon')
  }
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))
  const [, authority = '', path = ''] = hasAuthority ? (/^\/\/([^/]*)(.*)$/s.exec(rest) ?? []) : ['', '', rest]
  const host = hasAuthority ? parseAuthority(scheme, authority) : ''
  return { ...NO_URL, scheme, rawQuery, host, ...parsePath(path) }
}

function parsePath(written: string): Pick<GoUrl, 'path' | 'rawPath'> {
  const path = unescapeBytes(written, 'path')
  return { path, rawPath: escapeBytes(path, 'path') === written ? '' : written }
}

function parseAuthority(scheme: string, authority: string): string {
  const at = authority.lastIndexOf('@')
  const host = parseHost(scheme, authority.slice(at + 1))
  if (at < 0) return host
  const user = authority.slice(0, at)
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) throw new BuiltinError('net/url: invalid userinfo')
  for (const part of cut(user, ':')) unescapeBytes(part, 'userPassword')
  return host
}

const isOptionalPort = (text: string): boolean => /^(?::[0-9]*)?$/.test(text)

function parseHost(scheme: string, host: string): string {
  const open = host.lastIndexOf('[')
  if (open > 0) throw new BuiltinError('invalid IP-literal')
  if (open === 0) return parseIpLiteral(host)
  const colon = scheme === 'http' || scheme === 'https' ? host.indexOf(':') : host.lastIndexOf(':')
  if (colon >= 0) expectPort(host.slice(colon))
  return unescapeBytes(host, 'host')
}

function expectPort(text: string): void {
  if (!isOptionalPort(text)) throw new BuiltinError(`invalid port ${quoteGo(toText(text))} after host`)
}

function parseIpLiteral(host: string): string {
  const close = host.lastIndexOf(']')
  if (close < 0) throw new BuiltinError("missing ']' in host")
  const port = host.slice(close + 1)
  expectPort(port)
  const name = host.slice(1, close)
  const zoneAt = name.indexOf('%25')
  const address =
    zoneAt < 0
      ? unescapeBytes(name, 'host')
      : unescapeBytes(name.slice(0, zoneAt), 'host') + unescapeBytes(name.slice(zoneAt), 'zone')
  if (isIPv4(address)) throw new BuiltinError('invalid IP-literal')
  const [plain, zone] = cut(address, '%')
  if (!isIPv6(plain) || (address.includes('%') && zone === '')) {
    throw new BuiltinError(`invalid host: ParseAddr(${quoteGo(toText(address))}): unable to parse IP`)
  }
  return `[${address}]${port}`
}

/** Host without brackets, and port. */
export function splitHostPort(hostPort: string): { hostname: string; port: string } {
  const colon = hostPort.lastIndexOf(':')
  const hasPort = colon >= 0 && isOptionalPort(hostPort.slice(colon))
  const host = hasPort ? hostPort.slice(0, colon) : hostPort
  const bracketed = host.startsWith('[') && host.endsWith(']')
  return { hostname: bracketed ? host.slice(1, -1) : host, port: hasPort ? hostPort.slice(colon + 1) : '' }
}

function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}
