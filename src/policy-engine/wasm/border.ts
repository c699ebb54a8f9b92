/** How values cross between JavaScript and a module, and the way that always works: as term text, through OPA's own parser. */
import { EvaluationError } from '../engine.ts'
import type { PolicyInstance } from './instance.ts'
import { jsonOfValue } from './json-value.ts'
import { readTerm, writeTerm } from './term-text.ts'
import { isObject, isSet, type Value } from './value.ts'

export interface Border {
  /**
   * Writes an input; the heap of the evaluation begins after it. Plain JSON data. `continues`: the input and the result
   * before are still there, and stand where they appear in this one.
   */
  writeInput(value: unknown, continues?: boolean): number
  /** An undefined input: 0, with the heap at its begin. */
  noInput(): number
  /** Reads the binding that `eval` leaves, or the set of it; plain JSON data, undefined where the entrypoint is. */
  readResult(address: number, exact: boolean): unknown
  /** Reads any value as plain JSON data. */
  readJson(address: number, exact: boolean): unknown
  /** Arguments of built-ins. */
  readArgument(address: number): Value
}

export const parseText = (instance: PolicyInstance, text: string): number => instance.parse(instance.place(text))

/** Built-ins' results become the module's own to free: only its parser allocates them as it expects. */
export const writeResultOfBuiltin = (instance: PolicyInstance, value: Value): number =>
  parseText(instance, writeTerm(value))

/** A lone surrogate that JSON.stringify escaped aborts the module's parser; OPA reads it as U+FFFD. */
export const wellFormed = (json: string): string =>
  json.includes('\\ud') ? json.replace(/((?<!\\)(?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, '$1\ufffd') : json

/** `heap` is where evaluations begin. */
export function textBorder(instance: PolicyInstance, heap: number): Border {
  return {
    writeInput: (value) => {
      instance.calls.opa_heap_ptr_set(heap)
      const text = JSON.stringify(value)
      if (text === undefined) throw new EvaluationError('the input is no JSON value')
      return parseText(instance, wellFormed(text))
    },
    noInput: () => {
      instance.calls.opa_heap_ptr_set(heap)
      return 0
    },
    readResult: (address, exact) => {
      if (address === 0) return undefined
      const left = readTerm(instance.dump(address))
      const [binding] = isSet(left) ? left : [left]
      const result = binding !== undefined && isObject(binding) ? binding.get('result') : undefined
      return result === undefined ? undefined : jsonOfValue(result, exact)
    },
    readJson: (address, exact) => jsonOfValue(readTerm(instance.dump(address)), exact),
    readArgument: (address) => readTerm(instance.dump(address)),
  }
}
