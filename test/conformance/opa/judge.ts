/** Whether our host answers a case as OPA's own WASM test wants it (its external_test.go). */

import { EvaluationError } from '../../../src/policy-engine/engine.ts'
import { compareValues } from '../../../src/policy-engine/wasm/compare.ts'
import { meterModule } from '../../../src/policy-engine/wasm/fuel/meter.ts'
import { valueOfJson, writeJson } from '../../../src/policy-engine/wasm/json-value.ts'
import { type HostOptions, PolicyRunner } from '../../../src/policy-engine/wasm/runner.ts'
import { newTurn, settle } from '../../../src/policy-engine/wasm/settle.ts'
import { isArray, RegoObject, RegoSet, type Value } from '../../../src/policy-engine/wasm/value.ts'
import type { OpaCase } from './frames.ts'

type Host = Required<Pick<HostOptions, 'builtins' | 'outside'>>

/** Undefined where the case passes, else why not. */
export async function judge(
  found: OpaCase,
  wasm: Uint8Array,
  { builtins, outside }: Host,
): Promise<string | undefined> {
  if (found.compile_error !== undefined) return `does not compile: ${found.compile_error}`
  try {
    return judgeBindings(found, await evaluate(found, wasm, { builtins, outside }))
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    const expected = found.want_error_code !== undefined && found.strict_error !== true
    return expected && error.code === found.want_error_code ? undefined : error.message
  }
}

/**
 * The same where a failing built-in is an error: `told` where ours was, with OPA's code; `silent` where none is wanted, or it is
 * one of the module's own, which say nothing and are undefined; else what is wrong.
 */
export async function judgeStrict(found: OpaCase, wasm: Uint8Array, host: Host): Promise<'told' | 'silent' | string> {
  try {
    const bindings = await evaluate(found, wasm, host, true)
    return compare(found.want_result ?? [], bindings, found.sort_bindings === true) ?? 'silent'
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    // Some cases want words and no code; ours tell no values, and so not OPA's words.
    const wanted = found.want_error_code ?? (found.want_error === undefined ? undefined : error.code)
    return error.code === wanted ? 'told' : `${error.code}: ${error.message}`
  }
}

type Bindings = readonly Readonly<Record<string, unknown>>[]

async function evaluate(found: OpaCase, wasm: Uint8Array, host: Host, strict = false): Promise<Bindings> {
  const metered = new WebAssembly.Module(meterModule(wasm))
  const dataJson = Buffer.from(JSON.stringify(found.data ?? {}))
  const runner = await PolicyRunner.open({ metered, dataJson }, host)
  const turn = newTurn(Date.now())
  const bindings = () =>
    runner.decide({ ...turn, strict }, (policy) => {
      if (found.input_term !== undefined) runner.setInputTerm(policy, found.input_term)
      else runner.setInput(policy, 'input' in found ? found.input : undefined)
      const left = runner.run(policy, 0)
      return left === 0 ? [] : ([policy.border.readJson(left, true)].flat() as Bindings)
    })
  return settle(turn, bindings, { deadlineMs: 10_000 })
}

function judgeBindings(found: OpaCase, bindings: Bindings): string | undefined {
  if (found.want_result !== undefined) return compare(found.want_result, bindings, found.sort_bindings === true)
  if (found.want_error_code === undefined && found.want_error === undefined) return 'the case wants nothing'
  // A module knows no strict mode: what would be an error there is undefined here.
  if (found.strict_error === true) return compare([], bindings, false)
  return `wanted ${found.want_error_code ?? 'an error'}, got ${writeJson(valueOfJson(bindings))}`
}

function compare(wanted: Bindings, got: Bindings, sortBindings: boolean): string | undefined {
  const [want, have] = [bindingSet(wanted, false), bindingSet(got, sortBindings)]
  if (compareValues(want, have) === 0) return undefined
  return `wanted ${writeJson(want)}, got ${writeJson(have)}`
}

const bindingSet = (bindings: Bindings, sortArrays: boolean): RegoSet =>
  new RegoSet(
    bindings.map((binding) => {
      const entries = Object.entries(binding).map(([name, value]) => [name, valueOfJson(value)] as const)
      return new RegoObject(entries.map(([name, value]) => [name, sortArrays ? sorted(value) : value] as const))
    }),
  )

const sorted = (value: Value): Value => (isArray(value) ? value.toSorted(compareValues) : value)
