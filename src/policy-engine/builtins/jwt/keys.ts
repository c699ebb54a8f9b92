/** The keys that io.jwt.* verify with: a PEM certificate, a PEM public key, a JSON Web Key or a set of them (RFC 7517). */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { type BuiltinContext, BuiltinError, prefixed } from '../builtin.ts'
import { type PemBlock, readPem } from '../x509/pem.ts'
import { type Jwk, parseJwks, publicKeyOf } from './jwk.ts'
import { ALGORITHMS, type SigningKey } from './jws.ts'

export interface VerificationKey {
  /** Empty where the key names none. */
  readonly alg: string
  readonly kid: string
  /** Undefined for a kind that verifies nothing, such as X25519. */
  readonly key: SigningKey | undefined
}

/** Policies verify many tokens by the same few keys; the newest stay. */
const CACHED_KEYS = 100
const MAX_CACHED_TEXT = 64 * 1024
const cached = new Map<string, readonly VerificationKey[]>()

const PARSE_UNITS = 10_000

export function verificationKeys(context: BuiltinContext, text: string): readonly VerificationKey[] {
  const known = cached.get(text)
  if (known !== undefined) return known
  const keys = parseKeys(context, text)
  if (text.length <= MAX_CACHED_TEXT) {
    const oldest = cached.size >= CACHED_KEYS ? cached.keys().next().value : undefined
    if (oldest !== undefined) cached.delete(oldest)
    cached.set(text, keys)
  }
  return keys
}

function parseKeys(context: BuiltinContext, text: string): readonly VerificationKey[] {
  context.charge(PARSE_UNITS + text.length * 20)
  const block = readPem(text)
  if (block !== undefined) return [{ alg: '', kid: '', key: pemKey(block) }]
  const parsed = prefixed('failed to parse a JWK key (set): jwk.ParseString: failed to parse string: jwk.Parse', () =>
    parseJwks(text),
  )
  return parsed
    .filter(({ alg }) => alg === '' || ALGORITHMS.has(alg))
    .map((jwk) => ({ alg: jwk.alg, kid: jwk.kid, key: jwkKey(jwk) }))
}

function pemKey({ type, bytes, rest }: PemBlock): SigningKey {
  if (rest !== '') throw new BuiltinError('extra data after a PEM certificate block')
  if (type === 'CERTIFICATE')
    return publicPemKey('certificate', 'x509: malformed certificate', () => new X509Certificate(bytes).publicKey)
  if (type === 'PUBLIC KEY') {
    return publicPemKey('public key', 'malformed key', () =>
      createPublicKey({ key: bytes, format: 'der', type: 'spki' }),
    )
  }
  throw new BuiltinError('failed to extract a Key from the PEM certificate')
}

function publicPemKey(what: string, cause: string, read: () => KeyObject): SigningKey {
  try {
    return { kind: 'key', key: read(), isPrivate: false }
  } catch {
    throw new BuiltinError(`failed to parse a PEM ${what}: ${cause}`)
  }
}

function jwkKey(jwk: Jwk): SigningKey | undefined {
  if (jwk.kty === 'oct') return { kind: 'secret', bytes: jwk.bytes.k ?? Buffer.alloc(0) }
  if (jwk.kty === 'OKP' && jwk.crv !== 'Ed25519') return undefined
  if (jwk.kty === 'RSA' && jwk.isPrivate && !(jwk.bytes.p && jwk.bytes.q)) throw new BuiltinError('missing "q" value')
  return { kind: 'key', key: publicKeyOf(jwk), isPrivate: jwk.isPrivate }
}
