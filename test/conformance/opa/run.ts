/**
 * OPA's own test cases on our host: `node test/conformance/opa/run.ts [--all] [part of a note]`. Ends with the counts, and
 * fails where a case fails that is not expected to.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { BUILTINS } from '../../../src/policy-engine/builtins/table.ts'
import { parseExact } from '../../../src/policy-engine/exact-json.ts'
import { isExpected } from './expected.ts'
import { type OpaCase, readCases } from './frames.ts'
import { judge } from './judge.ts'

const SCRIPT = join(import.meta.dirname, '../../../scripts/toolchain/opa-cases.sh')
const args = process.argv.slice(2)
const showAll = args.includes('--all')
const wanted = args.find((arg) => !arg.startsWith('--')) ?? ''

/** Known to OPA's tests only. */
const builtins = new Map(BUILTINS).set('test.sleep', () => {
  foreign.add('test.sleep')
  foreignCalls++
  return null
})
const foreign = new Set<string>()
let foreignCalls = 0

const compiler = spawn('sh', [SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] })
const ended = new Promise<number | null>((resolve) => compiler.once('close', resolve))

const passed = { v0: 0, v1: 0 }
const total = { v0: 0, v1: 0 }
const lacking = new Map<string, number>()
let unexpected = 0

for await (const compiled of readCases(compiler.stdout)) {
  const found = parseExact(compiled.text) as OpaCase
  if (!found.note.includes(wanted)) continue
  total[found.version]++
  const reason = judge(found, compiled.wasm, builtins)
  if (reason === undefined) {
    passed[found.version]++
    continue
  }
  const expected = isExpected(found.note, reason)
  if (!expected) unexpected++
  const lacks = /lacks: (.*)$/.exec(reason)?.[1]?.split(', ') ?? []
  for (const name of lacks) lacking.set(name, (lacking.get(name) ?? 0) + 1)
  if (showAll || (!expected && lacks.length === 0)) {
    console.log(`${found.version} ${found.file}: ${found.note}: ${reason.slice(0, 500)}`)
  }
}

if ((await ended) !== 0) throw new Error('the cases could not be compiled')
for (const [name, count] of [...lacking].sort(([, left], [, right]) => right - left)) {
  console.log(`${String(count).padStart(5)} cases lack ${name}`)
}
console.log(
  `${foreignCalls} calls answered by anything but our own built-ins (${[...foreign].join()}: OPA's tests only)`,
)
console.log(`${unexpected} failures that are not expected`)
console.log(`v0 ${passed.v0}/${total.v0}`)
console.log(`v1 ${passed.v1}/${total.v1}`)
process.exitCode = unexpected > 0 ? 1 : 0
