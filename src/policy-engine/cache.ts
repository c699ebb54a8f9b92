/** The decision cache of one thread: bounded, by time, emptied on activation, by subject, and by API. Only the engine caches. */
import { createHash } from 'node:crypto'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { canonicalText } from './bundle/canonical.ts'

export interface DecisionCache {
  get(key: string): unknown
  set(key: string, value: unknown, ttlSeconds: number, subject: string | undefined): void
  /** Forgets everything, or what was decided about one subject. */
  purge(subject?: string): void
  readonly size: number
}

interface Entry {
  readonly value: unknown
  readonly expiresMs: number
  readonly subject: string | undefined
}

export function createDecisionCache(limit = 10_000, clock: Clock = systemClock): DecisionCache {
  const entries = new Map<string, Entry>()
  return {
    get: (key) => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (entry.expiresMs <= clock.nowMs()) return undefined
      // A Map keeps the order of insertion: what was used last goes last.
      entries.set(key, entry)
      return entry.value
    },
    set: (key, value, ttlSeconds, subject) => {
      entries.delete(key)
      entries.set(key, { value, expiresMs: clock.nowMs() + ttlSeconds * 1000, subject })
      if (entries.size <= limit) return
      const [oldest] = entries.keys()
      if (oldest !== undefined) entries.delete(oldest)
    },
    purge: (subject) => {
      if (subject === undefined) return entries.clear()
      for (const [key, entry] of entries) if (entry.subject === subject) entries.delete(key)
    },
    get size() {
      return entries.size
    },
  }
}

/** Everything the answer depends on: bundle content, entrypoint and input. */
export const cacheKey = (digest: string, entrypoint: string, input: unknown): string =>
  createHash('sha256')
    .update(`${digest}\0${entrypoint}\0${canonicalText(input)}`)
    .digest('base64')

interface TimedInput {
  readonly request: {
    readonly time: { readonly epoch_seconds: number; readonly minute_of_day: number; readonly weekday: number }
  }
}

/** A rule that reads time may be answered from the cache for a minute at most; every contract input carries the time. */
export const MAX_TTL_SECONDS = 60

/** The input with its time rounded down to the ttl, in the key and in the evaluation alike. */
export function roundTime<I>(input: I, ttlSeconds: number): I {
  if (!isTimed(input)) return input
  const epoch = Math.floor(input.request.time.epoch_seconds / ttlSeconds) * ttlSeconds
  const minutes = Math.floor(epoch / 60)
  const time = {
    epoch_seconds: epoch,
    minute_of_day: minutes % 1440,
    // The epoch began on a Thursday, day 4.
    weekday: ((Math.floor(minutes / 1440) + 3) % 7) + 1,
  }
  return { ...input, request: { ...input.request, time } }
}

function isTimed(input: unknown): input is TimedInput {
  if (typeof input !== 'object' || input === null || !('request' in input)) return false
  const { request } = input
  return typeof request === 'object' && request !== null && 'time' in request
}
