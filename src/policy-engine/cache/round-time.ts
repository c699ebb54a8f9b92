/** The time of a contract's input, rounded down: within one ttl, equal questions are equal texts. */

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
