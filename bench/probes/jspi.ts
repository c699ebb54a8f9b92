/**
 * What a built-in that waits costs: JSPI (`WebAssembly.Suspending`), where the instance sleeps in the middle of its
 * evaluation, beside stopping and evaluating again. Figures in docs/adr/0008-asynchronous-builtins.md.
 *
 *     node --expose-gc bench/probes/jspi.ts
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readArchive } from '../../src/policy-engine/bundle/archive.ts'
import { MANIFEST } from '../../src/policy-engine/bundle/digest.ts'
import { FUEL_MAX, meterModule } from '../../src/policy-engine/wasm/fuel/meter.ts'
import { tokenInputs } from '../token-inputs.ts'

const { Suspending, promising } = WebAssembly as unknown as {
  Suspending: new (run: (...args: number[]) => unknown) => unknown
  promising(run: unknown): (context: number) => Promise<number>
}

/** The decision of the house that is asked most, and the same with a question to another server at its very end. */
const PROBE = `package probe

plain := {"decision": data.authz.token.decision}

asking := {"decision": decision, "body": body} if {
	decision := data.authz.token.decision
	body := http.send(object.union(input.call, {"body": decision})).body
}
`
const PAGES = 32

interface Exports {
  eval(context: number): number
  opa_malloc(size: number): number
  opa_value_parse(text: number, length: number): number
  opa_json_dump(value: number): number
  opa_heap_ptr_get(): number
  opa_heap_ptr_set(address: number): void
  opa_eval_ctx_new(): number
  opa_eval_ctx_set_input(context: number, value: number): void
  opa_eval_ctx_set_data(context: number, value: number): void
  opa_eval_ctx_set_entrypoint(context: number, entrypoint: number): void
  opa_eval_ctx_get_result(context: number): number
  builtins(): number
  entrypoints(): number
  readonly fuel: { value: number | bigint }
  readonly stack_pointer: { value: number }
}

class Pending extends Error {}

const { wasm, data } = await buildProbe()
/** Beside it, data of a megabyte as directories have it. */
const rows = Array.from({ length: 10_000 }, (_, at) => [
  `user-${at}`,
  { roles: ['reader', `team-${at % 97}`], level: at % 7, on: true },
])
const large = JSON.stringify({ ...JSON.parse(data), rows: Object.fromEntries(rows) })
const metered = await WebAssembly.compile(meterModule(wasm))
const inputs = tokenInputs().map((input) =>
  JSON.stringify({ ...input, call: { method: 'get', url: 'https://a.example' } }),
)

/** A module with data, and what its one question is answered with: at once, by a promise, or not at all. */
function open(answer: () => unknown, suspending: boolean, text = data) {
  const memory = new WebAssembly.Memory({ initial: PAGES + Math.ceil((text.length * 13) / 65_536), maximum: 4096 })
  const builtin = (id: number) => {
    if (id >= 0 && id < 1000) return answer()
    exports.fuel.value = FUEL_MAX
    return 0
  }
  const env: Record<string, unknown> = { memory, opa_println: () => {} }
  env.opa_abort = () => {
    throw new Error('aborted')
  }
  for (const arity of [0, 1, 2, 3, 4]) env[`opa_builtin${arity}`] = builtin
  if (suspending) env.opa_builtin1 = new Suspending(builtin)
  const instance = new WebAssembly.Instance(metered, { env } as never)
  const exports = instance.exports as unknown as Exports
  exports.fuel.value = FUEL_MAX
  const parse = (text: string) => {
    const length = Buffer.byteLength(text)
    const at = exports.opa_malloc(length)
    Buffer.from(memory.buffer).write(text, at)
    return exports.opa_value_parse(at, length)
  }
  const dumped = (address: number) => {
    const bytes = Buffer.from(memory.buffer)
    return bytes.toString('utf8', address, bytes.indexOf(0, address))
  }
  const entrypoints = JSON.parse(dumped(exports.opa_json_dump(exports.entrypoints()))) as Record<string, number>
  const base = parse(text)
  const body = parse('{"body":{"allow":true}}')
  const context = exports.opa_eval_ctx_new()
  exports.opa_eval_ctx_set_data(context, base)
  const heap = exports.opa_heap_ptr_get()
  const stack = exports.stack_pointer.value
  const run = suspending ? promising(exports.eval) : undefined
  const begin = (entrypoint: string, input: string) => {
    exports.opa_heap_ptr_set(heap)
    exports.stack_pointer.value = stack
    exports.fuel.value = FUEL_MAX
    exports.opa_eval_ctx_set_input(context, parse(input))
    exports.opa_eval_ctx_set_entrypoint(context, entrypoints[entrypoint] ?? -1)
  }
  return {
    body,
    memory,
    sync: (entrypoint: string, input: string) => {
      begin(entrypoint, input)
      return exports.eval(context)
    },
    jspi: (entrypoint: string, input: string) => {
      begin(entrypoint, input)
      return run?.(context)
    },
  }
}

