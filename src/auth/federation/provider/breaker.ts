/**
 * One circuit breaker for each provider: once it stops answering, nobody is sent there to wait for a deadline. No person's
 * sign-in is spent on finding out whether it is back: a probe is.
 */
import CircuitBreaker from 'opossum'
import type { BreakerState } from '../../../observability/breaker-state.ts'

export interface Breaker {
  /** Throws BreakerOpen, with what was last wrong as its cause, without asking while the provider does not answer. */
  run<T>(action: () => Promise<T>): Promise<T>
  readonly state: BreakerState
  close(): void
}

export class BreakerOpen extends Error {
  override readonly name = 'BreakerOpen'
}

export interface BreakerOptions {
  readonly name: string
  /** In a row, until it opens. */
  readonly failures: number
  readonly resetMs: number
  /** Resolves where the provider answers; has a deadline of its own. */
  readonly probe: () => Promise<unknown>
  /** All other errors are answers. */
  readonly isOutage: (error: unknown) => boolean
  readonly onChange: (state: BreakerState) => void
}

class ProbeFailed extends Error {}

export function createBreaker(options: BreakerOptions): Breaker {
  const { name, failures, resetMs, probe, isOutage, onChange } = options
  const circuit = new CircuitBreaker((action: () => Promise<unknown>) => action(), {
    name,
    timeout: false,
    resetTimeout: resetMs,
    // Failures in a row open it, and nothing else does.
    errorThresholdPercentage: 100,
    volumeThreshold: Number.MAX_SAFE_INTEGER,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    errorFilter: (error: unknown) => !(error instanceof ProbeFailed) && !isOutage(error),
  })
  let inARow = 0
  let last: unknown
  const look = async () => {
    try {
      await probe()
    } catch (cause) {
      throw new ProbeFailed('', { cause })
    }
  }
  circuit.on('success', () => {
    inARow = 0
  })
  circuit.on('failure', (error) => {
    inARow += 1
    last = error instanceof ProbeFailed ? error.cause : error
    if (inARow >= failures && circuit.closed) circuit.open()
  })
  circuit.on('open', () => onChange('open'))
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
      throw new BreakerOpen(`${name} does not answer`, { cause: last })
    },
    get state() {
      return circuit.closed ? 'closed' : circuit.halfOpen ? 'half_open' : 'open'
    },
    close: () => circuit.shutdown(),
  }
}
