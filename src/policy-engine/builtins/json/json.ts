/** json.marshal_with_options and json.unmarshal; json.patch and the schemas are files of their own. */

import { writeTerm } from '../../wasm/term-text.ts'
import type { Value } from '../../wasm/value.ts'
import { BuiltinError, type BuiltinTable } from '../builtin.ts'
import { asArray, asObject, asString, operandError } from '../operands.ts'
import { quoteGo } from '../text/go-text.ts'
import { readGoJson, writeGoJson } from './go-json.ts'
import { patchJson } from './patch.ts'

export const JSON_TEXT: BuiltinTable = {
  'json.marshal_with_options': (_, value, options) => marshal(value ?? null, asObject(2, options)),
  'json.unmarshal': (context, text) => readGoJson(context, asString(1, text)),
  'json.patch': (context, value, operations) => patchJson(context, value ?? null, asArray(2, operations)),
}

/** A prefix or an indent asks for lines of its own, unless `pretty` says otherwise. */
function marshal(value: Value, options: Iterable<readonly [Value, Value]>): string {
  let [prefix, indent, asked] = ['', '\t', false]
  let pretty: boolean | undefined
  let at = 0
  for (const [key, option] of options) {
    const name = optionName(key, at)
    if (name === 'prefix') prefix = textOption(name, option, at)
    else if (name === 'indent') indent = textOption(name, option, at)
    else if (name === 'pretty') pretty = switchOption(name, option)
    else throw operandError(2, `object contained unknown key ${quoteGo(name)}`)
    asked ||= name !== 'pretty'
    at++
  }
  return (pretty ?? asked) ? prefix + writeGoJson(value, { prefix, indent }) : writeGoJson(value)
}

function optionName(key: Value, at: number): string {
  return reworded(
    () => asString(at, key),
    (cause) => `failed to stringify key ${writeTerm(key, quoteGo)} at index ${at}: ${cause}`,
  )
}

function textOption(name: string, option: Value, at: number): string {
  return reworded(
    () => asString(at, option),
    (cause) => `key ${quoteGo(name)} failed cast to string: ${cause}`,
  )
}

function switchOption(name: string, option: Value): boolean {
  if (typeof option === 'boolean') return option
  throw operandError(2, `key ${quoteGo(name)} failed cast to bool`)
}

function reworded(read: () => string, words: (cause: string) => string): string {
  try {
    return read()
  } catch (error) {
    throw error instanceof BuiltinError ? operandError(2, words(error.message)) : error
  }
}
