/**
 * A JWT that somebody else made: taken apart before anything is known of its key, within bounds, and verified by a key and
 * an algorithm that we chose. RFC 7515 5.2, RFC 7519 7.2, RFC 8725. Nothing that a header points to is followed (`jku`, `x5u`).
 */
import type { KeyObject } from 'node:crypto'
import { decodeProtectedHeader } from 'jose/decode/protected_header'
import * as errors from 'jose/errors'
import { compactVerify } from 'jose/jws/compact/verify'
import { decodeJwt } from 'jose/jwt/decode'

type Members = Readonly<Record<string, unknown>>

/** Unverified: what a JWT says of itself. */
export interface ForeignJwt {
  readonly text: string
  readonly header: Members & { readonly alg: string }
  readonly claims: Members
}

const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)$/

/**
 * RFC 7515 7.1: without white space, which decoders skip, and with the signature in the one form of its bytes. The other two
 * parts are signed as they stand.
 */
export function isCompactJws(text: string): boolean {
  const signature = COMPACT.exec(text)?.[1]
  return signature !== undefined && Buffer.from(signature, 'base64url').toString('base64url') === signature
}

/** Undefined for what is too long, no JWT, unsigned, or demands an extension that nobody here knows (`crit`, RFC 7515 4.1.11). */
export function readForeignJwt(text: string, maxLength: number): ForeignJwt | undefined {
  if (text.length > maxLength || !isCompactJws(text)) return undefined
  try {
    const header = decodeProtectedHeader(text)
    const { alg, crit } = header
    if (typeof alg !== 'string' || alg === 'none' || crit !== undefined || 'b64' in header) return undefined
    return { text, header: { ...header, alg }, claims: decodeJwt(text) }
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
    throw error
  }
}

/** Whether this key, public or of a MAC, made the signature under the JWT's own algorithm; the caller has judged both. */
export async function isSignedBy({ text, header }: ForeignJwt, key: KeyObject | Uint8Array): Promise<boolean> {
  try {
    await compactVerify(text, key, { algorithms: [header.alg] })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false
    throw error
  }
}
