/** Comparison whose duration tells nothing about where two secrets differ. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** True when both texts are equal. Digests first, so that lengths leak nothing either. */
export function equalSecrets(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}
