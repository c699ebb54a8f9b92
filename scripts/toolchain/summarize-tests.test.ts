import { expect, test } from 'vitest'
import { summarize, tellSkipped } from './summarize-tests.ts'

const file = (status: string, ...results: string[]) => ({
  status,
  assertionResults: results.map((result) => ({ status: result, fullName: `a test that ${result}` })),
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

test('tells which tests were skipped, and how many', () => {
  const testResults = [file('passed', 'passed', 'skipped'), file('passed', 'pending'), file('failed', 'failed', 'todo')]
  expect(tellSkipped({ numPassedTests: 1, numFailedTests: 1, testResults })).toEqual([
    'skipped: a test that skipped',
    'skipped: a test that pending',
    'skipped: a test that todo',
    '3 skipped',
  ])
  const ran = [file('passed', 'passed'), file('failed', 'failed')]
  expect(tellSkipped({ numPassedTests: 1, numFailedTests: 1, testResults: ran })).toEqual([])
  expect(tellSkipped(undefined)).toEqual([])
})
