/**
 * Policies not written for us, which Go modules pinned in tools/go.mod carry: OPA and our host give the same answers to
 * inputs generated from what the rules look at and from their literals. SCALE 1: all packages, 15 inputs each.
 */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { lackedBuiltins } from '../../scripts/build/builtins.ts'
import { readArchive, writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { FIXTURE_KEYS, signFixture } from '../../src/policy-engine/bundle/bundle-fixture.ts'
import { loadBundle } from '../../src/policy-engine/bundle/load.ts'
import { openBundle } from '../../src/policy-engine/wasm/open.ts'
import { LEFT_OUT } from '../conformance/opa/expected.ts'
import { campaign, shown } from './campaign.ts'
import type { Question } from './compare.ts'
import { type Oracle, startOracle, type Unit } from './oracle.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')
const INPUTS_EACH = 15
const PACKAGES_AT_LEAST = 60
const SEED = 20_261_128

/** Answers of these are never the same twice, or come from the network. */
const UNREPEATABLE = ['http.send', 'net.lookup_ip_addr', 'rand.intn', 'uuid.rfc4122']

let oracle: Oracle
beforeAll(() => {
  oracle = startOracle()
})
afterAll(() => oracle.close())

const isLeftOut = (name: string) => LEFT_OUT.some((left) => name.startsWith(left))
const lot = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE()

/** Why a unit cannot be asked, or undefined. */
function obstacle({ error, builtins }: Unit): string | undefined {
  if (error !== undefined) return 'OPA does not compile it alone'
  const lacked = builtins.filter((name) => isLeftOut(name))
  if (lacked.length > 0) return `built-ins that are left out: ${lacked.join(', ')}`
  const unrepeatable = builtins.filter((name) => UNREPEATABLE.includes(name))
  return unrepeatable.length > 0 ? `never the same twice: ${unrepeatable.join(', ')}` : undefined
}

/** Of a package's document: whether one of its rules lets through, and whether one denies. */
function verdictsIn(answer: string): ('allow' | 'deny')[] {
  if (!answer.startsWith('{')) return []
  return Object.entries(JSON.parse(answer) as Record<string, unknown>).flatMap(([rule, value]) => {
    if (/^(is_)?allow/.test(rule) && typeof value === 'boolean') return [value ? 'allow' : 'deny']
    if (/^(deny|violation|warn)/.test(rule) && Array.isArray(value)) return [value.length === 0 ? 'allow' : 'deny']
    return []
  })
}

/** Compiled as `opa build` does, signed, and loaded as every bundle is. */
async function open(unit: Unit): Promise<Question> {
  const files = await readArchive(await oracle.compile(unit.id, [...lackedBuiltins()]))
  const archive = await writeArchive(signFixture(files, 1))
  const bundle = await loadBundle(archive, { name: 'theirs', keys: FIXTURE_KEYS, requiredEntrypoints: [] })
  return {
    unit: unit.id,
    query: unit.query,
    entrypoint: unit.path,
    evaluator: await openBundle(bundle, { deadlineMs: 30_000 }),
  }
}

it('other policies: OPA and our host answer generated inputs alike', { timeout: 3_600_000 }, async () => {
  const units = await oracle.units()
  const obstacles = new Map<string, string[]>()
  const askable: Unit[] = []
  for (const unit of units) {
    const why = obstacle(unit)
    if (why === undefined) askable.push(unit)
    else obstacles.set(why, [...(obstacles.get(why) ?? []), unit.id])
  }
  const share = Math.max(PACKAGES_AT_LEAST, Math.round(askable.length * SCALE))
  const chosen = askable.toSorted((left, right) => lot(left.id) - lot(right.id)).slice(0, share)

  const differences: string[] = []
  const lines = new Map<string, { covered: number; not_covered: number }>()
  const refused: string[] = []
  let [asked, inputs, errors] = [0, 0, 0]
  let [allowing, denying, both] = [0, 0, 0]
  for (const unit of chosen) {
    const seed = SEED ^ lot(unit.id)
    const question = await open(unit).catch((error: Error) => error)
    if (question instanceof Error) {
      refused.push(`${unit.id}: ${question.message}`)
      continue
    }
    const tally = await campaign(oracle, question, { ...(await oracle.describe(unit.id)), count: INPUTS_EACH, seed })
    question.evaluator.close()
    asked += 1
    inputs += tally.inputs
    errors += tally.errors
    const seen = new Set([...tally.answers].flatMap(verdictsIn))
    allowing += Number(seen.has('allow'))
    denying += Number(seen.has('deny'))
    both += Number(seen.size === 2)
    if (tally.difference !== undefined) differences.push(shown(question, seed, tally.difference))
    for (const [file, coverage] of Object.entries(await oracle.coverage(unit.id))) lines.set(file, coverage)
  }
  const covered = [...lines.values()].reduce((sum, file) => sum + file.covered, 0)
  const all = [...lines.values()].reduce((sum, file) => sum + file.covered + file.not_covered, 0)
  const names = refused.map((why) => why.split(': ')[0])
  console.log(`${names.length} packages that OPA's compiler does not take as an entrypoint: ${names.join('; ')}`)
  for (const [why, ids] of obstacles) console.log(`${ids.length} packages left out: ${why}`)
  console.log(
    `${inputs} inputs over ${asked} of ${askable.length} packages, ${errors} conflicts; ${allowing} allow, ${denying} deny, ${both} both; ${covered} of ${all} lines covered`,
  )
  expect(differences.join('\n')).toBe('')
  // A limit of OPA's: a package is no entrypoint where one of its functions makes what looks like a partial rule.
  expect(refused.filter((why) => !why.includes('used as reference, not called'))).toEqual([])
  expect(both).toBeGreaterThan(asked / 4)
  expect(asked).toBeGreaterThanOrEqual(30)
  expect(covered / all).toBeGreaterThanOrEqual(0.5)
})
