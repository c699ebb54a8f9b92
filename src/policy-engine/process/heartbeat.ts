/** Tells when a thread or process has stopped: a decision that never ends cannot be interrupted, only its host can be ended. */

export interface BeatWatch {
  beat(): void
  stop(): void
}

/** Beats are sent this many times per deadline. */
export const BEATS_PER_DEADLINE = 4

/** Calls `onMissed` once, when no beat came for `deadlineMs`. Time in which the watcher itself stood still does not count. */
export function watchBeats(deadlineMs: number, onMissed: () => void): BeatWatch {
  const tickMs = deadlineMs / BEATS_PER_DEADLINE
  let last = performance.now()
  let ticked = last
  const timer = setInterval(() => {
    const now = performance.now()
    // Beats that arrived meanwhile are still in the queue.
    if (now - ticked > 2 * tickMs) last = now
    ticked = now
    if (now - last <= deadlineMs) return
    clearInterval(timer)
    onMissed()
  }, tickMs)
  return {
    beat: () => {
      last = performance.now()
    },
    stop: () => clearInterval(timer),
  }
}

/** A start may take longer than a beat: loading modules and a large bundle blocks. */
export const START_DEADLINE_MS = 30_000

/** How long to wait before the `failures`-th start in a row: at once, then up to five seconds. */
export const restartDelayMs = (failures: number): number => Math.min(failures * failures * 100, 5000)
