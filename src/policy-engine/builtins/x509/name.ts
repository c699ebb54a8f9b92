/** Distinguished names (RFC 5280 4.1.2.4) as Go's pkix.Name shows them in JSON. */
import { RegoObject, type Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'
import { decodeUtf8 } from '../text/go-text.ts'
import { Der, type Element, TAG } from './der.ts'

/** By the last number of 2.5.4.x. */
const LISTED: Readonly<Record<number, string>> = {
  6: 'Country',
  7: 'Locality',
  8: 'Province',
  9: 'StreetAddress',
  10: 'Organization',
  11: 'OrganizationalUnit',
  17: 'PostalCode',
}
const SINGLE: Readonly<Record<number, string>> = { 3: 'CommonName', 5: 'SerialNumber' }

export function readName(raw: Buffer): Value {
  const attributes = new Der(raw, 'RDNSequence')
    .inner(TAG.sequence)
    .list((sequence) => sequence.inner(TAG.set).list(readAttribute))
    .flat()
  const single = new Map<string, string>()
  const listed = new Map<string, string[]>()
  for (const { type, value } of attributes) {
    const last = type.length === 4 && type.slice(0, 3).join('.') === '2.5.4' ? (type[3] ?? 0) : 0
    const [one, many] = [SINGLE[last], LISTED[last]]
    if (one !== undefined) single.set(one, value)
    if (many !== undefined) listed.set(many, [...(listed.get(many) ?? []), value])
  }
  return new RegoObject([
    ...Object.values(SINGLE).map((name): [string, Value] => [name, single.get(name) ?? '']),
    ...Object.values(LISTED).map((name): [string, Value] => [name, listed.get(name) ?? null]),
    ['ExtraNames', null],
    [
      'Names',
      attributes.length === 0
        ? null
        : attributes.map(({ type, value }) => RegoObject.fromRecord({ Type: type, Value: value })),
    ],
  ])
}

interface Attribute {
  readonly type: readonly number[]
  readonly value: string
}

function readAttribute(set: Der): Attribute {
  const attribute = set.inner(TAG.sequence, 'RDNSequence: invalid attribute')
  return { type: attribute.oid(), value: readText(attribute.any()) }
}

const [UTF8, NUMERIC, PRINTABLE, T61, IA5, BMP] = [0x0c, 0x12, 0x13, 0x14, 0x16, 0x1e]

function readText({ tag, content }: Element): string {
  const ascii = content.toString('latin1')
  if (tag === UTF8) return utf8(content)
  if (tag === T61) return ascii
  if (tag === PRINTABLE && /^[A-Za-z0-9 '()+,\-./:=?*&]*$/.test(ascii)) return ascii
  if (tag === NUMERIC && /^[0-9 ]*$/.test(ascii)) return ascii
  if (tag === IA5 && isAscii(content)) return ascii
  if (tag === BMP) return readBmp(content)
  throw invalid()
}

export const isAscii = (bytes: Buffer): boolean => bytes.every((byte) => byte < 0x80)

function utf8(content: Buffer): string {
  const text = decodeUtf8(content)
  if (!Buffer.from(text).equals(content)) throw invalid()
  return text
}

/** UCS-2: surrogates and what is no character are refused. */
function readBmp(content: Buffer): string {
  if (content.length % 2 !== 0) throw invalid()
  const text = Buffer.from(content).swap16().toString('utf16le').replace(/\0$/, '')
  if (/[\ufffe\uffff\ufdd0-\ufdef\ud800-\udfff]/.test(text)) throw invalid()
  return text
}

const invalid = (): BuiltinError => new BuiltinError('x509: invalid RDNSequence: invalid attribute value')
