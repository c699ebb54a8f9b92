/**
 * A public key that somebody else named, read into one that can verify, and the algorithms it may verify under. RFC 7517,
 * RFC 7518 6, RFC 8037; the thumbprint by RFC 7638. The key fixes the algorithm, never the header alone (RFC 8725 3.1):
 * nothing symmetric is a key here, and no RSA key under 2048 bits.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { digestOf } from '../../kernel/ids.ts'

/** What others may sign with; RS256 only where a client is registered for it. FAPI 2.0 5.4, RFC 9864. */
export const SIGNATURE_ALGS = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] as const
export type SignatureAlg = (typeof SIGNATURE_ALGS)[number]

export const isSignatureAlg = (alg: unknown): alg is SignatureAlg => SIGNATURE_ALGS.some((known) => known === alg)

export interface PublicKey {
  readonly key: KeyObject
  readonly algs: readonly SignatureAlg[]
  /** SHA-256, base64url. */
  readonly thumbprint: string
}

type Members = Readonly<Record<string, unknown>>

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
/** 2048 to 8192 bits: beyond that, one verification holds the machine for milliseconds. */
const [MIN_MODULUS, MAX_MODULUS] = [2048 / 8, 8192 / 8]
const COORDINATE = 32
/** 65537, which all but the oldest have; others make a verification cheap to attack, or dear. */
const EXPONENT = 'AQAB'

/** Base64url in its one form: two spellings of a key would have two thumbprints. */
function bytesIn(value: unknown, longest: number): number | undefined {
  if (typeof value !== 'string' || value.length > longest * 2) return undefined
  const bytes = Buffer.from(value, 'base64url')
  return bytes.toString('base64url') === value ? bytes.byteLength : undefined
}

interface Kind {
  readonly algs: readonly SignatureAlg[]
  /** The required members, in the order of RFC 7638 3.2; undefined where one is not as it must be. */
  members(jwk: Members): Readonly<Record<string, string>> | undefined
}

const isCoordinate = (value: unknown): value is string => bytesIn(value, COORDINATE) === COORDINATE

const KINDS: Readonly<Record<string, Kind>> = {
  EC: {
    algs: ['ES256'],
    members: ({ crv, x, y }) =>
      crv === 'P-256' && isCoordinate(x) && isCoordinate(y) ? { crv, kty: 'EC', x, y } : undefined,
  },
  OKP: {
    algs: ['EdDSA', 'Ed25519'],
    members: ({ crv, x }) => (crv === 'Ed25519' && isCoordinate(x) ? { crv, kty: 'OKP', x } : undefined),
  },
  RSA: {
    algs: ['PS256', 'RS256'],
    members: ({ e, n }) => {
      const modulus = bytesIn(n, MAX_MODULUS) ?? 0
      const fits = modulus >= MIN_MODULUS && modulus <= MAX_MODULUS
      return typeof n === 'string' && e === EXPONENT && fits ? { e, kty: 'RSA', n } : undefined
    },
  },
}

/** Of what was imported: it costs more than all else of a key, and clients come again. */
const imported = new Map<string, KeyObject>()
const MAX_IMPORTED = 2_000

function keyOf(thumbprint: string, members: Readonly<Record<string, string>>): KeyObject | undefined {
  const known = imported.get(thumbprint)
  if (known !== undefined) return known
  try {
    const key = createPublicKey({ key: members, format: 'jwk' })
    if (imported.size >= MAX_IMPORTED) for (const oldest of imported.keys()) if (imported.delete(oldest)) break
    imported.set(thumbprint, key)
    return key
  } catch {
    // No point of the curve, or no modulus: not a key.
    return undefined
  }
}

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Undefined for what is no key, is private, or is for something else than verifying. */
export function readPublicKey(jwk: unknown): PublicKey | undefined {
  if (!isMembers(jwk) || PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return undefined
  const { kty, use, key_ops: operations, alg } = jwk
  if (typeof kty !== 'string' || !Object.hasOwn(KINDS, kty)) return undefined
  if (use !== undefined && use !== 'sig') return undefined
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined
  const kind = KINDS[kty]
  const members = kind?.members(jwk)
  if (kind === undefined || members === undefined) return undefined
  const algs = alg === undefined ? kind.algs : kind.algs.filter((own) => own === alg)
  if (algs.length === 0) return undefined
  const thumbprint = digestOf(JSON.stringify(members))
  const key = keyOf(thumbprint, members)
  return key && { key, algs, thumbprint }
}
