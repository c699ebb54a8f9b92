/** Random identifiers and the digests under which secrets are stored. */
import { createHash, randomBytes } from 'node:crypto'

/** A base64url identifier with `bytes` bytes of randomness (default 16 = 128 bits). */
export const randomId = (bytes = 16): string => randomBytes(bytes).toString('base64url')

/** A bearer secret: 256 bits, base64url. */
export const randomSecret = (): string => randomId(32)

/** SHA-256 of a text, base64url: the form in which codes, tokens and session ids are stored. */
export const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url')
