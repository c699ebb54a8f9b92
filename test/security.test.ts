/** docs/security.md says of each demand where it is enforced and what proves it; here it is held to both. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const DEMANDED = [...numbers(1, 13), ...numbers(15, 26), ...numbers(28, 45), ...numbers(48, 52)]

const page = readFileSync('docs/security.md', 'utf8')
const paths = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path)
const rows = page
  .split('\n')
  .map((line) => /^\| (\d+) \|.*\|([^|]+)\|([^|]+)\|$/.exec(line))
  .filter((row) => row !== null)
  .map(([, number, enforced, proven]) => ({ number: Number(number), enforced: paths(enforced), proven: paths(proven) }))

/** Numbers that the titles of a test file carry. */
function titled(file: string): number[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/checklist (\d+(?:(?:, | and )\d+)*)/g)].flatMap(([, list = '']) =>
    list.split(/, | and /).map(Number),
  )
}

test('every demand has its row, once', () => {
  expect(rows.map(({ number }) => number)).toEqual(DEMANDED)
})

test.each(rows)(
  'checklist $number is enforced where the page says, and tests carry its number',
  ({ number, ...row }) => {
    expect(row.enforced.length).toBeGreaterThan(0)
    for (const path of row.enforced) expect([path, existsSync(path)]).toEqual([path, true])
    expect(row.proven.length).toBeGreaterThan(0)
    for (const file of row.proven) expect([file, titled(file).includes(number)]).toEqual([file, true])
  },
)
