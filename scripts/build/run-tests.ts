/** `opa test --coverage`: every case passes, and every line of every rule was run. Failures name the case's own line. */
import { readFile } from 'node:fs/promises'
import { BuildError } from './build-error.ts'
import type { Compiler } from './compiler.ts'
import { shownPath } from './source-files.ts'
import type { Stage } from './stage.ts'

/** Of one test, which here is a whole table of cases: OPA's five seconds are short on a busy machine. */
const TIMEOUT = '60s'

export interface PolicyTest {
  /** Package and rule. */
  readonly suite: string
  readonly name: string
  readonly seconds: number
  /** `file:line: what`, where it failed. */
  readonly failure?: string
}

export interface TestReport {
  readonly tests: readonly PolicyTest[]
  /** Failed cases, then lines that no case runs. */
  readonly problems: readonly string[]
}

/** As `opa test --format json` writes it. */
interface Result {
  readonly location: { readonly file: string; readonly row: number }
  readonly package: string
  readonly name: string
  readonly fail?: boolean
  readonly error?: unknown
  readonly duration: number
  readonly sub_results?: Readonly<Record<string, { readonly fail?: boolean }>>
}

interface Coverage {
  readonly files?: Readonly<
    Record<string, { readonly not_covered?: readonly { readonly start: { readonly row: number } }[] }>
  >
}

const TARGETS = ['policies', 'policy-tests']

export async function runTests(stage: Stage, compiler: Compiler): Promise<TestReport> {
  const { stdout, stderr } = await compiler.run(
    ['test', '--timeout', TIMEOUT, '--format', 'json', ...TARGETS],
    stage.root,
  )
  if (!stdout.trimStart().startsWith('[')) throw new BuildError(stage.errors(stderr || stdout))
  const results: readonly Result[] = JSON.parse(stdout)
  const tests = (await Promise.all(results.map((result) => readResult(stage, result)))).flat()
  const failures = tests.flatMap(({ failure }) => failure ?? [])
  if (failures.length > 0) return { tests, problems: failures }
  const none = tests.length === 0 ? ['policy-tests/: there is no test'] : []
  return { tests, problems: [...none, ...(await uncovered(stage, compiler))] }
}

async function readResult(stage: Stage, result: Result): Promise<PolicyTest[]> {
  const suite = `${result.package.replace(/^data\./, '')}.${result.name}`
  const cases = Object.entries(result.sub_results ?? {})
  const seconds = result.duration / 1e9 / Math.max(1, cases.length)
  const where = stage.relocate(`${result.location.file}:${result.location.row}`)
  if (cases.length === 0) {
    const failed = result.fail === true || result.error !== undefined
    return [{ suite, name: result.name, seconds, ...(failed ? { failure: `${where}: ${suite} fails` } : {}) }]
  }
  return Promise.all(
    cases.map(async ([name, { fail }]) => {
      if (fail !== true) return { suite, name, seconds }
      const line = await caseLine(stage, result.location.file, name)
      return { suite, name, seconds, failure: `${line ?? where}: case fails: ${name}` }
    }),
  )
}

/** Where the table names the case: policy-tests/authz/x_test.rego reads policy-tests/cases/authz/x.json. */
async function caseLine(stage: Stage, testFile: string, name: string): Promise<string | undefined> {
  const table = testFile.replace(/^policy-tests\//, 'policy-tests/cases/').replace(/_test\.rego$/, '.json')
  const origin = stage.files.get(table)
  if (origin === undefined) return undefined
  const lines = (await readFile(origin, 'utf8')).split('\n')
  const at = lines.findIndex((line) => line.includes(`"name": ${JSON.stringify(name)}`))
  return at < 0 ? undefined : `${shownPath(origin)}:${at + 1}`
}

async function uncovered(stage: Stage, compiler: Compiler): Promise<string[]> {
  const { stdout, stderr } = await compiler.run(
    ['test', '--timeout', TIMEOUT, '--coverage', '--format', 'json', ...TARGETS],
    stage.root,
  )
  if (!stdout.trimStart().startsWith('{')) throw new BuildError(stage.errors(stderr || stdout))
  const coverage: Coverage = JSON.parse(stdout)
  const policies = [...stage.files.keys()].filter((path) => path.startsWith('policies/') && path.endsWith('.rego'))
  return policies.flatMap((path) => {
    const found = coverage.files?.[path]
    if (found === undefined) return [stage.relocate(`${path}:1: no test runs this file`)]
    const lines = new Set((found.not_covered ?? []).map(({ start }) => start.row))
    return [...lines].map((line) => stage.relocate(`${path}:${line}: no test runs this line`))
  })
}