const ROUNDS = 7
const COUNT = 4000
/** Median of the rounds, in microseconds. */
async function time(name: string, ask: (input: string) => unknown): Promise<void> {
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now()
    for (let at = 0; at < COUNT; at++) await ask(inputs[at % inputs.length] ?? '')
    rounds.push(((performance.now() - started) / COUNT) * 1000)
  }
  const [median = 0] = rounds.toSorted((a, b) => a - b).slice(ROUNDS >> 1)
  console.log(`${name.padEnd(58)} ${median.toFixed(1)} us`)
}

const plain = open(() => plain.body, false)
const asleep = open(() => asleep.body, true)
const waking = open(async () => waking.body, true)
let answered = false
const again = open(() => {
  if (!answered) throw new Pending()
  return again.body
}, false)

await time('no call, plain', (input) => plain.sync('probe/plain', input))
await time('no call, promising export', (input) => asleep.jspi('probe/plain', input))
await time('a call answered at once, plain', (input) => plain.sync('probe/asking', input))
await time('a call that waits a microtask, suspended', (input) => waking.jspi('probe/asking', input))
await time('a call that waits a microtask, stopped and evaluated again', async (input) => {
  answered = false
  try {
    again.sync('probe/asking', input)
  } catch (error) {
    if (!(error instanceof Pending)) throw error
  }
  await Promise.resolve()
  answered = true
  return again.sync('probe/asking', input)
})

/** Each waits for an answer that is slow to come: what that takes of memory, and to make. */
async function suspend(count: number, text: string): Promise<void> {
  const collect = (globalThis as { gc?: () => void }).gc ?? (() => {})
  collect()
  const before = process.memoryUsage().rss
  const { promise, resolve } = Promise.withResolvers<void>()
  const started = performance.now()
  const waiting = Array.from({ length: count }, (_, at) => {
    const instance = open(() => promise.then(() => instance.body), true, text)
    return instance.jspi('probe/asking', inputs[at % inputs.length] ?? '')
  })
  const elapsed = performance.now() - started
  collect()
  const grown = (process.memoryUsage().rss - before) / count / 1024
  console.log(
    `${count} suspended instances, ${text.length >> 10} KiB of data: ${grown.toFixed(0)} KiB each, ${((elapsed / count) * 1000).toFixed(0)} us to make each`,
  )
  resolve()
  await Promise.all(waiting)
}
await suspend(512, data)
await suspend(64, large)

async function buildProbe(): Promise<{ readonly wasm: Uint8Array; readonly data: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'jspi-'))
  try {
    const [policy, out] = [join(folder, 'probe.rego'), join(folder, 'out.tar.gz')]
    writeFileSync(policy, PROBE)
    const entrypoints = ['-e', 'probe/plain', '-e', 'probe/asking']
    const opa = process.env.OPA ?? '.toolchain/opa'
    const built = spawnSync(opa, ['build', '-t', 'wasm', ...entrypoints, 'policies', policy, '-o', out], {
      encoding: 'utf8',
    })
    if (built.status !== 0) throw new Error(built.stderr)
    const files = new Map((await readArchive(readFileSync(out))).entries())
    files.delete(MANIFEST)
    const file = (name: string) => Buffer.from(files.get(name) ?? '')
    return { wasm: file('policy.wasm'), data: file('data.json').toString('utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
