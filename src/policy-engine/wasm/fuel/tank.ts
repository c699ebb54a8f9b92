/**
 * The deadline of one evaluation. The tank holds a slice of fuel at a time; when it is empty, and only then, the clock is
 * asked whether the deadline is over. An evaluation that needs no more than a slice never fails for want of time, however
 * late its thread was; one that runs on ends a slice after its deadline at most.
 */
import { FuelExhausted } from '../abort.ts'

/** From 0.04 ms (a regular expression's steps) to 3 ms (steps that allocate); most decisions take a thirtieth of it. */
const SLICE = 100_000
/** What built-ins reckon a unit at, in milliseconds. */
const UNIT_MS = 5e-6

export interface FuelLimits {
  /** Time that one evaluation may take. */
  readonly deadlineMs: number
  /** Units that one evaluation may take, and no clock: for tests, since the count repeats exactly. */
  readonly units?: number | undefined
}

export class FuelTank {
  readonly #limits: FuelLimits
  /** Undefined before an evaluation had to be timed. */
  #until: number | undefined
  #running = false

  constructor(limits: FuelLimits) {
    this.#limits = limits
  }

  /** An evaluation begins. */
  fill(fuel: WebAssembly.Global): void {
    this.#running = true
    this.#until = undefined
    fuel.value = this.#limits.units ?? SLICE
  }

  /** Nothing is evaluated any more: what the host itself calls asks no clock, and is ended where its fuel ends. */
  seal(): void {
    this.#running = false
  }

  /** Time counts from here on, where it does not yet. */
  startClock(): number {
    this.#until ??= performance.now() + this.#limits.deadlineMs
    return this.#until
  }

  /** The module used the slice up. Throws FuelExhausted beyond the deadline. */
  refill(fuel: WebAssembly.Global): void {
    if (!this.#running || this.#limits.units !== undefined || this.#leftMs() <= 0) throw exhausted(fuel)
    fuel.value = SLICE
  }

  /** For work of a built-in that is yet to be done. Throws FuelExhausted where that would take longer than there is time. */
  charge(fuel: WebAssembly.Global, units: number): void {
    const left = fuel.value - Math.ceil(Math.max(units, 0))
    // Not a number of units is more than there are.
    if (left >= 0) fuel.value = left
    else if (this.#limits.units !== undefined || !(units * UNIT_MS < this.#leftMs())) throw exhausted(fuel)
    else fuel.value = SLICE
  }

  #leftMs(): number {
    return this.startClock() - performance.now()
  }
}

function exhausted(fuel: WebAssembly.Global): FuelExhausted {
  fuel.value = -1
  return new FuelExhausted()
}
