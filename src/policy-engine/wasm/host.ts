/**
 * Evaluator on OPA's WASM ABI, ours: values cross as structs, host built-ins are called by id with real Rego values, each
 * evaluation has a deadline in fuel and a bound of memory, and the instance serves on after any trap.
 */
import { EvaluationError, type EvaluationOptions, type Evaluator, type VerifiedBundle } from '../engine.ts'
import { parseExact } from '../exact-json.ts'
import { evaluationError } from './abort.ts'
import { writeResultOfBuiltin } from './border.ts'
import { bindBuiltins, type CallBuiltin, type DecisionCalls } from './builtin-calls.ts'
import type { Builtin } from './builtins/builtin.ts'
import { BUILTINS } from './builtins/table.ts'
import { type DecisionDefaults, newDecision } from './decision.ts'
import { type LoadedPolicy, loadPolicy } from './loaded.ts'
import { MAX_PAGES, PAGE } from './memory.ts'
import { NotPlain } from './structs/raw-json.ts'

export interface HostOptions extends DecisionDefaults {
  /** Units of fuel that one evaluation may take; ten million are some 60 ms. */
  readonly fuel?: number
  /** Memory that one evaluation may add to what module and data take. */
  readonly evaluationBytes?: number
  readonly builtins?: ReadonlyMap<string, Builtin>
  /** Values cross as text only: the way for modules of another layout, and the oracle of the struct path's tests. */
  readonly textOnly?: boolean
}

type HostBundle = Pick<VerifiedBundle, 'dataJson'> & { readonly metered: WebAssembly.Module }

const DEFAULT_FUEL = 10_000_000
const DEFAULT_EVALUATION_BYTES = 256 * 1024 * 1024
/** Values take about twelve times their JSON text. */
const MEMORY_PER_DATA_BYTE = 13
const BASE_PAGES = 32
/** Grown beyond this, an instance is replaced: WASM memory never shrinks. */
const KEPT_GROWTH_PAGES = 1024

/** Instantiates the module and loads its data; throws EvaluationError when either fails. */
export function openHost(bundle: HostBundle, options: HostOptions = {}): Evaluator {
  return new Host(bundle, options)
}

class Host implements Evaluator {
  readonly entrypoints: ReadonlySet<string>
  readonly #bundle: HostBundle
  readonly #options: HostOptions
  readonly #fuel: number
  readonly #ids: ReadonlyMap<string, number>
  readonly #callBuiltin: CallBuiltin
  readonly #pages: number
  readonly #evaluationBytes: number
  #policy: LoadedPolicy | undefined
  #decision: DecisionCalls | undefined
  #call: EvaluationOptions = {}
  #data: unknown

  constructor(bundle: HostBundle, options: HostOptions) {
    this.#bundle = bundle
    this.#options = options
    this.#fuel = options.fuel ?? DEFAULT_FUEL
    this.#evaluationBytes = options.evaluationBytes ?? DEFAULT_EVALUATION_BYTES
    this.#pages = BASE_PAGES + Math.ceil((bundle.dataJson.byteLength * MEMORY_PER_DATA_BYTE) / PAGE)
    const { instance } = this.#load()
    this.#ids = instance.listing('entrypoints')
    this.#callBuiltin = bindBuiltins(instance.listing('builtins'), options.builtins ?? BUILTINS)
    this.entrypoints = new Set(this.#ids.keys())
  }

  evaluate(entrypoint: string, input: unknown, options: EvaluationOptions = {}): unknown {
    return this.#guard(options, (policy) => {
      const id = this.#ids.get(entrypoint)
      if (id === undefined) return undefined
      this.#setInput(policy, input)
      return this.#run(policy, id)
    })
  }

  evaluateJson(entrypoint: string, input: string, options: EvaluationOptions = {}): unknown {
    return this.evaluate(entrypoint, parseExact(input), options)
  }

  evaluateAll(entrypoints: readonly string[], input: unknown, options: EvaluationOptions = {}): unknown[] {
    return this.#guard(options, (policy) => {
      this.#setInput(policy, input)
      const { calls } = policy.instance
      const heap = calls.opa_heap_ptr_get()
      return entrypoints.map((entrypoint) => {
        const id = this.#ids.get(entrypoint)
        if (id === undefined) return undefined
        calls.opa_heap_ptr_set(heap)
        return this.#run(policy, id)
      })
    })
  }

  get data(): unknown {
    this.#data ??= JSON.parse(Buffer.from(this.#bundle.dataJson).toString('utf8'))
    return this.#data
  }

  close(): void {
    this.#policy = undefined
  }

  #guard<T>(options: EvaluationOptions, action: (policy: LoadedPolicy) => T): T {
    const policy = this.#load()
    this.#call = options
    this.#decision = undefined
    policy.instance.refuel()
    try {
      return action(policy)
    } catch (thrown) {
      const error = evaluationError(thrown, policy.instance.calls.fuel.value)
      policy.instance.restoreStack()
      throw error
    } finally {
      if (policy.instance.memory.pages > this.#pages + KEPT_GROWTH_PAGES) this.#policy = undefined
    }
  }

  #setInput({ instance: { calls }, border, text, context }: LoadedPolicy, input: unknown): void {
    let address = 0
    try {
      address = input === undefined ? border.noInput() : border.writeInput(input)
    } catch (error) {
      if (!(error instanceof NotPlain)) throw error
      address = text.writeInput(input)
    }
    calls.opa_eval_ctx_set_input(context, address)
  }

  #run({ instance, border, context }: LoadedPolicy, entrypoint: number): unknown {
    const { calls, memory } = instance
    calls.opa_eval_ctx_set_entrypoint(context, entrypoint)
    calls.fuel.value = this.#fuel
    if (calls.eval(context) !== 0) throw new EvaluationError('the module failed')
    memory.refresh()
    return border.readResult(calls.opa_eval_ctx_get_result(context))
  }

  #load(): LoadedPolicy {
    this.#policy ??= guardLoad(() =>
      loadPolicy(this.#bundle.metered, this.#bundle.dataJson, {
        pages: this.#pages,
        maxPages: Math.min(this.#pages + Math.ceil(this.#evaluationBytes / PAGE), MAX_PAGES),
        textOnly: this.#options.textOnly === true,
        callBuiltin: (id, args) => this.#onBuiltin(id, args),
      }),
    )
    return this.#policy
  }

  #onBuiltin(id: number, args: readonly number[]): number {
    const policy = this.#policy
    if (policy === undefined) throw new EvaluationError('a built-in was called while loading')
    const { instance, border } = policy
    instance.memory.refresh()
    this.#decision ??= newDecision(this.#options, this.#call, instance.calls.fuel)
    const values = args.map((address) => border.readArgument(address))
    const value = this.#callBuiltin(id, values, this.#decision)
    return value === undefined ? 0 : writeResultOfBuiltin(instance, value)
  }
}

function guardLoad(load: () => LoadedPolicy): LoadedPolicy {
  try {
    return load()
  } catch (thrown) {
    throw evaluationError(thrown, 0)
  }
}
