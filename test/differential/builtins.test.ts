/**
 * Every built-in that OPA's compiler lays into the module, called from a policy with generated operands: OPA and our host
 * give the same answers. Those of the host are compared with OPA's one by one beside their own files. SCALE 1: 500 calls each.
 */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lackedBuiltins } from '../../scripts/build/builtins.ts'
import { Random } from '../../src/policy-engine/builtins/encoding/random.ts'
import { BUILTINS } from '../../src/policy-engine/builtins/table.ts'
import { readArchive, writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { FIXTURE_KEYS, signFixture } from '../../src/policy-engine/bundle/bundle-fixture.ts'
import { loadBundle } from '../../src/policy-engine/bundle/load.ts'
import { NATIVE_IDS } from '../../src/policy-engine/wasm/fuel/natives.ts'
import { openBundle } from '../../src/policy-engine/wasm/open.ts'
import { OPA } from '../servers/opa-server.ts'
import { compare } from './compare.ts'
import { type Kind, operandsFor } from './operands.ts'
import { type Oracle, startOracle } from './oracle.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')
const CALLS = Math.max(40, Math.round(500 * SCALE))
const SEED = 20_261_128

interface Declared {
  readonly name: string
  readonly deprecated?: boolean
  readonly relation?: boolean
  readonly decl: { readonly args?: readonly Kind[] }
}

/** Answered by the compiler itself. */
const SYNTAX = /^(assign|eq|internal\..*|print|trace|rego\..*)$/
const isNative = ({ name, deprecated, relation }: Declared) =>
  !deprecated && !relation && !SYNTAX.test(name) && !lackedBuiltins().has(name) && !isHosted(name)
const isHosted = (name: string) => BUILTINS.has(name) && !NATIVE_IDS.has(name)

const { builtins } = JSON.parse(execFileSync(OPA, ['capabilities', '--current'], { encoding: 'utf8' })) as {
  builtins: readonly Declared[]
}
const NATIVE = builtins.filter(isNative)

let oracle: Oracle
beforeAll(() => {
  oracle = startOracle()
})
afterAll(() => oracle.close())

/** Sets do not come by JSON: they are made of the arrays that do. */
function callOf(name: string, kinds: readonly Kind[], asSet: boolean): string {
  const operands = kinds.map(({ type, of }, at) => {
    const all = `input.a[${at}]`
    // Sets of sets.
    if (name === 'union' || name === 'intersection') return `{{x | some x in one} | some one in ${all}}`
    const takesSet = type === 'set' || (asSet && Array.isArray(of) && of.some((option: Kind) => option.type === 'set'))
    return takesSet ? `{one | some one in ${all}}` : all
  })
  return `${name}(${operands.join(', ')})`
}

describe('built-ins of the module answer as OPA does', () => {
  it('are most of those that OPA has', () => {
    expect(NATIVE.length).toBeGreaterThan(75)
  })

  it.each(NATIVE)('$name', async ({ name, decl: { args = [] } }) => {
    const rego = [
      'package native',
      `plain := ${callOf(name, args, false)}`,
      `sets := ${callOf(name, args, true)}`,
    ].join('\n\n')
    await oracle.open(name, { 'native.rego': `${rego}\n` }, {})
    const files = await readArchive(await oracle.compile(name, []))
    const archive = await writeArchive(signFixture(files, 1))
    const options = { name: 'native', keys: FIXTURE_KEYS, requiredEntrypoints: [], isPlatform: false }
    const evaluator = await openBundle(await loadBundle(archive, options), { deadlineMs: 30_000 })
    const random = new Random(SEED)
    const inputs = Array.from({ length: CALLS }, () => JSON.stringify({ a: operandsFor(random, name, args) }))
    const question = { unit: name, query: 'data.native', entrypoint: 'native', evaluator }
    const { answers, difference } = await compare(oracle, question, inputs)
    evaluator.close()
    expect(difference).toBeUndefined()
    expect(answers.filter(({ result = '{}' }) => result !== '{}').length).toBeGreaterThanOrEqual(CALLS / 3)
  })
})
