/** RE2 searching with Go's rules for what comes after an empty match. Linear in the text, by re2js; compiled patterns are kept. */
import { createRequire } from 'node:module'
import type * as Re2 from 're2js'
import type { RE2JS } from 're2js'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'

const require = createRequire(import.meta.url)
let loaded: typeof Re2 | undefined

/** Loaded when a policy first calls for it: most never do, and each thread would hold its seven megabytes. */
function re2(): typeof Re2 {
  loaded ??= require('re2js') as typeof Re2
  return loaded
}

/** As many as OPA keeps. */
const MAX_KEPT = 100
const kept = new Map<string, RE2JS>()

const COMPILE_UNITS = 2000
/** Milliseconds in one unit of fuel. */
const UNIT_MS = 5e-6

export function compilePattern(context: BuiltinContext, pattern: string): RE2JS {
  const known = kept.get(pattern)
  if (known !== undefined) return known
  context.charge(COMPILE_UNITS + pattern.length * 200)
  const compiled = timed(context, () => compile(pattern))
  const [oldest] = kept.keys()
  if (kept.size >= MAX_KEPT && oldest !== undefined) kept.delete(oldest)
  kept.set(pattern, compiled)
  return compiled
}

function compile(pattern: string): RE2JS {
  try {
    return re2().RE2JS.compile(pattern)
  } catch (error) {
    if (!(error instanceof re2().RE2JSException)) throw error
    const { message } = error
    throw new BuiltinError(message.endsWith('end of expression') ? `${message}: \`\`` : message)
  }
}

/** Repetitions multiply, and what a search costs depends on the text: charged by the clock. */
function timed<T>(context: BuiltinContext, work: () => T): T {
  const began = performance.now()
  const result = work()
  context.charge((performance.now() - began) / UNIT_MS)
  return result
}

export interface Match {
  readonly start: number
  readonly end: number
  /** Empty where the group took no part, or is none. */
  group(name: string | number): string
}

/**
 * Matches from left to right, none of them empty right behind another. What one search costs cannot be known before, so time is
 * charged after each, and a part of the worst case in advance.
 */
export function* findMatches(context: BuiltinContext, pattern: RE2JS, text: string): Generator<Match> {
  context.charge(text.length * pattern.programSize() * 0.25)
  const matcher = pattern.matcher(text)
  let from = 0
  let lastEnd = -1
  while (from <= text.length) {
    const at = from
    if (!timed(context, () => matcher.find(at))) return
    const [start, end] = [matcher.start(), matcher.end()]
    const isEmptyAgain = start === end && start === lastEnd
    lastEnd = end
    if (!isEmptyAgain) yield { start, end, group: (name) => groupOf(matcher, name) }
    from = end > from ? end : from + charLength(text, from)
  }
}

function groupOf(matcher: ReturnType<RE2JS['matcher']>, name: string | number): string {
  const isKnown =
    typeof name === 'number' ? name <= matcher.groupCount() : Object.hasOwn(matcher.getNamedGroups(), name)
  return isKnown ? (matcher.group(name) ?? '') : ''
}

const charLength = (text: string, at: number): number => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)
