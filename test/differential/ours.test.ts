/**
 * Our own policies: OPA and our host give the same answers to inputs generated from the contract's schemas and the rules'
 * own literals, and to the bases of their case tables, changed. SCALE 1: 4,000 inputs.
 */
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readTable } from '../../policy-tests/tables.ts'
import { compileBundle } from '../../scripts/build/compile-bundle.ts'
import { findCompiler } from '../../scripts/build/compiler.ts'
import { findSources, RBAC_DATA } from '../../scripts/build/source-files.ts'
import { stageSources } from '../../scripts/build/stage.ts'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { FIXTURE_KEYS, signFixture } from '../../src/policy-engine/bundle/bundle-fixture.ts'
import { loadBundle } from '../../src/policy-engine/bundle/load.ts'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { LogEventInput, SYSTEM_ENTRYPOINTS, SystemAuthzInput } from '../../src/policy-engine/contract/system.ts'
import type { Evaluator } from '../../src/policy-engine/engine.ts'
import { REQUIRED_ENTRYPOINTS } from '../../src/policy-engine/validate.ts'
import { openBundle } from '../../src/policy-engine/wasm/open.ts'
import { campaign, shown } from './campaign.ts'
import { type Coverage, type Oracle, startOracle } from './oracle.ts'
import { merge, shapeOf } from './shape.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')
const SEED = 20_261_128

/** What is asked, and the file whose lines must be reached. */
const QUESTIONS = [
  ...Object.values(DECISIONS).map(({ name, input }) => ({
    entrypoint: `authz/${name}`,
    schema: input as object,
    file: `authz/${name}.rego`,
  })),
  ...SYSTEM_ENTRYPOINTS.map(({ entrypoint, schema, file }) => ({
    entrypoint,
    schema: (schema === 'system.log' ? LogEventInput : SystemAuthzInput) as object,
    file,
  })),
]
const COUNT = Math.max(60, Math.round((4000 * SCALE) / QUESTIONS.length))

let oracle: Oracle
let evaluator: Evaluator
const modules: Record<string, string> = {}
let data: unknown

beforeAll(async () => {
  oracle = startOracle()
  const compiler = await findCompiler()
  const { files } = await findSources({})
  const stage = await stageSources(files, compiler)
  try {
    const { files: built } = await compileBundle(stage, compiler)
    const archive = await writeArchive(signFixture(built, 1))
    const options = { name: 'sallyport', keys: FIXTURE_KEYS, requiredEntrypoints: REQUIRED_ENTRYPOINTS }
    evaluator = await openBundle(await loadBundle(archive, options), { deadlineMs: 30_000 })
  } finally {
    await stage.remove()
  }
  for (const [path, origin] of files) {
    if (/^policies\/.*\.rego$/.test(path)) modules[relative('policies', path)] = readFileSync(origin, 'utf8')
  }
  data = { rbac: parse(readFileSync(resolve(RBAC_DATA), 'utf8')) as unknown }
})
afterAll(async () => {
  evaluator.close()
  await oracle.close()
})

const lines = new Map<string, Coverage>()

describe('our policies: OPA and our host answer generated inputs alike', () => {
  it.each(QUESTIONS)('$entrypoint', async ({ entrypoint, schema, file }) => {
    await oracle.open(entrypoint, modules, data)
    const query = `data.${entrypoint.replaceAll('/', '.')}`
    const { shape, literals } = await oracle.describe(entrypoint)
    const { bases } = readTable(file.replace(/\.rego$/, ''))
    const seeds = Object.values(bases)
    const options = { shape: merge(shapeOf(schema), shape), literals, seeds, count: COUNT, seed: SEED }
    const question = { unit: entrypoint, query, entrypoint, evaluator }
    const { answers, difference } = await campaign(oracle, question, options)
    expect(difference === undefined ? '' : shown(question, SEED, difference)).toBe('')
    const coverage = await oracle.coverage(entrypoint)
    for (const [name, one] of Object.entries(coverage)) {
      const before = lines.get(name)
      if (before === undefined || one.covered > before.covered) lines.set(name, one)
    }
    console.log(file, coverage[file], answers.size)
    if (!entrypoint.startsWith('authz/')) return
    const allows = [...answers].map((answer) => (JSON.parse(answer) as { allow?: boolean }).allow)
    expect(allows).toContain(true)
    expect(allows).toContain(false)
  })

  it('reach 80 % of the lines of our rules, by the coverage of OPA', () => {
    const covered = [...lines.values()].reduce((sum, file) => sum + file.covered, 0)
    const all = [...lines.values()].reduce((sum, file) => sum + file.covered + file.not_covered, 0)
    console.log(`${covered} of ${all} lines of our rules covered by ${COUNT * QUESTIONS.length} inputs`)
    expect(covered / all).toBeGreaterThanOrEqual(0.8)
  })
})
