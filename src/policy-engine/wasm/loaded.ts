/** A module with its data in memory, ready to evaluate: instance, border, and where each evaluation's heap begins. */
import { parseExact } from '../exact-json.ts'
import { type Border, textBorder } from './border.ts'
import { type InstanceOptions, PolicyInstance } from './instance.ts'
import { layOutMemory, structBorder, writeData } from './structs/border.ts'
import { layoutHolds } from './structs/probe.ts'

/** Beyond it data goes through the module's parser: a third of the time, and half of the memory. */
const MAX_STRUCT_DATA_BYTES = 8 * 1024 * 1024

export interface LoadedPolicy {
  readonly instance: PolicyInstance
  readonly border: Border
  /** For inputs that the first border does not take. */
  readonly text: Border
  readonly data: number
  readonly context: number
}

export interface LoadOptions extends InstanceOptions {
  /** Never cross as structs; for tests and as a way out. */
  readonly textOnly?: boolean
}

export function loadPolicy(module: WebAssembly.Module, dataJson: Uint8Array, options: LoadOptions): LoadedPolicy {
  const instance = new PolicyInstance(module, options)
  const { calls } = instance
  const context = calls.opa_eval_ctx_new()
  const structs = layOutMemory(module, instance)
  const useStructs = options.textOnly !== true && layoutHolds(instance, structs)
  instance.refuel()
  const data =
    useStructs && dataJson.byteLength <= MAX_STRUCT_DATA_BYTES
      ? writeData(instance, structs, parseExact(Buffer.from(dataJson).toString('utf8')))
      : instance.parse(instance.placeBytes(dataJson))
  calls.opa_eval_ctx_set_data(context, data)
  const heap = (calls.opa_heap_ptr_get() + 7) & ~7
  const text = textBorder(instance, heap)
  return { instance, border: useStructs ? structBorder(instance, structs) : text, text, data, context }
}
