/**
 * Evaluator on OPA's WASM ABI, ours: values cross as structs, host built-ins are called by id with real Rego values, each
 * evaluation has a deadline in fuel and a bound of memory, and the instance serves on after any trap.
 */
import { baseData } from '../bundle/base-data.ts'
import type { EvaluationOptions, Evaluator } from '../engine.ts'
import { type HostBundle, type HostOptions, PolicyRunner } from './runner.ts'

/**
 * Instantiates the module and loads its data, in slices where the bundle comes with an image. Rejects with EvaluationError
 * where either fails, or where the module needs a built-in that this service lacks.
 */
export async function openHost(
  bundle: HostBundle,
  options: HostOptions = {},
  onSlice?: () => void,
): Promise<Evaluator> {
  return evaluatorOn(await PolicyRunner.open(bundle, options, onSlice), bundle)
}

function evaluatorOn(runner: PolicyRunner, bundle: HostBundle): Evaluator {
  const evaluate = (entrypoint: string, input: unknown, call: EvaluationOptions = {}): unknown => {
    const id = runner.entrypoints.get(entrypoint)
    if (id === undefined) return undefined
    return runner.decide(call, (policy) => {
      runner.setInput(policy, input)
      return policy.border.readResult(runner.run(policy, id), call.exact === true)
    })
  }

  const evaluateAll = (entrypoints: readonly string[], input: unknown, call: EvaluationOptions = {}): unknown[] =>
    runner.decide(call, (policy) => {
      runner.setInput(policy, input)
      const { calls } = policy.instance
      const heap = calls.opa_heap_ptr_get()
      return entrypoints.map((entrypoint) => {
        const id = runner.entrypoints.get(entrypoint)
        if (id === undefined) return undefined
        calls.opa_heap_ptr_set(heap)
        return policy.border.readResult(runner.run(policy, id), call.exact === true)
      })
    })

  return {
    entrypoints: new Set(runner.entrypoints.keys()),
    evaluate,
    evaluateAll,
    base: baseData(bundle),
    close: () => runner.close(),
  }
}
