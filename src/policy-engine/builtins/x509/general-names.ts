/** General names (RFC 5280 4.2.1.6, 4.2.1.10): alternative names of a subject, and the constraints on such names. */
import { isIP } from 'node:net'
import { RegoObject, type Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'
import { escapeBytes, toText } from '../encoding/url-escape.ts'
import { parseUrl } from '../encoding/url-parse.ts'
import { addressAt, writeAddress } from '../net/ip-network.ts'
import { contextTag, Der, TAG, wrapperTag } from './der.ts'
import { isAscii } from './name.ts'

const [EMAIL, DNS, URI, IP] = [contextTag(1), contextTag(2), contextTag(6), contextTag(7)]

export interface AlternativeNames {
  readonly DNSNames: string[]
  readonly EmailAddresses: string[]
  readonly IPAddresses: string[]
  readonly URIs: Value[]
  readonly URIStrings: string[]
}

export function readAlternativeNames(extension: Buffer): AlternativeNames {
  const names: AlternativeNames = { DNSNames: [], EmailAddresses: [], IPAddresses: [], URIs: [], URIStrings: [] }
  for (const { tag, content } of new Der(extension, 'subject alternative names')
    .inner(TAG.sequence)
    .list((der) => der.any())) {
    if (tag === EMAIL) names.EmailAddresses.push(ascii(content, 'SAN rfc822Name'))
    if (tag === DNS) names.DNSNames.push(ascii(content, 'SAN dNSName'))
    if (tag === IP) names.IPAddresses.push(readAddress(content))
    if (tag === URI) {
      const text = ascii(content, 'SAN uniformResourceIdentifier')
      names.URIs.push(describeUri(text))
      names.URIStrings.push(writeUri(text))
    }
  }
  return names
}

function ascii(content: Buffer, what: string): string {
  if (!isAscii(content)) throw new BuiltinError(`x509: ${what} is malformed`)
  return content.toString('latin1')
}

function readAddress(content: Buffer): string {
  const value = BigInt(`0x0${content.toString('hex')}`)
  if (content.length === 4) return writeAddress({ bits: 32, value })
  if (content.length === 16) return writeAddress(addressAt(value))
  throw new BuiltinError(`x509: cannot parse IP address of length ${content.length}`)
}

/** Go's url.URL. Its user part has no visible fields. */
function describeUri(text: string): Value {
  const { scheme, host, path, rawPath, rawQuery, fragment } = parseUrl(text)
  if (!isDomain(host, false)) throw new BuiltinError(`x509: cannot parse URI "${text}": invalid domain`)
  const [, rest = '', query] = /^[^:]*:([^?#]*)(\?[^#]*)?/.exec(text) ?? []
  const isOpaque = scheme !== '' && rest !== '' && !rest.startsWith('/')
  return RegoObject.fromRecord({
    Scheme: scheme,
    Opaque: isOpaque ? rest : '',
    User: /^\/\/[^/]*@/.test(rest) ? new RegoObject() : null,
    Host: toText(host),
    Path: toText(path),
    RawPath: rawPath,
    OmitHost: false,
    ForceQuery: query === '?',
    RawQuery: rawQuery,
    Fragment: toText(fragment),
    RawFragment: '',
  })
}

/** As Go writes it again: escaped where it was not. */
function writeUri(text: string): string {
  const [, scheme = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*:)?(.*)$/s.exec(text) ?? []
  const { path, fragment } = parseUrl(text)
  const [, authority = '', given = '', query = '', mark = ''] =
    /^(\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(rest) ?? []
  const isOpaque = scheme !== '' && authority === '' && given !== '' && !given.startsWith('/')
  const written = isOpaque || isEscaped(given) ? given : escapeBytes(path, 'path')
  const tail = isEscaped(mark.slice(1)) ? mark : `#${escapeBytes(fragment, 'fragment')}`
  return scheme.toLowerCase() + authority + written + query + tail
}

const isEscaped = (part: string): boolean => /^[A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]%?]*$/.test(part)

export interface Constraints {
  readonly dns: string[]
  readonly emails: string[]
  readonly uris: string[]
  readonly ranges: Value[]
  /** A kind of name that is not understood. */
  readonly isPartial: boolean
}

export function readConstraints(extension: Buffer): {
  readonly permitted: Constraints
  readonly excluded: Constraints
} {
  const outer = new Der(extension, 'NameConstraints extension')
  const subtrees = outer.inner(TAG.sequence)
  const [permitted, excluded] = [subtrees.optional(wrapperTag(0)), subtrees.optional(wrapperTag(1))]
  if (!outer.isEmpty || !subtrees.isEmpty) outer.fail()
  if (!permitted?.length && !excluded?.length) throw new BuiltinError('x509: empty name constraints extension')
  return { permitted: readSubtrees(permitted), excluded: readSubtrees(excluded) }
}

function readSubtrees(content: Buffer | undefined): Constraints {
  const constraints = {
    dns: [] as string[],
    emails: [] as string[],
    uris: [] as string[],
    ranges: [] as Value[],
    isPartial: false,
  }
  if (content === undefined) return constraints
  for (const { tag, content: name } of new Der(content, 'NameConstraints extension').list((der) =>
    der.inner(TAG.sequence).any(),
  )) {
    if (tag === DNS) constraints.dns.push(constraintText(name, isDomainConstraint))
    else if (tag === EMAIL) constraints.emails.push(constraintText(name, isMailConstraint))
    else if (tag === URI) constraints.uris.push(constraintText(name, isUriConstraint))
    else if (tag === IP) constraints.ranges.push(readRange(name))
    else constraints.isPartial = true
  }
  return constraints
}

function constraintText(content: Buffer, isValid: (text: string) => boolean): string {
  const text = content.toString('latin1')
  if (!isAscii(content) || !isValid(text)) throw new BuiltinError('x509: failed to parse a name constraint')
  return text
}

const isDomainConstraint = (text: string): boolean => isDomain(text, true)
const isUriConstraint = (text: string): boolean => isIP(text) === 0 && isDomain(text, true)
/** A mailbox is exact: one at-sign behind a local part. */
const isMailConstraint = (text: string): boolean =>
  text.includes('@')
    ? /^("[^"\\]+"|[^\s"(),:;<>@[\\\]]+)@[^@]+$/.test(text) && isDomain(text.slice(text.lastIndexOf('@') + 1), false)
    : isDomain(text, true)

/** Labels are not empty; a constraint may begin with a dot. */
function isDomain(text: string, isConstraint: boolean): boolean {
  if (text === '') return true
  const labels = isConstraint && text.startsWith('.') ? text.slice(1) : text
  return /^[!-~]+$/.test(labels) && labels.split('.').every((label) => label !== '')
}

function readRange(content: Buffer): Value {
  const half = content.length / 2
  if (half !== 4 && half !== 16)
    throw new BuiltinError(`x509: IP constraint contained value of length ${content.length}`)
  const mask = content.subarray(half)
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  if (!/^1*0*$/.test(bits)) throw new BuiltinError(`x509: IP constraint contained invalid mask ${mask.toString('hex')}`)
  return RegoObject.fromRecord({ IP: readAddress(content.subarray(0, half)), Mask: mask.toString('base64') })
}
