/**
 * Seals secrets that must lie in the store (signing keys, check record, TOTP seeds) under the envelope key, AES-256-GCM
 * (NIST SP 800-38D). A sealed text carries its key's id; its name and that id are associated data, so that a record
 * moved to another name, or sealed by another key, never opens. While the envelope key is changed there are two: both open.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { ConfigError } from './errors.ts'

export interface Envelope {
  /** Public: names the newest envelope key without telling anything of it. */
  readonly kekId: string
  /** Names the key that seals: the newest, or the previous one as long as the store is under that. */
  readonly sealingKekId: string
  /** Seals under the key of this id from now on, if it is at hand: what the store is under, all nodes can open. */
  sealUnder(kekId: string): void
  /** Under the key that seals, or the newest. `plain` stays the caller's, to be zeroized by it. */
  seal(name: string, plain: Uint8Array, under?: 'newest'): string
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

interface Kek {
  readonly id: string
  readonly key: KeyObject
}

function kekOf(bytes: Uint8Array): Kek {
  if (bytes.byteLength !== KEK_BYTES) throw new ConfigError(`the envelope key must be ${KEK_BYTES} bytes`)
  const id = createHmac('sha256', bytes).update('sallyport envelope key id').digest('base64url').slice(0, 16)
  const derived = new Uint8Array(hkdfSync('sha256', bytes, '', 'sallyport envelope s1', KEK_BYTES))
  const key = createSecretKey(derived)
  derived.fill(0)
  return { id, key }
}

/** The id of the envelope key that sealed it; empty for what was never sealed. */
export const kekIdOf = (sealed: string): string => sealed.split('.')[1] ?? ''

const associated = (kek: Kek, name: string) => Buffer.from(`${FORMAT}\0${kek.id}\0${name}`)

function sealUnderKek(kek: Kek, name: string, plain: Uint8Array): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', kek.key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(associated(kek, name))
  const body = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return `${FORMAT}.${kek.id}.${body.toString('base64url')}`
}

/** Both are 32 random bytes and copied into key objects, so the caller can zeroize its own. `previous` only opens. */
export function openEnvelope(newest: Uint8Array, previous?: Uint8Array): Envelope {
  const first = kekOf(newest)
  const all = [first, ...(previous ? [kekOf(previous)] : [])]
  const byId = new Map(all.map((kek) => [kek.id, kek]))
  let sealing = first

  const open = (name: string, sealed: string): Uint8Array => {
    const [format, sealedBy, body] = sealed.split('.')
    const bytes = Buffer.from(body ?? '', 'base64url')
    if (format !== FORMAT || sealedBy === undefined || bytes.byteLength < NONCE_BYTES + TAG_BYTES)
      throw new EnvelopeError('not_sealed', `record ${name} is not a sealed record`)
    const kek = byId.get(sealedBy)
    if (kek === undefined) {
      const known = [...byId.keys()].join(' or ')
      throw new EnvelopeError('wrong_key', `record ${name} was sealed by envelope key ${sealedBy}, not by ${known}`)
    }
    const decipher = createDecipheriv('aes-256-gcm', kek.key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(associated(kek, name))
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    const plain = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
    try {
      decipher.final()
    } catch {
      plain.fill(0)
      throw new EnvelopeError('tampered', `record ${name} was changed, or sealed under another name`)
    }
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength)
  }

  return {
    kekId: first.id,
    get sealingKekId() {
      return sealing.id
    },
    sealUnder(kekId) {
      sealing = byId.get(kekId) ?? sealing
    },
    seal: (name, plain, under) => sealUnderKek(under === 'newest' ? first : sealing, name, plain),
    open,
  }
}

/** The same content under the newest envelope key. Throws EnvelopeError. */
export function reseal(envelope: Envelope, name: string, sealed: string): string {
  const plain = envelope.open(name, sealed)
  try {
    return envelope.seal(name, plain, 'newest')
  } finally {
    plain.fill(0)
  }
}
