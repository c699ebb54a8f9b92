/** How long an answer may be kept, by its own headers (RFC 9111), in the reading of OPA. */
import type { EgressResponse } from '../../../egress/egress.ts'
import { firstOf } from './response.ts'

type Headers = EgressResponse['headers']

const KEPT: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501])

/**
 * When it stops being fresh, in milliseconds since the epoch; a time that has passed where it may be kept but must be asked for
 * anew. Undefined where it may not be kept.
 */
export function freshUntil(
  { status, headers }: EgressResponse,
  nowMs: number,
  forSeconds?: number,
): number | undefined {
  if (!KEPT.has(status)) return undefined
  if (forSeconds !== undefined) return nowMs + forSeconds * 1000
  const directives = cacheControl(headers)
  return directives.has('no-store') ? undefined : expiryOf(headers, directives)
}

/** From an answer that says nothing has changed (304). */
export const freshAgainUntil = (headers: Headers, nowMs: number, forSeconds?: number): number =>
  forSeconds === undefined ? (expiryOf(headers, cacheControl(headers)) ?? 0) : nowMs + forSeconds * 1000

const LONGEST_SECONDS = 2 ** 31 - 1

/** `max-age` counts from the answer's date; an answer that has none, or says it wrongly, is not kept. */
function expiryOf(headers: Headers, directives: ReadonlyMap<string, string>): number | undefined {
  const maxAge = directives.get('max-age')
  if (maxAge === undefined) return httpDate(firstOf(headers.expires)) ?? 0
  const date = httpDate(firstOf(headers.date))
  if (date === undefined || !/^\d+$/.test(maxAge)) return undefined
  return date + Math.min(Number(maxAge), LONGEST_SECONDS) * 1000
}

function cacheControl(headers: Headers): ReadonlyMap<string, string> {
  const parts = firstOf(headers['cache-control']).split(',')
  return new Map(
    parts.map((part) => {
      const [name = '', value = ''] = part.split('=', 2)
      return [name.trim().toLowerCase(), value.trim()]
    }),
  )
}

/** The three formats of RFC 9110 5.6.7, and nothing else that Date.parse would take. */
function httpDate(text: string): number | undefined {
  const known =
    /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text) ||
    /^\w{6,9}, \d{2}-\w{3}-\d{2} \d{2}:\d{2}:\d{2} GMT$/.test(text)
  const asctime = /^(\w{3}) (\w{3}) ([ \d]\d) (\d{2}:\d{2}:\d{2}) (\d{4})$/.exec(text)
  const plain = asctime === null ? text : `${asctime[1]}, ${asctime[3]} ${asctime[2]} ${asctime[5]} ${asctime[4]} GMT`
  const time = known || asctime !== null ? Date.parse(plain) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
