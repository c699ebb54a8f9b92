/**
 * JSON Web Keys (RFC 7517, 7518 6) and sets of them, as strictly as OPA reads them: one bad key spoils its set. A key becomes
 * what node:crypto works with only once it is used.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { BuiltinError, prefixed } from '../builtin.ts'

export interface Jwk {
  readonly kty: string
  readonly alg: string
  readonly kid: string
  readonly crv: string
  readonly isPrivate: boolean
  /** The members that hold bytes. */
  readonly bytes: Readonly<Record<string, Buffer>>
}

interface Shape {
  readonly required: readonly string[]
  readonly optional: readonly string[]
  readonly curves?: Readonly<Record<string, number>>
}

const SHAPES: ReadonlyMap<string, Shape> = new Map([
  ['RSA', { required: ['n', 'e'], optional: ['d', 'p', 'q', 'dp', 'dq', 'qi'] }],
  ['EC', { required: ['x', 'y'], optional: ['d'], curves: { 'P-256': 32, 'P-384': 48, 'P-521': 66 } }],
  ['OKP', { required: ['x'], optional: ['d'], curves: { Ed25519: 32, X25519: 32, Ed448: 57, X448: 56 } }],
  ['oct', { required: ['k'], optional: [] }],
])

const ALGORITHMS =
  /^([HRP]S(256|384|512)|ES(256|384|512|256K)|EdDSA|Ed25519|Ed448|none|RSA1_5|RSA-OAEP(-(256|384|512))?|A(128|192|256)(GCM)?KW|dir|ECDH-ES(\+A(128|192|256)KW)?|PBES2-HS(256\+A128|384\+A192|512\+A256)KW)$/

type Members = Readonly<Record<string, unknown>>
type Texts = Record<string, string>

/** One key or `{"keys": [...]}`. Throws BuiltinError. */
export function parseJwks(text: string): Jwk[] {
  const given = parseObject(text)
  if (!Object.hasOwn(given, 'keys')) return [prefixed('failed to parse sole key: jwk.ParseKey', () => parseJwk(given))]
  if (!Array.isArray(given.keys)) throw new BuiltinError('failed to unmarshal JWK set: failed to decode "keys"')
  return given.keys.map((key, at) => prefixed(`failed to decode key #${at} in "keys"`, () => parseJwk(asObject(key))))
}

function parseObject(text: string): Members {
  try {
    return asObject(JSON.parse(text))
  } catch (error) {
    throw error instanceof SyntaxError ? new BuiltinError('failed to probe data') : error
  }
}

function asObject(value: unknown): Members {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Members
  throw new BuiltinError('failed to probe data')
}

function parseJwk(given: Members): Jwk {
  const kty = optionalText(given, 'kty')
  const shape = SHAPES.get(kty)
  if (shape === undefined) throw new BuiltinError(`invalid key type from JSON (${kty})`)
  checkAttributes(given)
  const crv = shape.curves === undefined ? '' : optionalText(given, 'crv')
  if (shape.curves !== undefined && !Object.hasOwn(shape.curves, crv)) throw new BuiltinError(`invalid curve ${crv}`)
  const bytes: Record<string, Buffer> = {}
  for (const name of shape.required) bytes[name] = base64Member(given, name)
  for (const name of shape.optional) if (isPresent(given, name)) bytes[name] = base64Member(given, name)
  const jwk = {
    kty,
    alg: optionalText(given, 'alg'),
    kid: optionalText(given, 'kid'),
    crv,
    isPrivate: isPresent(given, 'd'),
    bytes,
  }
  if (kty === 'RSA') checkRsa(jwk)
  if (kty === 'EC') publicKeyOf(jwk)
  return jwk
}

/** What says how a key may be used is read strictly, even where nobody asks for it. */
function checkAttributes(given: Members): void {
  const { alg, key_ops: operations } = given
  if (alg !== undefined && !(typeof alg === 'string' && ALGORITHMS.test(alg))) {
    throw new BuiltinError('failed to decode value for key alg')
  }
  if (isPresent(given, 'key_ops')) {
    const areTexts = Array.isArray(operations) && operations.every((operation) => typeof operation === 'string')
    if (!areTexts) throw new BuiltinError('failed to decode value for key key_ops')
  }
  for (const name of ['use', 'x5u', 'x5t', 'x5t#S256']) optionalText(given, name)
}

/** Null counts as missing, as where Go reads JSON. */
const isPresent = (given: Members, name: string): boolean => Object.hasOwn(given, name) && given[name] !== null

function optionalText(given: Members, name: string): string {
  if (!isPresent(given, name)) return ''
  const value = given[name]
  if (typeof value !== 'string') throw new BuiltinError(`failed to decode value for key ${name}`)
  return value
}

