/** For tests: OPA's own Go built-ins, in one process that answers many calls. Built once from `tools/opa-builtins`. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { readTerm, writeTerm } from '../wasm/term-text.ts'
import type { Value } from '../wasm/value.ts'
import { callBuiltin } from './call-builtin.ts'
import { Random } from './encoding/random.ts'
import { BUILTINS } from './table.ts'
import { testContext } from './test-context.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const SOURCE = `${ROOT}tools/opa-builtins/main.go`
const BINARY = `${ROOT}.toolchain/opa-builtins`

export interface Call {
  readonly name: string
  readonly args: readonly Value[]
}

export interface Answer {
  readonly result?: string
  readonly err?: string
}

/** Answers in the order of the calls. */
function askOracle(calls: readonly Call[]): Answer[] {
  const lines = calls.map(({ name, args }) => JSON.stringify({ name, args: args.map((arg) => writeTerm(arg)) }))
  const output = execFileSync(oracleBinary(), {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
    maxBuffer: 512 * 1024 * 1024,
  })
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer)
}

function oracleBinary(): string {
  const built = modified(BINARY)
  if (built > modified(SOURCE) && built > modified(`${ROOT}tools/go.mod`)) return BINARY
  const go = execFileSync('sh', [`${ROOT}scripts/toolchain/go.sh`], { encoding: 'utf8' }).trim()
  mkdirSync(`${ROOT}.toolchain`, { recursive: true })
  const fresh = `${BINARY}.${process.pid}`
  execFileSync(go, ['build', '-trimpath', '-o', fresh, './opa-builtins'], {
    cwd: `${ROOT}tools`,
    env: { ...process.env, GOFLAGS: '-mod=readonly', CGO_ENABLED: '0' },
  })
  renameSync(fresh, BINARY)
  return BINARY
}

const modified = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

export interface Comparison {
  readonly family: string
  readonly make: (random: Random) => Call
  readonly seed?: number
  /** At full SCALE; never below 500. */
  readonly count?: number
  /** Failures of these may be worded otherwise: the code must agree. */
  readonly looseWords?: (call: Call, answer: Answer) => boolean
  /** Calls that are not compared, such as those that make OPA panic. */
  readonly ignore?: (call: Call, answer: Answer) => boolean
  /** Applied to both results, where OPA gives them in random order. */
  readonly settle?: (result: Value) => Value
}

const SCALE = Number(process.env.SCALE ?? 0.1)

/** A test: generated calls answered by both, at least half of them with a result. */
export function compareWithOracle({
  family,
  make,
  seed = 1,
  count = 5000,
  looseWords,
  ignore,
  settle = (result) => result,
}: Comparison): void {
  const total = Math.max(500, Math.round(count * SCALE))
  it(`${family}: ${total} generated calls are answered as OPA's Go built-ins do`, () => {
    const random = new Random(seed)
    const asked = ask(total, () => make(random))
    // Where most fail, more are made, of which those count that succeed.
    for (let round = 0; round < ROUNDS && succeeded(asked).length < asked.length / 2; round++) {
      asked.push(...succeeded(ask(total, () => make(random))))
    }
    const differing: string[] = []
    let succeeding = 0
    for (const { call, theirs } of asked) {
      if (ignore?.(call, theirs) === true) continue
      if (theirs.result !== undefined) succeeding++
      const loose = looseWords?.(call, theirs) === true
      const [mine, wanted] = [ours(call, loose, settle), describe(theirs, loose, settle)]
      if (mine !== wanted)
        differing.push(
          `${call.name}(${call.args.map((arg) => writeTerm(arg)).join(', ')})\n  ours: ${mine}\n  OPA:  ${wanted}`,
        )
    }
    expect(differing.slice(0, 20).join('\n')).toBe('')
    expect(asked.length).toBeGreaterThanOrEqual(500)
    expect(succeeding).toBeGreaterThanOrEqual(asked.length / 2)
  })
}

const ROUNDS = 3

interface Asked {
  readonly call: Call
  readonly theirs: Answer
}

function ask(count: number, make: () => Call): Asked[] {
  const calls = Array.from({ length: count }, make)
  return askOracle(calls).map((theirs, at) => ({ call: calls[at] as Call, theirs }))
}

const succeeded = (asked: readonly Asked[]): Asked[] => asked.filter(({ theirs }) => theirs.result !== undefined)

type Settle = (result: Value) => Value

function ours({ name, args }: Call, loose: boolean, settle: Settle): string {
  const run = BUILTINS.get(name)
  if (run === undefined) throw new Error(`no built-in ${name}`)
  const outcome = callBuiltin(name, run, testContext(), [...args])
  if ('value' in outcome) return outcome.value === undefined ? 'undefined' : writeTerm(settle(outcome.value))
  const { code, message } = outcome.failure
  return loose ? code : `${code}: ${message}`
}

function describe({ result, err }: Answer, loose: boolean, settle: Settle): string {
  if (result !== undefined) return writeTerm(settle(readTerm(result)))
  if (err === undefined) return 'undefined'
  return loose ? (err.split(':')[0] ?? '') : err
}
