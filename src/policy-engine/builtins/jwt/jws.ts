/** Signing and verifying by the algorithms of JWS (RFC 7518 3, RFC 8037), synchronously, with what Go refuses refused. */
import { constants, createHmac, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto'
import type { BuiltinContext } from '../builtin.ts'

export interface Algorithm {
  readonly family: 'hmac' | 'rsa' | 'pss' | 'ecdsa' | 'eddsa'
  readonly hash: string
}

const SIZES = ['256', '384', '512']
const family = (prefix: string, name: Algorithm['family']): [string, Algorithm][] =>
  SIZES.map((size) => [prefix + size, { family: name, hash: `sha${size}` }])

/** The algorithms that OPA signs with; it verifies by these too. */
export const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ...family('HS', 'hmac'),
  ...family('RS', 'rsa'),
  ...family('PS', 'pss'),
  ...family('ES', 'ecdsa'),
  ['EdDSA', { family: 'eddsa', hash: '' }],
])

export type Secret = { readonly kind: 'secret'; readonly bytes: Buffer }
export type SigningKey = Secret | { readonly kind: 'key'; readonly key: KeyObject; readonly isPrivate: boolean }

export interface Verification {
  /** PSS: a salt of any length, instead of the hash's. */
  readonly anySalt: boolean
  /** ECDSA: halves of any length, instead of the curve's (RFC 7518 3.4). */
  readonly anyLength: boolean
}

const KEY_TYPES: Readonly<Record<Exclude<Algorithm['family'], 'hmac'>, string>> = {
  rsa: 'rsa',
  pss: 'rsa',
  ecdsa: 'ec',
  eddsa: 'ed25519',
}

/** False for a key of another kind: nobody learns which it was. */
export function verifies(
  context: BuiltinContext,
  algorithm: Algorithm,
  key: SigningKey,
  message: Buffer,
  signature: Buffer,
  how: Verification,
): boolean {
  context.charge(VERIFY_UNITS + message.length / 2)
  if (algorithm.family === 'hmac') return key.kind === 'secret' && verifiesHmac(algorithm, key, message, signature)
  if (key.kind === 'secret' || key.key.asymmetricKeyType !== KEY_TYPES[algorithm.family]) return false
  try {
    if (algorithm.family === 'eddsa') return verify(null, message, key.key, signature)
    if (algorithm.family === 'ecdsa') return verifiesEcdsa(algorithm, key.key, message, signature, how)
    return verifiesRsa(algorithm, key.key, message, signature, how)
  } catch {
    return false
  }
}

/** Some 200 microseconds for the slowest curve. */
const VERIFY_UNITS = 40_000
/** An RSA key of 2,048 bits signs in half a millisecond. */
const SIGN_UNITS = 100_000

function verifiesHmac(algorithm: Algorithm, secret: Secret, message: Buffer, signature: Buffer): boolean {
  const expected = createHmac(algorithm.hash, secret.bytes).update(message).digest()
  return expected.length === signature.length && timingSafeEqual(expected, signature)
}

const MIN_RSA_BITS = 1024
const MAX_RSA_EXPONENT = 2n ** 31n - 1n

function verifiesRsa(
  algorithm: Algorithm,
  key: KeyObject,
  message: Buffer,
  signature: Buffer,
  how: Verification,
): boolean {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (modulusLength < MIN_RSA_BITS || publicExponent > MAX_RSA_EXPONENT) return false
  return verify(algorithm.hash, message, { key, ...padding(algorithm, how.anySalt) }, signature)
}

function padding(algorithm: Algorithm, anySalt: boolean): { padding: number; saltLength?: number } {
  if (algorithm.family === 'rsa') return { padding: constants.RSA_PKCS1_PADDING }
  return {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: anySalt ? constants.RSA_PSS_SALTLEN_AUTO : constants.RSA_PSS_SALTLEN_DIGEST,
  }
}

const CURVE_BYTES: Readonly<Record<string, number>> = { secp224r1: 28, prime256v1: 32, secp384r1: 48, secp521r1: 66 }

function verifiesEcdsa(
  algorithm: Algorithm,
  key: KeyObject,
  message: Buffer,
  signature: Buffer,
  how: Verification,
): boolean {
  const size = CURVE_BYTES[key.asymmetricKeyDetails?.namedCurve ?? '']
  if (size === undefined) return false
  if (!how.anyLength && signature.length !== 2 * size) return false
  const half = Math.floor(signature.length / 2)
  const [r, s] = [resized(signature.subarray(0, half), size), resized(signature.subarray(half), size)]
  if (r === undefined || s === undefined) return false
  return verify(algorithm.hash, message, { key, dsaEncoding: 'ieee-p1363' }, Buffer.concat([r, s]))
}

/** Undefined for a number that does not fit. */
function resized(bytes: Buffer, size: number): Buffer | undefined {
  const excess = bytes.length - size
  if (excess <= 0) return Buffer.concat([Buffer.alloc(-excess), bytes])
  return bytes.subarray(0, excess).every((byte) => byte === 0) ? bytes.subarray(excess) : undefined
}

/** Undefined for a key of another kind, or one too weak. */
export function signature(
  context: BuiltinContext,
  algorithm: Algorithm,
  key: SigningKey,
  message: Buffer,
): Buffer | undefined {
  context.charge(signUnits(key) + message.length / 2)
  if (algorithm.family === 'hmac') {
    return key.kind === 'secret' ? createHmac(algorithm.hash, key.bytes).update(message).digest() : undefined
  }
  if (key.kind === 'secret' || key.key.asymmetricKeyType !== KEY_TYPES[algorithm.family]) return undefined
  try {
    if (algorithm.family === 'eddsa') return sign(null, message, key.key)
    if (algorithm.family === 'ecdsa') return sign(algorithm.hash, message, { key: key.key, dsaEncoding: 'ieee-p1363' })
    if ((key.key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS) return undefined
    return sign(algorithm.hash, message, { key: key.key, ...padding(algorithm, false) })
  } catch {
    return undefined
  }
}

/** RSA grows with the cube of the modulus. */
function signUnits(key: SigningKey): number {
  const bits = key.kind === 'key' ? (key.key.asymmetricKeyDetails?.modulusLength ?? 0) : 0
  return SIGN_UNITS * Math.max(0.2, (bits / 2048) ** 3)
}
