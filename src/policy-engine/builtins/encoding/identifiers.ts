/** uuid.* (RFC 9562, formerly 4122) and rand.intn. */
import { numberOfBigInt } from '../../wasm/number.ts'
import { RegoObject, type Value } from '../../wasm/value.ts'
import type { BuiltinContext, BuiltinTable } from '../builtin.ts'
import { asInt64, asString } from '../operands.ts'

export const IDENTIFIERS: BuiltinTable = {
  'uuid.rfc4122': (context) => newUuid(context.random(16)),
  'uuid.parse': (_, text) => parseUuid(asString(1, text)),
  'rand.intn': (context, key, limit) => randomBelow(context, asString(1, key), asInt64(2, limit)),
}

function newUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  const variant = (((bytes[8] ?? 0) & 0x3f) | 0x80).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20)}`
}

/** One answer in a decision for a key and a size, whatever the sign. */
function randomBelow(context: BuiltinContext, key: string, limit: bigint): Value {
  const size = limit < 0n ? -limit : limit
  if (size === 0n) return 0
  const cacheKey = `rand.intn ${size} ${key}`
  const known = context.cache.get(cacheKey)
  const drawn = typeof known === 'bigint' ? known : draw(context, size)
  context.cache.set(cacheKey, drawn)
  return numberOfBigInt(drawn)
}

/** Rejects the uneven rest of 2^64, so that no number is likelier than another. */
function draw(context: BuiltinContext, size: bigint): bigint {
  const even = 2n ** 64n - (2n ** 64n % size)
  for (;;) {
    const drawn = Buffer.from(context.random(8)).readBigUInt64BE()
    if (drawn < even) return drawn % size
  }
}

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** 100 ns intervals from 1582-10-15 to 1970-01-01. */
const GREGORIAN_TO_UNIX = 122_192_928_000_000_000n
const DOMAINS = ['Person', 'Group', 'Org']

function parseUuid(text: string): Value | undefined {
  const hex = uuidDigits(text)
  if (hex === undefined) return undefined
  const bytes = Buffer.from(hex, 'hex')
  const version = bytes.readUInt8(6) >> 4
  const common = { version, variant: variantOf(bytes.readUInt8(8)) }
  if (version !== 1 && version !== 2) return RegoObject.fromRecord(common)
  const domain = bytes.readUInt8(9)
  return RegoObject.fromRecord({
    ...common,
    time: numberOfBigInt(unixNanoseconds(bytes)),
    nodeid: (hex.slice(20).match(/../g) ?? []).join('-'),
    macvariables: macVariables(bytes.readUInt8(10)),
    clocksequence: bytes.readUInt16BE(8) & 0x3fff,
    ...(version === 2 ? { id: bytes.readUInt32BE(0), domain: DOMAINS[domain] ?? `Domain${domain}` } : {}),
  })
}

/** The plain form, 32 digits, `urn:uuid:`, or one character of any kind around the plain form. */
function uuidDigits(text: string): string | undefined {
  if (/^[0-9a-f]{32}$/i.test(text)) return text.toLowerCase()
  const size = Buffer.byteLength(text)
  const isUrn = size === 45 && /^urn:uuid:/i.test(text)
  const isWrapped = size === 38 && text.length === 38
  const plain = isUrn ? text.slice(9) : isWrapped ? text.slice(1, 37) : text
  return FORM.test(plain) ? plain.replaceAll('-', '').toLowerCase() : undefined
}

function variantOf(byte: number): string {
  if (byte < 0x80) return 'Reserved'
  return byte < 0xc0 ? 'RFC4122' : byte < 0xe0 ? 'Microsoft' : 'Future'
}

function unixNanoseconds(bytes: Buffer): bigint {
  const high = BigInt(bytes.readUInt16BE(6) & 0xfff)
  const intervals = (high << 48n) | (BigInt(bytes.readUInt16BE(4)) << 32n) | BigInt(bytes.readUInt32BE(0))
  return BigInt.asIntN(64, (intervals - GREGORIAN_TO_UNIX) * 100n)
}

const macVariables = (byte: number): string =>
  `${byte & 0b10 ? 'local' : 'global'}:${byte & 0b01 ? 'multicast' : 'unicast'}`