/** Either alphabet, with padding or without. */
function base64Member(given: Members, name: string): Buffer {
  const text = optionalText(given, name)
  const digits = text.replace(/=*$/, '')
  if (digits === '') throw new BuiltinError(`required field ${name} is missing`)
  if (!/^([A-Za-z0-9+/]*|[A-Za-z0-9_-]*)$/.test(digits) || digits.length % 4 === 1) {
    throw new BuiltinError(`failed to decode value for key ${name}`)
  }
  return Buffer.from(digits, 'base64')
}

/** Go's exponent is an int64. */
function checkRsa({ bytes }: Jwk): void {
  const exponent = unsigned(bytes.e)
  if (exponent % 2n === 0n || exponent >= 2n ** 63n) throw new BuiltinError('invalid rsa public exponent')
  if (unsigned(bytes.n) === 0n) throw new BuiltinError('missing "n" value')
}

const unsigned = (bytes: Buffer | undefined): bigint => BigInt(`0x0${bytes?.toString('hex') ?? ''}`)

/** Throws BuiltinError for a point off its curve. */
export function publicKeyOf(jwk: Jwk): KeyObject {
  return inNode('failed to build public key', () => createPublicKey({ format: 'jwk', key: publicMembers(jwk) }))
}

export function privateKeyOf(jwk: Jwk): KeyObject {
  const key = { ...publicMembers(jwk), ...(jwk.kty === 'RSA' ? rsaSecrets(jwk) : { d: member(jwk, 'd') }) }
  return inNode('failed to build private key', () => createPrivateKey({ format: 'jwk', key }))
}

function inNode(message: string, make: () => KeyObject): KeyObject {
  try {
    return make()
  } catch (error) {
    throw error instanceof BuiltinError ? error : new BuiltinError(message)
  }
}

function publicMembers(jwk: Jwk): Texts {
  if (jwk.kty === 'RSA') return { kty: 'RSA', n: member(jwk, 'n'), e: member(jwk, 'e') }
  if (jwk.kty === 'EC') return { kty: 'EC', crv: jwk.crv, x: member(jwk, 'x'), y: member(jwk, 'y') }
  return { kty: 'OKP', crv: jwk.crv, x: encoded(jwk.bytes.x) }
}

/** node:crypto wants the values of the Chinese remainder theorem; a JWK may leave them out (RFC 7518 6.3.2). */
function rsaSecrets(jwk: Jwk): Texts {
  const [d, p, q] = [unsigned(jwk.bytes.d), unsigned(jwk.bytes.p), unsigned(jwk.bytes.q)]
  if (p < 2n || q < 2n) throw new BuiltinError('missing "p" or "q" value')
  const derived = {
    dp: jwk.bytes.dp ?? bytesOf(d % (p - 1n)),
    dq: jwk.bytes.dq ?? bytesOf(d % (q - 1n)),
    qi: jwk.bytes.qi ?? bytesOf(inverse(q, p)),
  }
  return {
    d: member(jwk, 'd'),
    p: member(jwk, 'p'),
    q: member(jwk, 'q'),
    dp: encoded(derived.dp),
    dq: encoded(derived.dq),
    qi: encoded(derived.qi),
  }
}

/** Euclid's: a × result = 1 modulo m, or 0 where there is none. */
function inverse(a: bigint, m: bigint): bigint {
  let [low, high] = [
    { rest: a % m, factor: 1n },
    { rest: m, factor: 0n },
  ]
  while (low.rest > 1n) {
    const times = high.rest / low.rest
    ;[low, high] = [{ rest: high.rest - times * low.rest, factor: high.factor - times * low.factor }, low]
  }
  return low.rest === 1n ? ((low.factor % m) + m) % m : 0n
}

function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}

/** Without leading zeros, or with as many as the curve's size asks for: node:crypto takes no other length. */
function member(jwk: Jwk, name: string): string {
  const bytes = jwk.bytes[name]
  if (bytes === undefined) throw new BuiltinError(`missing "${name}" value`)
  const size = jwk.kty === 'EC' ? (SHAPES.get('EC')?.curves?.[jwk.crv] ?? 0) : 0
  const start = bytes.findIndex((byte) => byte !== 0)
  const significant = start < 0 ? Buffer.alloc(0) : bytes.subarray(start)
  if (jwk.kty === 'OKP') return encoded(bytes)
  return encoded(Buffer.concat([Buffer.alloc(Math.max(size - significant.length, 0)), significant]))
}

const encoded = (bytes: Buffer | undefined): string => bytes?.toString('base64url') ?? ''
