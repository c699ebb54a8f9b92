/** Durations as Go's time.ParseDuration reads them, with OPA's days, weeks and years of 365 days besides. */
import { BuiltinError } from '../builtin.ts'
import { toBytes } from '../encoding/url-escape.ts'
import { formatFloat } from '../text/fmt-float.ts'
import { quoteGo } from '../text/go-text.ts'
import { quoteBytes } from './quote.ts'

const HOURS: Readonly<Record<string, number>> = { d: 24, w: 7 * 24, y: 365 * 24 }

/** Nanoseconds. */
export function parseDuration(text: string): bigint {
  if (text === '') throw invalid(text)
  if (!/[dwy]/.test(text)) return parseGoDuration(text)
  const rewritten = inHours(text)
  try {
    return parseGoDuration(rewritten)
  } catch (error) {
    if (!(error instanceof BuiltinError)) throw error
    throw new BuiltinError(`${error.message.slice(0, error.message.lastIndexOf(' '))} ${quoteGo(text)}`)
  }
}

const invalid = (text: string): BuiltinError => new BuiltinError(`time: invalid duration ${quoteGo(text)}`)

/** Go multiplies in doubles here, and so do we. */
function inHours(text: string): string {
  const [, sign = '', segments = ''] = /^([-+]?)((?:[0-9.]+(?:ms|us|µs|ns|[a-z]))+)$/.exec(text) ?? []
  if (segments === '') throw invalid(text)
  const rewritten = segments.replace(/([0-9.]+)(ms|us|µs|ns|[a-z])/g, (segment, digits: string, unit: string) => {
    const hours = HOURS[unit]
    if (hours === undefined) return segment
    const value = /^(?:\d+\.?\d*|\.\d+)$/.test(digits) ? Number(digits) : Number.NaN
    if (!Number.isFinite(value)) throw invalid(text)
    const product = value * hours
    return `${Number.isFinite(product) ? formatFloat(product, 'f', -1) : '+Inf'}h`
  })
  return sign + rewritten
}

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1000n],
  [toBytes('µs'), 1000n],
  [toBytes('μs'), 1000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
])

const LIMIT = 2n ** 63n

function parseGoDuration(given: string): bigint {
  const bytes = toBytes(given)
  const refuse = (what: string): BuiltinError => new BuiltinError(`time: ${what} ${quoteBytes(bytes)}`)
  const negative = bytes.startsWith('-')
  let left = /^[-+]/.test(bytes) ? bytes.slice(1) : bytes
  if (left === '0') return 0n
  if (left === '') throw refuse('invalid duration')
  let total = 0n
  while (left !== '') {
    const [segment = '', whole = '', fraction = '', name = ''] = /^([0-9]*)(?:\.([0-9]*))?([^.0-9]*)/.exec(left) ?? []
    if (whole === '' && fraction === '') throw refuse('invalid duration')
    if (BigInt(whole) > LIMIT) throw refuse('invalid duration')
    if (name === '') throw refuse('missing unit in duration')
    const unit = UNITS.get(name)
    if (unit === undefined) throw refuse(`unknown unit ${quoteBytes(name)} in duration`)
    if (BigInt(whole) > LIMIT / unit) throw refuse('invalid duration')
    total += BigInt(whole) * unit + fractionOf(fraction, unit)
    if (total > LIMIT) throw refuse('invalid duration')
    left = left.slice(segment.length)
  }
  if (negative) return -total
  if (total > LIMIT - 1n) throw refuse('invalid duration')
  return total
}

/** Digits beyond 63 bits are dropped; the product is one of doubles. */
function fractionOf(digits: string, unit: bigint): bigint {
  let value = 0n
  let scale = 1
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit)
    if (value > (LIMIT - 1n) / 10n || next > LIMIT) break
    value = next
    scale *= 10
  }
  return BigInt(Math.trunc(Number(value) * (Number(unit) / scale)))
}
