/** Doubles as Go's strconv.FormatFloat writes them: exact decimals rounded half to even, the shortest text, or base two. */

/** 0.digits × 10^point; no zero at the end, none at all for zero. */
interface Digits {
  readonly digits: string
  readonly point: number
}

export type FloatVerb = 'e' | 'E' | 'f' | 'g' | 'G' | 'x' | 'X' | 'b'

/** Precision -1 is the shortest text that reads back the same, but for e. With a minus, never with a plus. */
export function formatFloat(value: number, verb: FloatVerb, precision: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const size = Math.abs(value)
  switch (verb) {
    case 'e':
    case 'E':
      return sign + scientific(rounded(exactDigits(size), precision + 1), precision, verb)
    case 'f':
      return sign + (precision < 0 ? shortestFixed(size) : fixed(roundedAt(exactDigits(size), precision), precision))
    case 'g':
    case 'G':
      return sign + general(size, precision, verb === 'g' ? 'e' : 'E')
    case 'b':
      return sign + binary(size)
    default: {
      const text = hexadecimal(size, precision)
      return sign + (verb === 'X' ? text.toUpperCase() : text)
    }
  }
}

/** The mantissa as an integer: value = mantissa × 2^exponent. */
function partsOf(size: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, size)
  const bits = view.getBigUint64(0)
  const biased = Number(bits >> 52n)
  const fraction = bits & ((1n << 52n) - 1n)
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 }
}

function exactDigits(size: number): Digits {
  const { mantissa, exponent } = partsOf(size)
  if (mantissa === 0n) return { digits: '', point: 0 }
  const whole = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent)
  const text = whole.toString()
  return { digits: text.replace(/0+$/, ''), point: text.length + Math.min(exponent, 0) }
}

function shortestDigits(size: number): Digits {
  const [mantissa = '', exponent = ''] = size.toExponential().split('e')
  const digits = mantissa.replace('.', '')
  return digits === '0' ? { digits: '', point: 0 } : { digits, point: Number(exponent) + 1 }
}

/** To so many digits. A lone 5 behind them rounds to the even neighbour. */
function rounded({ digits, point }: Digits, count: number): Digits {
  if (count < 0) return { digits: '', point: 0 }
  if (count >= digits.length) return { digits, point }
  const kept = digits.slice(0, count)
  const isHalf = digits[count] === '5' && count + 1 === digits.length
  const up = isHalf ? count > 0 && Number(digits[count - 1]) % 2 === 1 : Number(digits[count]) >= 5
  if (!up) return trimmed(kept, point)
  const raised = (BigInt(`1${kept}`) + 1n).toString()
  return raised.startsWith('2') ? { digits: '1', point: point + 1 } : trimmed(raised.slice(1), point)
}

const roundedAt = (number: Digits, decimals: number): Digits => rounded(number, number.point + decimals)

function trimmed(text: string, point: number): Digits {
  const digits = text.replace(/0+$/, '')
  return { digits, point: digits === '' ? 0 : point }
}

function scientific({ digits, point }: Digits, precision: number, letter: string): string {
  const padded = digits.padEnd(precision + 1, '0')
  const exponent = digits === '' ? 0 : point - 1
  const fraction = precision > 0 ? `.${padded.slice(1, precision + 1)}` : ''
  const power = String(Math.abs(exponent)).padStart(2, '0')
  return `${padded[0]}${fraction}${letter}${exponent < 0 ? '-' : '+'}${power}`
}

function fixed({ digits, point }: Digits, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0'
  if (precision <= 0) return whole
  const decimals = point >= 0 ? digits.slice(point) : '0'.repeat(Math.min(-point, precision)) + digits
  return `${whole}.${decimals.slice(0, precision).padEnd(precision, '0')}`
}

function shortestFixed(size: number): string {
  const number = shortestDigits(size)
  return fixed(number, Math.max(number.digits.length - number.point, 0))
}

function general(size: number, precision: number, letter: string): string {
  const shortest = precision < 0
  const wanted = precision === 0 ? 1 : precision
  const number = shortest ? shortestDigits(size) : rounded(exactDigits(size), wanted)
  const count = number.digits.length
  const limit = shortest ? 6 : wanted > count && count >= number.point ? count : wanted
  const exponent = number.point - 1
  if (exponent < -4 || exponent >= limit) {
    return scientific(number, Math.max((shortest ? count : Math.min(wanted, count)) - 1, 0), letter)
  }
  return fixed(number, Math.max(count - number.point, 0))
}

function binary(size: number): string {
  const { mantissa, exponent } = partsOf(size)
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`
}

const TOP = 60n

function hexadecimal(size: number, precision: number): string {
  const parts = partsOf(size)
  const length = parts.mantissa.toString(2).length
  let exponent = parts.mantissa === 0n ? 0 : parts.exponent + length - 1
  let mantissa = parts.mantissa === 0n ? 0n : parts.mantissa << (TOP + 1n - BigInt(length))
  if (precision >= 0 && precision < 15) {
    const drop = TOP - BigInt(precision * 4)
    const rest = mantissa & ((1n << drop) - 1n)
    mantissa >>= drop
    const half = 1n << (drop - 1n)
    if (rest > half || (rest === half && mantissa % 2n === 1n)) mantissa += 1n
    mantissa <<= drop
    if (mantissa >> (TOP + 1n) !== 0n) {
      mantissa >>= 1n
      exponent++
    }
  }
  const nibbles = (mantissa & ((1n << TOP) - 1n)).toString(16).padStart(15, '0')
  const fraction = precision < 0 ? nibbles.replace(/0+$/, '') : nibbles.padEnd(precision, '0').slice(0, precision)
  const power = String(Math.abs(exponent)).padStart(2, '0')
  return `0x${mantissa >> TOP}${fraction === '' ? '' : `.${fraction}`}p${exponent < 0 ? '-' : '+'}${power}`
}
