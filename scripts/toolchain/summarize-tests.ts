/**
 * Prints "N passed, N failed" as its last line, from a vitest JSON report and the exit codes of `make check` and `make test`;
 * before it, which tests were skipped.
 */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** `make check` counts as one test. What failed outside of a test (a file that does not load, no report) counts as one. */
export function summarize(report: Report | undefined, checkExit: number, testExit: number): string {
  const broken = report?.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((result) => result.status === 'failed'),
  )
  const passed = (report?.numPassedTests ?? 0) + (checkExit === 0 ? 1 : 0)
  const inTests = (report?.numFailedTests ?? 0) + (broken?.length ?? 0)
  const failed = (checkExit === 0 ? 0 : 1) + (inTests > 0 || testExit === 0 ? inTests : 1)
  return `${passed} passed, ${failed} failed`
}

/** Nothing where every test ran. */
export function tellSkipped(report: Report | undefined): string[] {
  const results = report?.testResults.flatMap(({ assertionResults }) => assertionResults) ?? []
  const skipped = results.filter(({ status }) => status !== 'passed' && status !== 'failed')
  if (skipped.length === 0) return []
  return [...skipped.map(({ fullName }) => `skipped: ${fullName}`), `${skipped.length} skipped`]
}

function read(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [file = '', checkExit, testExit] = process.argv.slice(2)
  const report = read(file)
  for (const line of tellSkipped(report)) console.log(line)
  console.log(summarize(report, Number(checkExit), Number(testExit)))
}
