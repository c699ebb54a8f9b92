/** How long a source is left alone: at random between two bounds, so that a fleet does not ask in step; longer after errors. */

export type Random = () => number

export const between = (minMs: number, maxMs: number, random: Random = Math.random): number =>
  minMs + (maxMs - minMs) * random()

const FIRST_MS = 100
const FACTOR = 1.6
const JITTER = 0.2

/** OPA's: grows from 100 ms by 1.6 up to `maxMs`, give or take a fifth. `failures` counts those before this one. */
export function backOff(failures: number, maxMs: number, random: Random = Math.random): number {
  const grown = Math.min(FIRST_MS * FACTOR ** Math.min(failures, 100), maxMs)
  return grown * (1 - JITTER + 2 * JITTER * random())
}

/** Waits, at most until it is woken. */
export class Pause {
  #wake: (() => void) | undefined

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), ms)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
    })
  }

  wake(): void {
    this.#wake?.()
  }
}
