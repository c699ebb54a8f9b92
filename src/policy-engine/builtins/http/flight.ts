/** Equal questions of several decisions, asked once while they wait for the answer. */
import type { Value } from '../../wasm/value.ts'
import type { Outside } from '../outside.ts'

/** Ends what nobody may be waiting for any more. */
const LONGEST_MS = 60_000
/** Questions that outlive their decisions; beyond them each ends with its own. */
const MAX_FLIGHTS = 256

/** A decision that stops waiting stops nobody else's; `own` is its signal. */
export function joinFlight(
  { flights, count }: Pick<Outside, 'flights' | 'count'>,
  key: string,
  own: AbortSignal,
  start: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const under = flights.get(key)
  if (under !== undefined) {
    count('joined')
    return under
  }
  if (flights.size >= MAX_FLIGHTS) return start(own)
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), LONGEST_MS)
  timer.unref()
  const flight = start(late.signal).finally(() => {
    clearTimeout(timer)
    flights.delete(key)
  })
  flights.set(key, flight)
  return flight
}
