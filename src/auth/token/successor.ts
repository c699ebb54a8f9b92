/**
 * The successor of a refresh token, kept for those who present the spent one within its grace. It is sealed under a key
 * that only the spent token's own text gives, so that the store alone yields no token. RFC 9700 4.14.2.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16

function cipherKey(spent: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', spent, '', 'sallyport refresh successor', 32))
}

export function sealSuccessor(spent: string, successor: string): string {
  const key = cipherKey(spent)
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  key.fill(0)
  return Buffer.concat([nonce, cipher.update(successor), cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

/** Undefined for what was not sealed for this token. */
export function openSuccessor(spent: string, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
  const key = cipherKey(spent)
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
  key.fill(0)
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString()
  } catch {
    return undefined
  }
}
