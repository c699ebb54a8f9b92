/**
 * How many different things were seen, about, in 128 bytes whatever comes: linear counting (Whang, Vander-Zanden and Taylor,
 * 1990). Each thing sets one bit of SKETCH_BITS; how many are still unset tells how many came. Within 5 % to 1,000, then
 * coarser, and it stops at MOST_COUNTED. Both adapters keep the same bits.
 */
import { createHash } from 'node:crypto'

export const SKETCH_BITS = 1024

/** What one unset bit stands for; all set reads the same. */
export const MOST_COUNTED = Math.round(SKETCH_BITS * Math.log(SKETCH_BITS))

/** Whoever may choose items must not know what they are digested with, or many could share a bit. */
export const bitOf = (item: string): number => createHash('sha256').update(item).digest().readUInt32BE(0) % SKETCH_BITS

export function countOf(setBits: number): number {
  const unset = Math.max(1, SKETCH_BITS - setBits)
  return Math.round(SKETCH_BITS * Math.log(SKETCH_BITS / unset))
}
