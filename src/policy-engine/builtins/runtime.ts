/** What concerns the evaluation itself: opa.runtime, and lines for the log (print, trace). */
import type { PrintedLine } from '../engine.ts'
import { numberText } from '../wasm/number.ts'
import { writeTerm } from '../wasm/term-text.ts'
import { isNumber, isSet, kindOf, type Value } from '../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from './builtin.ts'
import { asArray, asString } from './operands.ts'
import { quoteGo } from './text/go-text.ts'

/** Ends the place that our compile step puts before the words of `print` (`scripts/build/printed-places.ts`). */
export const PLACE_END = '\u001e'
/** What it calls instead of `trace`: the place, then the note. */
export const PLACED_TRACE = 'sallyport.trace'

export const RUNTIME: BuiltinTable = {
  'opa.runtime': (context) => context.runtime,
  trace: (context, note) => {
    printLine(context, { kind: 'trace', text: asString(1, note), place: undefined })
    return true
  },
  [PLACED_TRACE]: (context, place, note) => {
    printLine(context, { kind: 'trace', text: asString(2, note), place: asString(1, place) })
    return true
  },
  'internal.print': (context, operands) => {
    const all = asArray(1, operands)
    const place = placeIn(all[0])
    printAll(context, place, place === undefined ? all : all.slice(1), [])
    return true
  },
  /** Marks a case of a test that runs many; only OPA's test runner listens. */
  'internal.test_case': () => true,
}

function placeIn(operand: Value | undefined): string | undefined {
  const [word] = operand !== undefined && isSet(operand) ? operand : [operand]
  return typeof word === 'string' && word.endsWith(PLACE_END) ? word.slice(0, -PLACE_END.length) : undefined
}

/** The compiler makes each operand a set of its values: a line for each combination, and an empty set is an undefined operand. */
function printAll(
  context: BuiltinContext,
  place: string | undefined,
  operands: readonly Value[],
  words: readonly string[],
): void {
  const operand = operands[words.length]
  if (operand === undefined) {
    printLine(context, { kind: 'print', text: words.join(' '), place })
    return
  }
  for (const word of wordsOf(operand)) printAll(context, place, operands, [...words, word])
}

/** A line in the log takes some 20 microseconds. */
const LINE_UNITS = 4000

function printLine(context: BuiltinContext, line: PrintedLine): void {
  context.charge(LINE_UNITS + line.text.length)
  context.print(line)
}

function wordsOf(operand: Value): readonly string[] {
  if (isSet(operand)) return operand.size === 0 ? ['<undefined>'] : [...operand].map(shown)
  if (operand === null || typeof operand !== 'object' || isNumber(operand)) return [shown(operand)]
  throw new BuiltinError(`illegal argument type: ${kindOf(operand)}`)
}

function shown(value: Value): string {
  if (typeof value === 'string') return value
  return isNumber(value) ? numberText(value) : writeTerm(value, quoteGo)
}
