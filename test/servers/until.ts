/** For tests: waits for what comes about by itself, for as long as it takes and no longer. */
import { setTimeout as pause } from 'node:timers/promises'

const WITHIN_MS = 60 * 1000

/** Polls until `check` answers true; fails after `withinMs`. */
export async function until(check: () => Promise<boolean>, what: string, withinMs = WITHIN_MS): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await check().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`)
    await pause(25)
  }
}
