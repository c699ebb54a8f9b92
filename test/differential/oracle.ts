/** OPA itself in one long-lived process (`tools/opa-differential`): finds units, compiles, evaluates, counts coverage. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseExact } from '../../src/policy-engine/exact-json.ts'
import type { Shape } from './shape.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/toolchain/opa-differential.sh')

/** The time that policies see on both sides. */
export const NOW_NS = 1_700_000_000_000_000_000n

/** A package with what it imports. */
export interface Unit {
  readonly id: string
  /** `data.a.b` */
  readonly query: string
  /** The same as bundles name their entrypoints: `a/b`. */
  readonly path: string
  /** Why OPA does not compile it. */
  readonly error?: string
  readonly builtins: readonly string[]
}

export interface Answer {
  /** JSON text; undefined where the document is. */
  readonly result: string | undefined
  /** OPA's code. */
  readonly error: string | undefined
  /** The input led to a line that none before it had. */
  readonly fresh: boolean
}

export interface Coverage {
  readonly covered: number
  readonly not_covered: number
}

export interface Oracle {
  units(): Promise<readonly Unit[]>
  /** Opens a unit of the caller's own. */
  open(unit: string, modules: Readonly<Record<string, string>>, data: unknown): Promise<void>
  describe(unit: string): Promise<{ readonly shape: Shape; readonly literals: readonly unknown[] }>
  /** A bundle's bytes, unsigned. Throws where a built-in is used that the host lacks. */
  compile(unit: string, lacked: readonly string[]): Promise<Uint8Array>
  evaluate(unit: string, query: string, inputs: readonly string[]): Promise<readonly Answer[]>
  /** By file. */
  coverage(unit: string): Promise<Readonly<Record<string, Coverage>>>
  close(): Promise<void>
}

interface WireAnswer {
  readonly result?: unknown
  readonly error?: string
  readonly fresh?: boolean
}

export function startOracle(): Oracle {
  const child = spawn('sh', [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const lines = createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()

  /** One question at a time: answers come in the order of the questions. */
  const ask = async (request: object): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the oracle has ended')
    // Numbers of results keep their text.
    const answer = parseExact(value)
    if (isFailure(answer)) throw new Error(answer.error)
    return answer
  }
  return {
    units: async () => (await ask({ command: 'units' })) as readonly Unit[],
    open: async (unit, modules, data) => void (await ask({ command: 'open', unit, modules, data })),
    describe: async (unit) => (await ask({ command: 'describe', unit })) as { shape: Shape; literals: unknown[] },
    compile: async (unit, lacked) => {
      const { bundle } = (await ask({ command: 'compile', unit, lacked })) as { bundle: string }
      return Buffer.from(bundle, 'base64')
    },
    evaluate: async (unit, query, inputs) => {
      const answers = (await ask({ command: 'eval', unit, query, inputs })) as WireAnswer[]
      return answers.map(({ result, error, fresh = false }) => ({ result: JSON.stringify(result), error, fresh }))
    },
    coverage: async (unit) => (await ask({ command: 'coverage', unit })) as Record<string, Coverage>,
    close: async () => {
      child.stdin.end()
      await ended
    },
  }
}

const isFailure = (answer: unknown): answer is { readonly error: string } =>
  typeof answer === 'object' && answer !== null && 'error' in answer && typeof answer.error === 'string'
