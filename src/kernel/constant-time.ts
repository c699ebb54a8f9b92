/** Comparison whose duration tells nothing about where two secrets differ. */
import { hash, timingSafeEqual } from 'node:crypto'

/** True when both texts are equal. Digests first, so that lengths leak nothing either. */
export const equalSecrets = (left: string, right: string): boolean =>
  timingSafeEqual(hash('sha256', left, 'buffer'), hash('sha256', right, 'buffer'))

/** For two digests of one kind: their length is no secret, so that they need not be digested again. */
export function equalDigests(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)]
  return one.length === other.length && timingSafeEqual(one, other)
}
