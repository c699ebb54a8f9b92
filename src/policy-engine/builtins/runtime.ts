/** What concerns the evaluation itself: opa.runtime, and lines for the log (print, trace). */
import { numberText } from '../wasm/number.ts'
import { writeTerm } from '../wasm/term-text.ts'
import { isNumber, isSet, kindOf, type Value } from '../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from './builtin.ts'
import { asArray, asString } from './operands.ts'
import { quoteGo } from './text/go-text.ts'

export const RUNTIME: BuiltinTable = {
  'opa.runtime': (context) => context.runtime,
  trace: (context, note) => {
    context.print(asString(1, note))
    return true
  },
  'internal.print': (context, operands) => {
    printAll(context, asArray(1, operands), [])
    return true
  },
  /** Marks a case of a test that runs many; only OPA's test runner listens. */
  'internal.test_case': () => true,
}

/** The compiler makes each operand a set of its values: a line for each combination, and an empty set is an undefined operand. */
function printAll(context: BuiltinContext, operands: readonly Value[], words: readonly string[]): void {
  const operand = operands[words.length]
  if (operand === undefined) {
    context.charge(words.length * 20)
    context.print(words.join(' '))
    return
  }
  for (const word of wordsOf(operand)) printAll(context, operands, [...words, word])
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
