/** A module with its data in memory, ready to evaluate: instance, border, and where each evaluation's heap begins. */
import { type Border, textBorder } from './border.ts'
import { copyIn, copyOut, type PolicyImage } from './image.ts'
import { type InstanceOptions, PolicyInstance } from './instance.ts'
import { PARSED_PER_DATA_BYTE } from './memory.ts'
import { imageOf, layOutMemory, restoreMemory, type StructMemory, structBorder, writeData } from './structs/border.ts'
import { layoutHolds } from './structs/probe.ts'

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

/** An instance with nothing in it but its data. */
interface Filled {
  readonly instance: PolicyInstance
  readonly structs: StructMemory | undefined
  readonly data: number
  readonly context: number
}

/** `dataJson` is parsed by the module itself where values cross as text; else the host parses it. */
export function fill(
  module: WebAssembly.Module,
  { json, value }: { readonly json: Uint8Array; readonly value: () => unknown },
  options: LoadOptions,
): Filled {
  const instance = new PolicyInstance(module, options)
  const { calls } = instance
  const context = calls.opa_eval_ctx_new()
  const memory = layOutMemory(module, instance)
  const structs = options.textOnly !== true && layoutHolds(instance, memory) ? memory : undefined
  instance.refuel()
  const data = structs === undefined ? parseData(instance, json) : writeData(instance, structs, value())
  calls.opa_eval_ctx_set_data(context, data)
  instance.keepConstants()
  return { instance, structs, data, context }
}

/** Memory is reserved beforehand: grown piece by piece, ten megabytes took most of a minute. */
function parseData(instance: PolicyInstance, json: Uint8Array): number {
  const { calls } = instance
  const heap = calls.opa_heap_ptr_get()
  calls.opa_malloc(json.byteLength * PARSED_PER_DATA_BYTE)
  calls.opa_heap_ptr_set(heap)
  return instance.parse(instance.placeBytes(json))
}

export function ready({ instance, structs, data, context }: Filled): LoadedPolicy {
  const heap = (instance.calls.opa_heap_ptr_get() + 7) & ~7
  const text = textBorder(instance, heap)
  return { instance, border: structs === undefined ? text : structBorder(instance, structs), text, data, context }
}

/** Names and ids that the module lists; leaves its heap where it was. */
export function listingOf({ instance }: Pick<Filled, 'instance'>): Pick<PolicyImage, 'entrypoints' | 'builtins'> {
  const heap = instance.calls.opa_heap_ptr_get()
  const listing = { entrypoints: instance.listing('entrypoints'), builtins: instance.listing('builtins') }
  instance.calls.opa_heap_ptr_set(heap)
  return listing
}

export function takeImage(filled: Filled): PolicyImage {
  const { instance, structs, data, context } = filled
  return {
    ...listingOf(filled),
    bytes: copyOut(instance),
    pages: instance.memory.pages,
    data,
    context,
    ruleConstants: instance.calls.rule_constants?.value ?? 0,
    structs: structs === undefined ? undefined : imageOf(structs),
  }
}

/** The same from an image, in small steps. */
export function* restore(
  module: WebAssembly.Module,
  image: PolicyImage,
  options: InstanceOptions,
): Generator<void, LoadedPolicy> {
  const instance = new PolicyInstance(module, options)
  yield* copyIn(instance, image.bytes)
  const { rule_constants: constants } = instance.calls
  if (constants !== undefined) constants.value = image.ruleConstants
  const structs = image.structs && (yield* restoreMemory(module, instance, image.structs))
  return ready({ instance, structs, data: image.data, context: image.context })
}
