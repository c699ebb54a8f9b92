/** Private keys in PEM (RFC 5208, 5915, 8017, 8410): as Go's key types show themselves in JSON, or as JSON Web Keys. */
import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto'
import { numberOfBigInt } from '../../wasm/number.ts'
import { RegoObject, type Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'
import { decodeBase64 } from '../encoding/base64.ts'
import { Der, TAG, wrapperTag } from './der.ts'
import { readAllPem } from './pem.ts'
import { CURVES, pointOf, unsigned } from './public-key.ts'

const FORMATS: Readonly<Record<string, 'pkcs1' | 'pkcs8' | 'sec1' | undefined>> = {
  'RSA PRIVATE KEY': 'pkcs1',
  'PRIVATE KEY': 'pkcs8',
  'EC PRIVATE KEY': 'sec1',
}

/** The keys of a PEM text, or of one in base64; other blocks are passed over. */
export function readPrivateKeys(text: string): KeyObject[] {
  return readAllPem(fromBase64(text)).flatMap(({ type, bytes }) => {
    const format = FORMATS[type]
    return format === undefined ? [] : [readPrivateKey(bytes, format)]
  })
}

function fromBase64(text: string): string {
  try {
    return decodeBase64(text).toString('latin1')
  } catch (error) {
    if (error instanceof BuiltinError) return text
    throw error
  }
}

export function readPrivateKey(bytes: Buffer, type: 'pkcs1' | 'pkcs8' | 'sec1'): KeyObject {
  const key = tryKey(bytes, type)
  if (key === undefined || !isKnown(key)) throw new BuiltinError('x509: failed to parse private key')
  if (key.asymmetricKeyType === 'rsa') checkRsa(key)
  return key
}

function tryKey(key: Buffer, type: 'pkcs1' | 'pkcs8' | 'sec1'): KeyObject | undefined {
  try {
    return createPrivateKey({ key, format: 'der', type })
  } catch {
    return undefined
  }
}

const CURVE_NAMES = new Set(Object.values(CURVES).map(({ name }) => name))

function isKnown({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType === 'ec') return CURVE_NAMES.has(asymmetricKeyDetails?.namedCurve ?? '')
  return asymmetricKeyType === 'rsa' || asymmetricKeyType === 'ed25519' || asymmetricKeyType === 'x25519'
}

const RSA_NUMBERS = ['N', 'E', 'D', 'P', 'Q', 'Dp', 'Dq', 'Qinv'] as const
type RsaNumbers = Readonly<Record<(typeof RSA_NUMBERS)[number], bigint>>

function rsaNumbers(key: KeyObject): RsaNumbers {
  const fields = new Der(key.export({ format: 'der', type: 'pkcs1' }), 'private key').inner(TAG.sequence)
  fields.integer()
  return Object.fromEntries(RSA_NUMBERS.map((name) => [name, fields.integer()])) as RsaNumbers
}

/** node:crypto takes numbers that do not belong together. */
function checkRsa(key: KeyObject): void {
  const { N, E, D, P, Q } = rsaNumbers(key)
  const isSound = P > 1n && Q > 1n && P * Q === N && (E * D) % (P - 1n) === 1n && (E * D) % (Q - 1n) === 1n
  if (!isSound) throw new BuiltinError('crypto/rsa: invalid exponents')
}

export function privateKeyValue(key: KeyObject): Value {
  if (key.asymmetricKeyType === 'rsa') return rsaValue(rsaNumbers(key))
  if (key.asymmetricKeyType === 'ec') {
    const { secret, point } = ecNumbers(key)
    return RegoObject.fromRecord({ Curve: new RegoObject(), D: unsigned(secret), ...pointOf(point) })
  }
  if (key.asymmetricKeyType === 'x25519') return new RegoObject()
  const { d = '', x = '' } = key.export({ format: 'jwk' })
  return Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]).toString('base64')
}

function rsaValue(numbers: RsaNumbers): Value {
  const { N, E, D, P, Q, Dp, Dq, Qinv } = numbers
  const record = (members: Readonly<Record<string, bigint>>): [string, Value][] =>
    Object.entries(members).map(([name, number]) => [name, numberOfBigInt(number)])
  return new RegoObject([
    ...record({ N, E, D }),
    ['Primes', [numberOfBigInt(P), numberOfBigInt(Q)]],
    ['Precomputed', new RegoObject([...record({ Dp, Dq, Qinv }), ['CRTValues', []]])],
  ])
}

/** The public point is computed: what the key holds of it may be another's. */
function ecNumbers(key: KeyObject): { readonly secret: Buffer; readonly point: Buffer } {
  const fields = new Der(key.export({ format: 'der', type: 'sec1' }), 'private key').inner(TAG.sequence)
  fields.integer()
  const secret = fields.content(TAG.octetString)
  const curve = CURVES[fields.inner(wrapperTag(0)).oid().join('.')]
  const pair = createECDH(curve?.name ?? '')
  pair.setPrivateKey(secret)
  return { secret, point: pair.getPublicKey() }
}

/** RFC 7517, RFC 8037. */
export function privateJwkValue(key: KeyObject): Value {
  if (key.asymmetricKeyDetails?.namedCurve === 'secp224r1') throw new BuiltinError('unknown elliptic curve')
  return new RegoObject(Object.entries(key.export({ format: 'jwk' })) as [string, string][])
}
