/**
 * Tells the engine that the branch to the host is hardly ever taken, so that what is in registers stays there. WebAssembly's
 * branch hinting, a custom section before the code.
 */
import { nameBytes, unsigned } from './binary.ts'

/** By index of the function: the `if` instructions, counted from the body's first byte, in their order. */
export type BranchHints = Map<number, readonly number[]>

const UNLIKELY = 0

export const branchHints = (hints: BranchHints): number[] => [
  ...nameBytes('metadata.code.branch_hint'),
  ...unsigned(hints.size),
  ...[...hints].flatMap(([index, places]) => [
    ...unsigned(index),
    ...unsigned(places.length),
    ...places.flatMap((at) => [...unsigned(at), 1, UNLIKELY]),
  ]),
]
