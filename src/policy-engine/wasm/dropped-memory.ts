/**
 * Frees the memory of instances that were dropped. V8 takes an instance for a small object, whatever its memory grew to, and
 * would let gigabytes of them pile up before it collects: thirty requests of 20 KB to a rule that aborts took five.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** A collection takes some 20 ms: one for many small instances, one for each large one. */
const COLLECT_AFTER_BYTES = 128 * 1024 * 1024

/** Contexts made under the flag have the collector, others never see it. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  return collect
}

let collect: (() => void) | undefined
let held = 0

/** To be told of each instance that nothing refers to any more. */
export function instanceDropped(bytes: number): void {
  held += bytes
  if (held < COLLECT_AFTER_BYTES) return
  held = 0
  collect ??= collector()
  collect()
}
