/**
 * Seals secrets that must lie in the store (signing keys, check record, TOTP seeds) under the envelope key, AES-256-GCM
 * (NIST SP 800-38D). A sealed text carries its key's id; its name and that id are associated data, so that a record
 * moved to another name, or sealed by another key, never opens.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { ConfigError } from './errors.ts'

export interface Envelope {
  /** Public: names the envelope key without telling anything of it. */
  readonly kekId: string
  /** `plain` stays the caller's, to be zeroized by it. */
  seal(name: string, plain: Uint8Array): string
  /** Throws EnvelopeError. What it answers is the caller's, to be zeroized after use. */
  open(name: string, sealed: string): Uint8Array
}

export type EnvelopeRefusal = 'wrong_key' | 'not_sealed' | 'tampered'

/** A sealed record did not open. The message says why and what to do, and holds nothing of the record. */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError'
  readonly code: EnvelopeRefusal
  constructor(code: EnvelopeRefusal, message: string) {
    super(message)
    this.code = code
  }
}

const KEK_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const FORMAT = 's1'

/** `kek` is 32 random bytes; it is copied into a key object, so the caller can zeroize its own. */
export function openEnvelope(kek: Uint8Array): Envelope {
  if (kek.byteLength !== KEK_BYTES) throw new ConfigError(`the envelope key must be ${KEK_BYTES} bytes`)
  const kekId = createHmac('sha256', kek).update('sallyport envelope key id').digest('base64url').slice(0, 16)
  const derived = new Uint8Array(hkdfSync('sha256', kek, '', 'sallyport envelope s1', KEK_BYTES))
  const key = createSecretKey(derived)
  derived.fill(0)
  const associated = (name: string) => Buffer.from(`${FORMAT}\0${kekId}\0${name}`)

  return {
    kekId,
    seal(name, plain) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(associated(name))
      const body = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
      return `${FORMAT}.${kekId}.${body.toString('base64url')}`
    },
    open(name, sealed) {
      const [format, sealedBy, body] = sealed.split('.')
      const bytes = Buffer.from(body ?? '', 'base64url')
      if (format !== FORMAT || sealedBy === undefined || bytes.byteLength < NONCE_BYTES + TAG_BYTES)
        throw new EnvelopeError('not_sealed', `record ${name} is not a sealed record`)
      if (sealedBy !== kekId)
        throw new EnvelopeError('wrong_key', `record ${name} was sealed by envelope key ${sealedBy}, not by ${kekId}`)
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(associated(name))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      const plain = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
      try {
        decipher.final()
      } catch {
        plain.fill(0)
        throw new EnvelopeError('tampered', `record ${name} was changed, or sealed under another name`)
      }
      return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength)
    },
  }
}
