/** Long work on a thread that must not stand still: in steps, with everything else that waits in between. */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** A decision waits for one slice at most, and for what else the turn brings. */
const SLICE_MS = 4

/** Runs a generator to its end; between slices the event loop turns. */
export async function inSlices<T>(work: Generator<void, T>, onSlice?: () => void): Promise<T> {
  for (;;) {
    const until = performance.now() + SLICE_MS
    do {
      const step = work.next()
      if (step.done === true) return step.value
    } while (performance.now() < until)
    onSlice?.()
    await nextTurn()
  }
}

/** At once, where nobody else waits. */
export function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
