/**
 * Distinguished names made comparable: RFC 4514 lets one name be written in several ways. Attribute types compare without
 * regard to case or alias, values exactly (RFC 8705 2.1.2 asks for the expected name, not for one like it).
 */

/** Names of one attribute type, OpenSSL's among them; the first is ours. */
const ALIASES: readonly (readonly string[])[] = [
  ['CN', 'COMMONNAME', '2.5.4.3'],
  ['SN', 'SURNAME', '2.5.4.4'],
  ['SERIALNUMBER', '2.5.4.5'],
  ['C', 'COUNTRYNAME', '2.5.4.6'],
  ['L', 'LOCALITYNAME', '2.5.4.7'],
  ['ST', 'S', 'STATEORPROVINCENAME', '2.5.4.8'],
  ['STREET', 'STREETADDRESS', '2.5.4.9'],
  ['O', 'ORGANIZATIONNAME', '2.5.4.10'],
  ['OU', 'ORGANIZATIONALUNITNAME', '2.5.4.11'],
  ['TITLE', 'T', '2.5.4.12'],
  ['BUSINESSCATEGORY', '2.5.4.15'],
  ['POSTALCODE', '2.5.4.17'],
  ['GN', 'G', 'GIVENNAME', '2.5.4.42'],
  ['ORGANIZATIONIDENTIFIER', '2.5.4.97'],
  ['EMAILADDRESS', 'E', 'EMAIL', '1.2.840.113549.1.9.1'],
  ['UID', 'USERID', '0.9.2342.19200300.100.1.1'],
  ['DC', 'DOMAINCOMPONENT', '0.9.2342.19200300.100.1.25'],
  ['JURISDICTIONL', '1.3.6.1.4.1.311.60.2.1.1'],
  ['JURISDICTIONST', '1.3.6.1.4.1.311.60.2.1.2'],
  ['JURISDICTIONC', '1.3.6.1.4.1.311.60.2.1.3'],
]
const TYPES = new Map(ALIASES.flatMap((names) => names.map((name) => [name, names[0] ?? name] as const)))

const ATTRIBUTE =
  /\s*([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)\s*=\s*(#[0-9A-Fa-f]*|"(?:[^"\\]|\\.)*"|(?:[^",;+\\]|\\.)*)([,;+]|$)/gsuy

/** Of a value; one that is escaped belongs to it. */
const TRAILING_SPACE = /(?<!\\)((?:\\\\)*)\s+$/u

/** Undefined for a text that is no name, and for the empty one, which names nobody. */
export function canonicalName(text: string): string | undefined {
  const name: string[][] = []
  let relative: string[] = []
  let end = 0
  let separator: string | undefined = ''
  for (const found of text.matchAll(ATTRIBUTE)) {
    const [all, type = '', value = '', after] = found
    const read = readValue(value.replace(TRAILING_SPACE, '$1'))
    if (read === undefined) return undefined
    relative.push(JSON.stringify([TYPES.get(type.toUpperCase()) ?? type.toUpperCase(), read]))
    end = found.index + all.length
    separator = after
    if (separator === '+') continue
    name.push(relative.toSorted())
    relative = []
    if (separator === '') break
  }
  return separator === '' && end === text.length && name.length > 0 ? JSON.stringify(name) : undefined
}

function readValue(written: string): string | undefined {
  if (written.startsWith('#')) return textIn(Buffer.from(written.slice(1), 'hex'))
  const inner = /^".*"$/su.test(written) ? written.slice(1, -1) : written
  const bytes = inner.replaceAll(
    /\\([0-9A-Fa-f]{2})|\\(.)|([^\\]+)/gsu,
    (_all, hex?: string, escaped?: string, plain?: string) =>
      hex ?? Buffer.from(escaped ?? plain ?? '').toString('hex'),
  )
  return decoded(Buffer.from(bytes, 'hex'))
}

/** UTF8String, PrintableString and IA5String in DER (RFC 4514 2.4: a value that has no text of its own). */
function textIn(der: Buffer): string | undefined {
  const [tag = 0, length] = der
  const isText = tag === 0x0c || tag === 0x13 || tag === 0x16
  return isText && length === der.length - 2 && length < 0x80 ? decoded(der.subarray(2)) : undefined
}

/** What is no UTF-8 is no text: two such values must not read the same. */
function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
