/**
 * One instance of a policy's module: its exports typed, its imports bound, and brought back to a known state before each
 * use. OPA's WASM ABI 1.2 (https://www.openpolicyagent.org/docs/wasm).
 */
import { EvaluationError } from '../engine.ts'
import { FuelExhausted, PolicyAbort } from './abort.ts'
import { REFUEL_ID } from './fuel/host-calls.ts'
import { FUEL_MAX } from './fuel/meter.ts'
import { LinearMemory } from './memory.ts'

type Address = number

interface PolicyExports {
  eval(context: Address): number
  opa_malloc(size: number): Address
  opa_free(address: Address): void
  opa_value_parse(text: Address, length: number): Address
  opa_value_dump(value: Address): Address
  opa_json_dump(value: Address): Address
  opa_heap_ptr_get(): Address
  opa_heap_ptr_set(address: Address): void
  opa_eval_ctx_new(): Address
  opa_eval_ctx_set_input(context: Address, value: Address): void
  opa_eval_ctx_set_data(context: Address, value: Address): void
  opa_eval_ctx_set_entrypoint(context: Address, entrypoint: number): void
  opa_eval_ctx_get_result(context: Address): Address
  builtins(): Address
  entrypoints(): Address
  readonly opa_wasm_abi_version: WebAssembly.Global
  readonly opa_wasm_abi_minor_version: WebAssembly.Global
  readonly fuel: WebAssembly.Global
  readonly stack_pointer: WebAssembly.Global
  readonly string_hashes?: WebAssembly.Global
  /** Address of the one binding of the evaluation, 0 for none; else the context has a set of bindings. */
  readonly binding?: WebAssembly.Global
  /** Address of the values of constant rules, 0 for none; made by `keep_constants`. */
  readonly rule_constants?: WebAssembly.Global
  keep_constants?(): void
}

export interface InstanceOptions extends HostImports {
  readonly pages: number
  readonly maxPages: number
}

/** What a module may ask of its host while it runs. */
export interface HostImports {
  /** A host built-in by the module's id; takes and gives addresses of values, 0 for undefined. */
  callBuiltin(id: number, args: readonly Address[]): Address
  /** The module's fuel is used up: puts more into it, or throws. */
  refuel(fuel: WebAssembly.Global): void
}

/** For a module that is loaded and no more: whatever runs on is ended. */
export const NO_IMPORTS: HostImports = {
  callBuiltin: () => 0,
  refuel: () => {
    throw new FuelExhausted()
  },
}

export class PolicyInstance {
  readonly memory: LinearMemory
  readonly calls: PolicyExports
  readonly #stackTop: number

  /** Throws EvaluationError for a module that was not metered or speaks another ABI. */
  constructor(module: WebAssembly.Module, { pages, maxPages, callBuiltin, refuel }: InstanceOptions) {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: maxPages })
    this.memory = new LinearMemory(memory)
    const onBuiltin = (id: number, _context: Address, ...args: Address[]): Address => {
      if (id !== REFUEL_ID) return callBuiltin(id, args)
      refuel(this.calls.fuel)
      return 0
    }
    const env: Record<string, unknown> = {
      memory,
      opa_abort: (text: Address) => {
        this.memory.refresh()
        throw new PolicyAbort(this.memory.cString(text))
      },
      opa_println: () => {},
    }
    for (const arity of [0, 1, 2, 3, 4]) env[`opa_builtin${arity}`] = onBuiltin
    this.calls = new WebAssembly.Instance(module, { env }).exports as unknown as PolicyExports
    this.memory.refresh()
    const { opa_wasm_abi_version: abi, opa_wasm_abi_minor_version: minor, fuel, stack_pointer } = this.calls
    if (abi?.value !== 1 || minor.value < 2) throw new EvaluationError('the module speaks another ABI')
    if (fuel === undefined) throw new EvaluationError('the module was not metered')
    this.#stackTop = stack_pointer.value
  }

  /** A trap leaves the C stack pointer where it was; 64 KB later nothing would work. */
  restoreStack(): void {
    this.calls.stack_pointer.value = this.#stackTop
  }

  /** Rules that are constants are asked once, for all evaluations. Where one of them traps, each evaluation asks for itself. */
  keepConstants(): void {
    this.refuel()
    try {
      this.calls.keep_constants?.()
    } catch {
      this.restoreStack()
    }
    this.memory.refresh()
  }

  /** For what the host itself calls: parsing, loading. */
  refuel(): void {
    this.calls.fuel.value = FUEL_MAX
  }

  /** Text into fresh memory of the module. */
  place(text: string): { address: Address; length: number } {
    const length = Buffer.byteLength(text)
    const address = this.calls.opa_malloc(length)
    this.memory.refresh()
    this.memory.buffer.write(text, address, 'utf8')
    return { address, length }
  }

  placeBytes(bytes: Uint8Array): { address: Address; length: number } {
    const address = this.calls.opa_malloc(bytes.byteLength)
    this.memory.refresh()
    this.memory.u8.set(bytes, address)
    return { address, length: bytes.byteLength }
  }

  /** Term text that was placed, as a value. */
  parse({ address, length }: { address: Address; length: number }): Address {
    const value = this.calls.opa_value_parse(address, length)
    this.memory.refresh()
    if (value === 0) throw new EvaluationError('not a value')
    return value
  }

  dump(value: Address): string {
    const text = this.calls.opa_value_dump(value)
    this.memory.refresh()
    return this.memory.cString(text)
  }

  /** Names with their ids, as `builtins` and `entrypoints` list them. */
  listing(list: 'builtins' | 'entrypoints'): Map<string, number> {
    const text = this.calls.opa_json_dump(this.calls[list]())
    this.memory.refresh()
    return new Map(Object.entries(JSON.parse(this.memory.cString(text)) as Record<string, number>))
  }
}
