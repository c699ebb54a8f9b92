import { expect, test } from 'vitest'
import { summarize } from './summarize-tests.ts'

const file = (status: string, ...results: string[]) => ({
  status,
  assertionResults: results.map((result) => ({ status: result })),
})

test('counts tests, and the checks as one', () => {
  const report = { numPassedTests: 2, numFailedTests: 0, testResults: [file('passed', 'passed', 'passed')] }
  expect(summarize(report, 0, 0)).toBe('3 passed, 0 failed')
  expect(summarize(report, 2, 0)).toBe('2 passed, 1 failed')
})

test('counts a file that does not load as a failure', () => {
  const testResults = [file('failed', 'passed', 'failed'), file('failed')]
  expect(summarize({ numPassedTests: 1, numFailedTests: 1, testResults }, 0, 2)).toBe('2 passed, 2 failed')
})

test('never reports success for a run that ended otherwise', () => {
  expect(summarize(undefined, 0, 2)).toBe('1 passed, 1 failed')
  expect(summarize({ numPassedTests: 5, numFailedTests: 0, testResults: [] }, 0, 1)).toBe('6 passed, 1 failed')
})
