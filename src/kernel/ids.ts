/** Random identifiers and the digests under which secrets are stored. */
import { hash, randomFillSync } from 'node:crypto'

/** Asking the system costs the same for many bytes as for few. What was handed out is wiped. */
const pool = Buffer.alloc(4096)
let next = pool.length

/** A base64url identifier with `bytes` bytes of randomness (default 16 = 128 bits). */
export function randomId(bytes = 16): string {
  if (next + bytes > pool.length) {
    randomFillSync(pool)
    next = 0
  }
  const end = next + bytes
  const id = pool.toString('base64url', next, end)
  pool.fill(0, next, end)
  next = end
  return id
}

/** A bearer secret: 256 bits, base64url. */
export const randomSecret = (): string => randomId(32)

/** SHA-256 of a text, base64url: the form in which codes, tokens and session ids are stored. */
export const digestOf = (secret: string): string => hash('sha256', secret, 'base64url')

/**
 * An identifier with 128 random bits that sorts by when it was made: neighbours in time lie side by side in an index, which
 * makes writing them several times cheaper. For what tells its time anyway; never for a secret.
 */
export const orderedId = (): string => `${Date.now().toString(16).padStart(11, '0')}${randomId()}`
