/**
 * Runs one policy's module: loads it when it is needed, gives each evaluation its fuel, dispatches host built-ins, and brings
 * the instance back to a good state after whatever was thrown through it.
 */

import type { Builtin } from '../builtins/builtin.ts'
import { builtinsFor } from '../builtins/load.ts'
import { EvaluationError, type EvaluationOptions, EvaluationPending, type VerifiedBundle } from '../engine.ts'
import { parseExact } from '../exact-json.ts'
import { atOnce, inSlices } from '../node/slices.ts'
import { evaluationError } from './abort.ts'
import { parseText, writeResultOfBuiltin } from './border.ts'
import { bindBuiltins, type CallBuiltin, type DecisionCalls } from './builtin-calls.ts'
import { type DecisionDefaults, newDecision } from './decision.ts'
import { instanceDropped } from './dropped-memory.ts'
import { FuelTank } from './fuel/tank.ts'
import type { HostImports } from './instance.ts'
import { fill, type LoadedPolicy, listingOf, ready, restore } from './loaded.ts'
import { MAX_PAGES, memoryFor, PAGE } from './memory.ts'
import { NotPlain } from './structs/raw-json.ts'

export interface HostOptions extends DecisionDefaults {
  /** Time that one evaluation may take. */
  readonly deadlineMs?: number
  /** Units of fuel that one evaluation may take instead; ten million are some 60 ms. */
  readonly fuel?: number
  /** Memory that one evaluation may add to what module and data take. */
  readonly evaluationBytes?: number
  readonly builtins?: ReadonlyMap<string, Builtin>
  /** Values cross as text only: the way for modules of another layout, and the oracle of the struct path's tests. */
  readonly textOnly?: boolean
}

export type HostBundle = Pick<VerifiedBundle, 'dataJson' | 'dataIndex' | 'moduleData' | 'image'> & {
  readonly metered: WebAssembly.Module
}

const DEFAULT_DEADLINE_MS = 250
const DEFAULT_EVALUATION_BYTES = 128 * 1024 * 1024
/** Grown beyond this, an instance is replaced: WASM memory never shrinks. */
const KEPT_GROWTH_PAGES = 1024

