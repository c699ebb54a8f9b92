/** semver.*: SemVer 2.0.0 with OPA's leeway of a leading v. Library parsers allow other things, or less. */
import { BuiltinError, type BuiltinTable } from '../builtin.ts'
import { asString } from '../operands.ts'
import { quoteGo } from '../text/go-text.ts'

interface Version {
  readonly core: readonly bigint[]
  readonly preRelease: string
}

const MAX_INT64 = 2n ** 63n - 1n
const CORE = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/
const IDENTIFIERS = /^[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*$/
const DIGITS = /^\d+$/

export const SEMVER: BuiltinTable = {
  'semver.is_valid': (_, text) => typeof text === 'string' && parse(text) !== undefined,
  'semver.compare': (_, left, right) => {
    const [a, b] = [asString(1, left), asString(2, right)]
    return compare(expectVersion(1, a), expectVersion(2, b))
  },
}

function expectVersion(position: number, text: string): Version {
  const version = parse(text)
  if (version === undefined) {
    throw new BuiltinError(`operand ${position}: string ${quoteGo(text)} is not a valid SemVer`)
  }
  return version
}

function parse(text: string): Version | undefined {
  const [version, metadata] = cut(text.startsWith('v') ? text.slice(1) : text, '+')
  if (metadata !== undefined && !IDENTIFIERS.test(metadata)) return undefined
  const [numbers, preRelease] = cut(version, '-')
  if (preRelease !== undefined && !isPreRelease(preRelease)) return undefined
  const core = CORE.exec(numbers)?.slice(1).map(BigInt)
  if (core === undefined || core.some((part) => part > MAX_INT64)) return undefined
  return { core, preRelease: preRelease ?? '' }
}

const isPreRelease = (text: string): boolean =>
  IDENTIFIERS.test(text) &&
  !text.split('.').some((part) => part.length > 1 && part.startsWith('0') && DIGITS.test(part))

function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function compare(a: Version, b: Version): number {
  for (let at = 0; at < 3; at++) {
    const order = compareScalars(a.core[at] ?? 0n, b.core[at] ?? 0n)
    if (order !== 0) return order
  }
  if (a.preRelease === b.preRelease) return 0
  if (a.preRelease === '' || b.preRelease === '') return a.preRelease === '' ? 1 : -1
  return comparePreReleases(a.preRelease.split('.'), b.preRelease.split('.'))
}

function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  for (const [at, left] of a.entries()) {
    const right = b[at]
    if (right === undefined) return 1
    const order = compareIdentifiers(left, right)
    if (order !== 0) return order
  }
  return a.length < b.length ? -1 : 0
}

/** Numbers come before words; OPA counts any number above 64 bits as the highest of them. */
function compareIdentifiers(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [DIGITS.test(a), DIGITS.test(b)]
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1
  return aIsNumber ? compareScalars(clamped(a), clamped(b)) : compareScalars(a, b)
}

const clamped = (digits: string): bigint =>
  digits.length > 19 || BigInt(digits) > MAX_INT64 ? MAX_INT64 : BigInt(digits)

const compareScalars = <T extends bigint | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
