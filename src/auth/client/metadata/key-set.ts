/**
 * A client's own keys: RFC 7517, public members only (RFC 7591 2). Each key that we could verify with is imported once, so
 * that what is stored can be used; keys of kinds we don't know are kept unread (RFC 7517 5).
 */
import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto'
import type { PublicKeySet } from '../../../storage/client-metadata.ts'
import { MetadataFault } from './fault.ts'

const MAX_KEYS = 20
const MAX_BYTES = 32 * 1024
/** RFC 7518 6.2.2, 6.3.2 and 6.4.1; `priv` of the post-quantum kinds. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const
const KNOWN_KINDS: ReadonlySet<unknown> = new Set(['EC', 'RSA', 'OKP'])
/** RFC 7518 3.3 and 3.5. */
const MIN_RSA_BITS = 2048

type Jwk = Readonly<Record<string, unknown>>

const isJwk = (value: unknown): value is Jwk =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && typeof (value as Jwk).kty === 'string'

function imported(key: Jwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: key as webcrypto.JsonWebKey, format: 'jwk' })
  } catch {
    return undefined
  }
}

function keyFault(key: unknown): string | undefined {
  if (!isJwk(key)) return 'must be a JSON Web Key (RFC 7517)'
  if (PRIVATE_MEMBERS.some((member) => key[member] !== undefined) || key.kty === 'oct')
    return 'must be a public key, without private or symmetric members'
  if (key.use !== undefined && key.use !== 'sig' && key.use !== 'enc') return 'must have use sig or enc'
  if (key.kid !== undefined && typeof key.kid !== 'string') return 'must have a text as its kid'
  if (!KNOWN_KINDS.has(key.kty)) return undefined
  const made = imported(key)
  if (made === undefined) return 'is no valid key'
  const bits = made.asymmetricKeyDetails?.modulusLength
  return bits !== undefined && bits < MIN_RSA_BITS ? `must have at least ${MIN_RSA_BITS} bits` : undefined
}

/** Throws MetadataFault. Also for what is fetched from a `jwks_uri`. */
export function publicKeySet(field: string, value: unknown): PublicKeySet {
  const keys = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS)
    throw new MetadataFault(field, `must be a JSON Web Key Set of 1 to ${MAX_KEYS} keys (RFC 7517)`)
  if (JSON.stringify(keys).length > MAX_BYTES) throw new MetadataFault(field, 'is too large')
  for (const [index, key] of keys.entries()) {
    const what = keyFault(key)
    if (what !== undefined) throw new MetadataFault(`${field}.keys[${index}]`, what)
  }
  if (!keys.some((key: unknown) => isJwk(key) && KNOWN_KINDS.has(key.kty)))
    throw new MetadataFault(field, 'must hold a key of kind EC, RSA or OKP')
  const named = keys.flatMap((key: Jwk) => (key.kid === undefined ? [] : [`${key.kty} ${key.kid}`]))
  if (new Set(named).size !== named.length) throw new MetadataFault(field, 'must give no two keys of a kind one kid')
  return { keys }
}
