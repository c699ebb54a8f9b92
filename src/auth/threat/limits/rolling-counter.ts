/**
 * How often something happens in a window, over all nodes. Counted here, told to the store in batches, so that a request costs no
 * write: each node may admit one batch that the others don't know of. A batch of one is exact, and waits for the store.
 * The window slides: of the one before, the share that still overlaps counts. docs/adr/0016.
 */
import { digestOf } from '../../../kernel/ids.ts'
import type { LimitStore } from '../../../storage/port.ts'

export interface RollingCounterOptions {
  readonly store: Pick<LimitStore, 'hit'>
  readonly tenant: string
  /** Of the counter, in the store. */
  readonly name: string
  /** Admitted in a window. */
  readonly most: number
  readonly windowSeconds: number
  /** Of `most`, what a node may admit before it tells the store. */
  readonly batchShare: number
  /** Keys that are not counted; asked once a window for each. */
  readonly spares?: (key: string) => boolean
  /** Keys that are remembered; the oldest go first, and are known again by what the store has. */
  readonly capacity?: number
  /** The store did not take a report. */
  readonly onFailure?: (error: unknown) => void
}

export interface Refusal {
  readonly retryAfterSeconds: number
  /** Of this key in this window. */
  readonly first: boolean
}

export interface RollingCounter {
  /** Undefined: admitted. */
  hit(key: string, nowMs: number): Refusal | undefined | Promise<Refusal | undefined>
}

interface Counted {
  window: number
  /** Of all nodes, as the store last said. */
  known: number
  /** Admitted here since. */
  untold: number
  /** On the way to the store. */
  telling: number
  /** All of the window before. */
  before: number
  tellAt: number
  refused: boolean
  spared: boolean
}

const CAPACITY = 50_000

export function createRollingCounter(options: RollingCounterOptions): RollingCounter {
  const { store, tenant, name, most, windowSeconds, spares, capacity = CAPACITY, onFailure } = options
  const windowMs = windowSeconds * 1000
  const batch = Math.max(1, Math.floor(most * options.batchShare))
  const all = new Map<string, Counted>()

  const begin = (key: string, window: number): Counted => {
    if (all.size >= capacity) for (const oldest of all.keys()) if (all.delete(oldest)) break
    const spared = spares?.(key) === true
    const fresh = { window, known: 0, untold: 0, telling: 0, before: 0, tellAt: batch, refused: false, spared }
    all.set(key, fresh)
    return fresh
  }
  const countedAt = (key: string, window: number): Counted => {
    const counted = all.get(key)
    if (counted === undefined) return begin(key, window)
    if (counted.window === window) return counted
    // To the end, so that the first are those that nobody used for the longest.
    all.delete(key)
    const before = counted.window === window - 1 ? total(counted) : 0
    const next = begin(key, window)
    next.before = before
    return next
  }
  const refusal = (counted: Counted, nowMs: number): Refusal => {
    const first = !counted.refused
    counted.refused = true
    return { first, retryAfterSeconds: Math.max(1, Math.ceil(((counted.window + 1) * windowMs - nowMs) / 1000)) }
  }
  /** What the store answers counts until it says more. */
  const tell = async (key: string, counted: Counted): Promise<number> => {
    const hits = counted.untold
    counted.untold = 0
    counted.telling += hits
    try {
      const said = await store.hit(tenant, `${name}:${counted.window}:${digestOf(key)}`, windowSeconds, hits)
      counted.known = Math.max(counted.known, said)
      counted.tellAt = batch
      return said
    } catch (error) {
      counted.untold += hits
      // Not at each hit while the store is away.
      counted.tellAt = counted.untold + batch
      throw error
    } finally {
      counted.telling -= hits
    }
  }

  return {
    hit: (key, nowMs) => {
      const window = Math.floor(nowMs / windowMs)
      const counted = countedAt(key, window)
      if (counted.spared) return undefined
      const overlap = counted.before === 0 ? 0 : counted.before * (1 - (nowMs % windowMs) / windowMs)
      if (total(counted) + overlap >= most) return refusal(counted, nowMs)
      counted.untold += 1
      if (batch === 1) return tell(key, counted).then((said) => (said > most ? refusal(counted, nowMs) : undefined))
      if (counted.untold >= counted.tellAt) tell(key, counted).catch((error: unknown) => onFailure?.(error))
      return undefined
    },
  }
}

const total = ({ known, untold, telling }: Counted): number => known + untold + telling
