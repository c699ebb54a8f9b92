/**
 * OPA's own test cases on our host: `node test/conformance/opa/run.ts [--all] [part of a note]`. Ends with the counts, and
 * fails where a case fails that is not expected to.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { parseExact } from '../../../src/policy-engine/exact-json.ts'
import { openOutside } from '../../../src/policy-engine/node/outside.ts'
import { CASES_TABLE, countedTable } from './counted.ts'
import { isExpected, lackedBy } from './expected.ts'
import { type CompiledCase, type OpaCase, readCases } from './frames.ts'
import { judge, judgeStrict } from './judge.ts'

const SCRIPT = join(import.meta.dirname, '../../../scripts/toolchain/opa-cases.sh')
const args = process.argv.slice(2)
const showAll = args.includes('--all')
const wanted = args.find((arg) => !arg.startsWith('--')) ?? ''

const { builtins, calls } = countedTable(CASES_TABLE)

/** What the cases look up. */
const outside = openOutside({
  allow: ['localhost', '10.0.0.0', '::'],
  unlisted: 'none',
  answerBytes: 1024,
  cacheBytes: 0,
  files: [],
  variables: {},
})

const compiler = spawn('sh', [SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] })
const ended = new Promise<number | null>((resolve) => compiler.once('close', resolve))

const passed = { v0: 0, v1: 0 }
const total = { v0: 0, v1: 0 }
const lacking = new Map<string, number>()
const engine = new Set<string>()
let unexpected = 0
/** What most cases of v0 repeat in v1, down to the module's bytes, is judged once. */
const verdicts = new Map<string, string | undefined>()

async function verdictOf(found: OpaCase, { text, wasm }: CompiledCase): Promise<string | undefined> {
  const same = text.replace(/"version":"v[01]","file":"[^"]*"/, '')
  const key = createHash('sha256').update(same).update(wasm).digest('base64')
  if (!verdicts.has(key)) verdicts.set(key, await judge(found, wasm, { builtins, outside }))
  return verdicts.get(key)
}

/** Cases of v1 that want an error where built-ins are strict. */
const strict = { told: 0, silent: 0 }

async function tellStrict(found: OpaCase, { wasm }: CompiledCase): Promise<void> {
  const verdict = await judgeStrict(found, wasm, { builtins, outside })
  if (verdict === 'told' || verdict === 'silent') strict[verdict]++
  else {
    unexpected++
    console.log(`v1 ${found.file}: ${found.note}: strict: ${verdict.slice(0, 500)}`)
  }
}

for await (const compiled of readCases(compiler.stdout)) {
  const found = parseExact(compiled.text) as OpaCase
  if (!found.note.includes(wanted)) continue
  total[found.version]++
  const reason = await verdictOf(found, compiled)
  if (reason === undefined) {
    passed[found.version]++
    if (found.strict_error === true && found.version === 'v1') await tellStrict(found, compiled)
    continue
  }
  const expected = isExpected(found.note, reason)
  if (!expected) unexpected++
  const lacks = lackedBy(reason)
  for (const name of lacks) lacking.set(name, (lacking.get(name) ?? 0) + 1)
  if (expected && lacks.length === 0) engine.add(found.note)
  if (showAll || !expected) console.log(`${found.version} ${found.file}: ${found.note}: ${reason.slice(0, 500)}`)
}

await outside.close()
if ((await ended) !== 0) throw new Error('the cases could not be compiled')
for (const [name, count] of [...lacking].sort(([, left], [, right]) => right - left)) {
  console.log(`${String(count).padStart(5)} cases lack ${name}`)
}
for (const note of engine) console.log(`      the engine's own: ${note}`)
console.log(
  `${unexpected} failures that are not expected, ${calls.own} calls of host built-ins, ${calls.sleep} of test.sleep`,
)
console.log(`${strict.told} errors told where built-ins are strict, ${strict.silent} that the module keeps to itself`)
console.log(`v0 ${passed.v0}/${total.v0}`)
console.log(`v1 ${passed.v1}/${total.v1}`)
console.log(`${calls.other} calls answered by anything but our own built-ins`)
process.exitCode = unexpected > 0 || calls.other > 0 ? 1 : 0