export class PolicyRunner {
  /** Ids by name. */
  readonly entrypoints: ReadonlyMap<string, number>
  readonly #bundle: HostBundle
  readonly #options: HostOptions
  readonly #tank: FuelTank
  readonly #listed: ReadonlyMap<string, number>
  #callBuiltin: CallBuiltin = notOpened
  readonly #evaluationPages: number
  #policy: LoadedPolicy | undefined
  /** What its memory took with nothing but data in it. */
  #loadedPages = 0
  /** Until the instance that grew is replaced. */
  renewing: Promise<void> | undefined
  #decision: DecisionCalls | undefined
  #call: EvaluationOptions = {}
  readonly #imports: HostImports = {
    callBuiltin: (id, args) => this.#onBuiltin(id, args),
    refuel: (fuel) => this.#tank.refill(fuel),
  }

  private constructor(bundle: HostBundle, options: HostOptions) {
    this.#bundle = bundle
    this.#options = options
    this.#tank = new FuelTank({ deadlineMs: options.deadlineMs ?? DEFAULT_DEADLINE_MS, units: options.fuel })
    this.#evaluationPages = Math.ceil((options.evaluationBytes ?? DEFAULT_EVALUATION_BYTES) / PAGE)
    const listing = bundle.image ?? listingOf(this.#load())
    this.entrypoints = listing.entrypoints
    this.#listed = listing.builtins
  }

  /**
   * In slices where there is an image, while decisions go on elsewhere on this thread. Rejects with EvaluationError where the
   * module cannot be loaded, or needs a built-in that the table lacks.
   */
  static async open(bundle: HostBundle, options: HostOptions = {}, onSlice?: () => void): Promise<PolicyRunner> {
    const runner = new PolicyRunner(bundle, options)
    const table = options.builtins ?? (await builtinsFor(runner.#listed.keys()))
    runner.#callBuiltin = bindBuiltins(runner.#listed, table)
    if (runner.#policy === undefined) runner.#keep(await inSlices(runner.#restore(), onSlice))
    return runner
  }

  /** One decision: `action` sets the input, then runs entrypoints. Throws EvaluationError only. */
  decide<T>(options: EvaluationOptions, action: (policy: LoadedPolicy) => T): T {
    const policy = this.#load()
    this.#call = options
    this.#decision = undefined
    this.#tank.seal()
    policy.instance.refuel()
    try {
      const answer = action(policy)
      this.#tellLines()
      return answer
    } catch (thrown) {
      const error = evaluationError(thrown, policy.instance.calls.fuel.value)
      policy.instance.restoreStack()
      // One that waits for an answer runs again, and prints again.
      if (!(error instanceof EvaluationPending)) this.#tellLines()
      throw error
    } finally {
      if (policy.instance.memory.pages > this.#loadedPages + KEPT_GROWTH_PAGES) this.#renew(policy)
    }
  }

  /** Plain data; absent means an undefined input. */
  setInput({ instance: { calls }, border, text, context }: LoadedPolicy, input: unknown): void {
    let address = 0
    try {
      address = input === undefined ? border.noInput() : border.writeInput(input, this.#call.continues)
    } catch (error) {
      if (!(error instanceof NotPlain)) throw error
      address = text.writeInput(input)
    }
    calls.opa_eval_ctx_set_input(context, address)
  }

  /** Rego term text, which may hold what JSON cannot. */
  setInputTerm({ instance, border, context }: LoadedPolicy, term: string): void {
    border.noInput()
    instance.calls.opa_eval_ctx_set_input(context, parseText(instance, term))
  }

  /** Address of the binding that the entrypoint leaves, or of the set of it. 0 for none. */
  run({ instance, context }: LoadedPolicy, entrypoint: number): number {
    const { calls, memory } = instance
    calls.opa_eval_ctx_set_entrypoint(context, entrypoint)
    this.#tank.fill(calls.fuel)
    if (calls.eval(context) !== 0) throw new EvaluationError('the module failed')
    memory.refresh()
    return calls.binding === undefined ? calls.opa_eval_ctx_get_result(context) : calls.binding.value
  }

  /** Replaces an instance that grew; where there is an image, decisions go on with it until the new one is there. */
  #renew(grown: LoadedPolicy): void {
    if (this.#bundle.image === undefined) {
      this.close()
      return
    }
    this.renewing ??= inSlices(this.#restore())
      .then((policy) => {
        // Closed meanwhile: nobody asks any more.
        if (this.#policy !== grown) return
        this.close()
        this.#keep(policy)
      })
      // The grown one serves on, and after its next evaluation this is tried again.
      .catch(() => {})
      .finally(() => {
        this.renewing = undefined
      })
  }

  /** Frees the instance; the next decision loads another. */
  close(): void {
    const pages = this.#policy?.instance.memory.pages ?? 0
    this.#policy = undefined
    instanceDropped(pages * PAGE)
  }

  #load(): LoadedPolicy {
    if (this.#policy !== undefined) return this.#policy
    return this.#keep(guardLoad(() => (this.#bundle.image === undefined ? this.#fill() : atOnce(this.#restore()))))
  }

  #keep(policy: LoadedPolicy): LoadedPolicy {
    this.#policy = policy
    this.#loadedPages = policy.instance.memory.pages
    return policy
  }

  #fill(): LoadedPolicy {
    const json = this.#bundle.moduleData ?? this.#bundle.dataJson
    const value = () => parseExact(Buffer.from(json).toString('utf8'))
    const size = memoryFor(json.byteLength, this.#evaluationPages)
    const textOnly = this.#options.textOnly === true
    return ready(fill(this.#bundle.metered, { json, value }, { ...size, textOnly, ...this.#imports }))
  }

  *#restore(): Generator<void, LoadedPolicy> {
    const { image, metered } = this.#bundle
    if (image === undefined) throw new EvaluationError('there is no image to load from')
    const size = { pages: image.pages, maxPages: Math.min(image.pages + this.#evaluationPages, MAX_PAGES) }
    return yield* restore(metered, image, { ...size, ...this.#imports })
  }

  #onBuiltin(id: number, args: readonly number[]): number {
    const policy = this.#policy
    if (policy === undefined) throw new EvaluationError('a built-in was called while loading')
    const { instance, border } = policy
    instance.memory.refresh()
    this.#decision ??= this.#newDecision(instance.calls.fuel)
    const values = args.map((address) => border.readArgument(address))
    const value = this.#callBuiltin(id, values, this.#decision)
    return value === undefined ? 0 : writeResultOfBuiltin(instance, value)
  }

  #tellLines(): void {
    if (this.#decision === undefined) return
    const tell = this.#call.print ?? this.#options.print
    for (const line of this.#decision.lines) tell?.(line, this.#call.decisionId)
  }

  #newDecision(fuel: WebAssembly.Global): DecisionCalls {
    this.#tank.startClock()
    return newDecision(this.#options, this.#call, (units) => this.#tank.charge(fuel, units))
  }
}

function notOpened(): never {
  throw new EvaluationError('a built-in was called before the policy was opened')
}

function guardLoad(load: () => LoadedPolicy): LoadedPolicy {
  try {
    return load()
  } catch (thrown) {
    throw evaluationError(thrown, 0)
  }
}
