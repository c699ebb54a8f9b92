/** A module with its data in memory, ready to evaluate: instance, border, and where each evaluation's heap begins. */
import { type Border, textBorder } from './border.ts'
import { copyIn, copyOut, type PolicyImage } from './image.ts'
import { type InstanceOptions, PolicyInstance } from './instance.ts'
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
  const data =
    structs === undefined ? instance.parse(instance.placeBytes(json)) : writeData(instance, structs, value())
  calls.opa_eval_ctx_set_data(context, data)
  return { instance, structs, data, context }
}

export function ready({ instance, structs, data, context }: Filled): LoadedPolicy {
  const heap = (instance.calls.opa_heap_ptr_get() + 7) & ~7
  const text = textBorder(instance, heap)
  return { instance, border: structs === undefined ? text : structBorder(instance, structs), text, data, context }
}

export function takeImage({ instance, structs, data, context }: Filled): PolicyImage {
  return {
    entrypoints: instance.listing('entrypoints'),
    builtins: instance.listing('builtins'),
    bytes: copyOut(instance),
    pages: instance.memory.pages,
    data,
    context,
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
  const structs = image.structs && (yield* restoreMemory(module, instance, image.structs))
  return ready({ instance, structs, data: image.data, context: image.context })
}
