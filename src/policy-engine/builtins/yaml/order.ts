/** go-yaml's order of keys: runs of digits by their number, letters behind other characters. */

const LETTER = /^\p{L}$/u
const DIGIT = /^\p{Nd}$/u

export function compareNaturally(left: string, right: string): number {
  const [a, b] = [[...left], [...right]]
  let behindDigit = false
  for (let at = 0; at < a.length && at < b.length; at++) {
    const [x, y] = [a[at] as string, b[at] as string]
    if (x !== y) return compareAt(a, b, at, behindDigit)
    behindDigit = DIGIT.test(x)
  }
  return a.length - b.length
}

function compareAt(a: readonly string[], b: readonly string[], at: number, behindDigit: boolean): number {
  const [x, y] = [a[at] as string, b[at] as string]
  const [isLeft, isRight] = [LETTER.test(x), LETTER.test(y)]
  if (isLeft && isRight) return codeOf(x) - codeOf(y)
  if (isLeft || isRight) return isLeft === behindDigit ? -1 : 1
  const carried = x === '0' || y === '0' ? carriedDigit(a, at) : 0n
  const [left, right] = [numberAt(a, at, carried), numberAt(b, at, carried)]
  if (left.value !== right.value) return left.value < right.value ? -1 : 1
  return left.end - right.end || codeOf(x) - codeOf(y)
}

const codeOf = (char: string): number => char.codePointAt(0) ?? 0

/** Behind a digit that counts, a zero counts too. */
function carriedDigit(chars: readonly string[], at: number): bigint {
  for (let before = at - 1; before >= 0 && DIGIT.test(chars[before] as string); before--) {
    if (chars[before] !== '0') return 1n
  }
  return 0n
}

function numberAt(
  chars: readonly string[],
  at: number,
  carried: bigint,
): { readonly value: bigint; readonly end: number } {
  let [value, end] = [carried, at]
  for (; end < chars.length && DIGIT.test(chars[end] as string); end++) {
    value = BigInt.asIntN(64, value * 10n + BigInt(codeOf(chars[end] as string) - 0x30))
  }
  return { value, end }
}
