/**
 * Backpressure: what comes while too much is in work, or while the thread lags, is refused at once, before everybody's answers
 * get late. The share that is refused grows with the lag, so that the rest keeps its latency. Health is never refused.
 */
export interface PressureLimits {
  /** Requests in work at once; 0: any number. */
  readonly inFlight: number
  /** From this lag of the event loop on requests are refused, all of them at three times as much; 0: never. */
  readonly lagMs: number
}

export interface PressureOptions extends PressureLimits {
  readonly metrics: {
    readonly shed: { inc(labels: { readonly reason: string }): void }
    readonly inFlight: { set(value: number): void }
    readonly lag: { set(value: number): void }
  }
  /** Both for tests. */
  readonly nowMs?: () => number
  readonly random?: () => number
}

export interface Pressure {
  /** Whether the thread is too late to take this request. */
  refuses(): boolean
  /** False: too many are in work. Else `leave` must follow. */
  enter(): boolean
  leave(): void
  /** Looks at the lag; called by a timer of its own. */
  look(): void
  close(): void
}

const LOOK_EVERY_MS = 50
/** Of requests since the last look: where fewer came, it is not they who make the thread late, and to refuse them mends nothing. */
const MANY = 50

export function createPressure(options: PressureOptions): Pressure {
  const { inFlight: most, lagMs, metrics, nowMs = () => performance.now(), random = Math.random } = options
  let working = 0
  let share = 0
  let lag = 0
  let arrived = 0
  let expected = nowMs() + LOOK_EVERY_MS
  const look = () => {
    const now = nowMs()
    const before = lag
    const late = Math.max(0, now - expected)
    lag = arrived < MANY ? 0 : late
    arrived = 0
    expected = now + LOOK_EVERY_MS
    metrics.lag.set(late / 1000)
    metrics.inFlight.set(working)
    // One late look is a pause (a collection, a large bundle); two in a row are load.
    const lasting = Math.min(lag, before)
    share = lagMs === 0 ? 0 : Math.min(1, Math.max(0, (lasting - lagMs) / (2 * lagMs)))
  }
  const timer = setInterval(look, LOOK_EVERY_MS)
  timer.unref()
  return {
    refuses: () => {
      arrived += 1
      if (share === 0 || random() >= share) return false
      metrics.shed.inc({ reason: 'event_loop_lag' })
      return true
    },
    enter: () => {
      if (most !== 0 && working >= most) {
        metrics.shed.inc({ reason: 'in_flight' })
        return false
      }
      working += 1
      return true
    },
    leave: () => {
      working -= 1
    },
    look,
    close: () => clearInterval(timer),
  }
}
