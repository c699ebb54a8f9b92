/** Comparison whose duration tells nothing about where two secrets differ. */
import { hash, timingSafeEqual } from 'node:crypto'

/** True when both texts are equal. Digests first, so that lengths leak nothing either. */
export const equalSecrets = (left: string, right: string): boolean =>
  timingSafeEqual(hash('sha256', left, 'buffer'), hash('sha256', right, 'buffer'))

const DIGEST_LENGTH = 43
// Two bytes a character: different texts never become equal bytes, and every text fills its buffer.
const [one, other] = [Buffer.alloc(2 * DIGEST_LENGTH), Buffer.alloc(2 * DIGEST_LENGTH)]

/** For two digests of one kind: their length is no secret, so that they need not be digested again. */
export function equalDigests(left: string, right: string): boolean {
  if (left.length !== right.length) return false
  if (left.length !== DIGEST_LENGTH) return timingSafeEqual(Buffer.from(left, 'utf16le'), Buffer.from(right, 'utf16le'))
  one.write(left, 'utf16le')
  other.write(right, 'utf16le')
  return timingSafeEqual(one, other)
}
