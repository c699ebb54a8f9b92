/** SubjectPublicKeyInfo (RFC 5280 4.1.2.7) as Go's key types show themselves in JSON. */
import { ECDH } from 'node:crypto'
import { numberOfBigInt } from '../../wasm/number.ts'
import { RegoObject, type Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'
import { type AlgorithmIdentifier, NULL, readAlgorithm } from './algorithms.ts'
import { Der, TAG } from './der.ts'

export interface PublicKey {
  /** Go's number of the algorithm; 0 where it is unknown, and the key null. */
  readonly algorithm: number
  readonly key: Value
}

export function readPublicKey(raw: Buffer): PublicKey {
  const info = new Der(raw, 'spki').inner(TAG.sequence)
  const algorithm = readAlgorithm(info.inner(TAG.sequence, 'public key algorithm identifier'))
  const { bytes, unused } = info.bitString()
  const reader = READERS[algorithm.oid]
  if (reader === undefined) return { algorithm: 0, key: null }
  return { algorithm: reader.number, key: reader.read(rightAligned(bytes, unused), algorithm) }
}

interface Reader {
  readonly number: number
  readonly read: (data: Buffer, algorithm: AlgorithmIdentifier) => Value
}

const READERS: Readonly<Record<string, Reader | undefined>> = {
  '1.2.840.113549.1.1.1': { number: 1, read: readRsa },
  '1.2.840.10040.4.1': { number: 2, read: readDsa },
  '1.2.840.10045.2.1': { number: 3, read: readEcdsa },
  '1.3.101.112': { number: 4, read: readEd25519 },
}

export function rightAligned(bytes: Buffer, unused: number): Buffer {
  if (unused === 0) return bytes
  return Buffer.from(bytes.map((byte, at) => (((bytes[at - 1] ?? 0) << (8 - unused)) | (byte >> unused)) & 0xff))
}

const MAX_INT64 = 2n ** 63n - 1n

function readRsa(data: Buffer, { parameters }: AlgorithmIdentifier): Value {
  if (!parameters.equals(NULL)) throw new BuiltinError('x509: RSA key missing NULL parameters')
  const fields = new Der(data, 'RSA public key').inner(TAG.sequence)
  const [modulus, exponent] = [fields.integer(), fields.integer()]
  if (modulus <= 0n) throw new BuiltinError('x509: RSA modulus is not a positive number')
  if (exponent > MAX_INT64) throw new BuiltinError('x509: invalid RSA public exponent')
  if (exponent <= 0n) throw new BuiltinError('x509: RSA public exponent is not a positive number')
  return RegoObject.fromRecord({ E: numberOfBigInt(exponent), N: numberOfBigInt(modulus) })
}

function readDsa(data: Buffer, { parameters }: AlgorithmIdentifier): Value {
  const domain = new Der(parameters, 'DSA parameters').inner(TAG.sequence)
  const numbers = {
    P: domain.integer(),
    Q: domain.integer(),
    G: domain.integer(),
    Y: new Der(data, 'DSA public key').integer(),
  }
  if (Object.values(numbers).some((number) => number <= 0n))
    throw new BuiltinError('x509: zero or negative DSA parameter')
  return new RegoObject(Object.entries(numbers).map(([name, number]) => [name, numberOfBigInt(number)]))
}

/** By their object identifiers; OpenSSL's names. */
export const CURVES: Readonly<Record<string, { readonly name: string; readonly size: number }>> = {
  '1.3.132.0.33': { name: 'secp224r1', size: 28 },
  '1.2.840.10045.3.1.7': { name: 'prime256v1', size: 32 },
  '1.3.132.0.34': { name: 'secp384r1', size: 48 },
  '1.3.132.0.35': { name: 'secp521r1', size: 66 },
}

function readEcdsa(data: Buffer, { parameters }: AlgorithmIdentifier): Value {
  const curve = CURVES[new Der(parameters, 'ECDSA parameters').oid().join('.')]
  if (curve === undefined) throw new BuiltinError('x509: unsupported elliptic curve')
  if (data[0] !== 0x04 || data.length !== 1 + 2 * curve.size || !isOnCurve(data, curve.name)) {
    throw new BuiltinError('x509: invalid ECDSA public key')
  }
  return RegoObject.fromRecord({ Curve: new RegoObject(), ...pointOf(data) })
}

function isOnCurve(point: Buffer, curve: string): boolean {
  try {
    ECDH.convertKey(point, curve)
    return true
  } catch {
    return false
  }
}

export function pointOf(point: Buffer): { readonly X: Value; readonly Y: Value } {
  const half = (point.length - 1) / 2
  return { X: unsigned(point.subarray(1, 1 + half)), Y: unsigned(point.subarray(1 + half)) }
}

export const unsigned = (bytes: Buffer): Value => numberOfBigInt(BigInt(`0x0${bytes.toString('hex')}`))

function readEd25519(data: Buffer, { parameters }: AlgorithmIdentifier): Value {
  if (parameters.length > 0) throw new BuiltinError('x509: Ed25519 key encoded with illegal parameters')
  if (data.length !== 32) throw new BuiltinError('x509: wrong Ed25519 public key size')
  return data.toString('base64')
}
