/**
 * A circuit breaker before a service that decides: once it stops answering, whoever asks is told so at once, instead of waiting
 * for a deadline each. No caller's question is spent on finding out whether it is back: a probe is, and only an answer closes.
 */
import CircuitBreaker from 'opossum'
import type { BreakerState } from '../../observability/breaker-state.ts'

export interface Breaker {
  /** Throws BreakerOpen without asking while the service does not answer. */
  run<T>(action: () => Promise<T>): Promise<T>
  readonly state: BreakerState
  /** Times it opened, and questions that it turned away. */
  readonly stats: { readonly opened: number; readonly rejected: number }
  close(): void
}

export interface BreakerOptions {
  readonly name: string
  /** Is anybody there? Rejects where nobody is; has a deadline of its own. */
  readonly probe: () => Promise<unknown>
  /** Whether an error of an action means that the service gave no answer. All others are answers. */
  readonly isOutage: (error: unknown) => boolean
  readonly onChange?: (state: BreakerState) => void
  /** Until the first probe; doubled, up to a second, while nobody is there. Default 250. */
  readonly resetMs?: number
}

export class BreakerOpen extends Error {
  override readonly name = 'BreakerOpen'
  constructor(service: string) {
    super(`${service} does not answer: its breaker is open`)
  }
}

/** So many in a row without an answer between them: one slow question is no outage. */
const FAILURES_IN_A_ROW = 5
/** Or half of at least that many within the window. */
const VOLUME = 20
const WINDOW_MS = 2000
const RESET_MS = 250
const MAX_RESET_MS = 1000

class ProbeFailed extends Error {}

export function createBreaker(options: BreakerOptions): Breaker {
  const { name, probe, isOutage, onChange = () => {}, resetMs = RESET_MS } = options
  /** The breaker reads it anew each time it opens. */
  const settings = {
    name,
    timeout: false as const,
    errorThresholdPercentage: 50,
    volumeThreshold: VOLUME,
    rollingCountTimeout: WINDOW_MS,
    resetTimeout: resetMs,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    errorFilter: (error: unknown) => !(error instanceof ProbeFailed) && !isOutage(error),
  }
  const circuit = new CircuitBreaker((action: () => Promise<unknown>) => action(), settings)
  let inARow = 0
  let lasting = true
  let waitMs = resetMs
  let opened = 0
  let rejected = 0

  const look = async () => {
    try {
      await probe()
    } catch {
      throw new ProbeFailed()
    }
  }
  // Before opossum's own listener closes: what a probe found has yet to last.
  circuit.prependListener('success', () => {
    inARow = 0
    if (circuit.closed) {
      lasting = true
      waitMs = resetMs
    }
  })
  circuit.on('failure', () => {
    inARow += 1
    if (inARow >= FAILURES_IN_A_ROW && circuit.closed) circuit.open()
  })
  // Before opossum's own listener starts the timer with it.
  circuit.prependListener('open', () => {
    waitMs = lasting ? resetMs : Math.min(2 * waitMs, Math.max(resetMs, MAX_RESET_MS))
    lasting = false
    settings.resetTimeout = waitMs
    opened += 1
    onChange('open')
  })
  circuit.on('halfOpen', () => {
    onChange('half_open')
    circuit.fire(look).catch(() => {})
  })
  circuit.on('close', () => {
    inARow = 0
    onChange('closed')
  })
  return {
    run: async <T>(action: () => Promise<T>): Promise<T> => {
      if (circuit.closed) return (await circuit.fire(action)) as T
      rejected += 1
      throw new BreakerOpen(name)
    },
    get state() {
      return circuit.closed ? 'closed' : circuit.halfOpen ? 'half_open' : 'open'
    },
    get stats() {
      return { opened, rejected }
    },
    close: () => circuit.shutdown(),
  }
}
