/** docs/security.md says of each demand where it is enforced and what proves it; here it is held to both. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAst } from 'vitest/node'

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const DEMANDED = [...numbers(1, 13), ...numbers(15, 26), ...numbers(28, 45), ...numbers(48, 52)]

const page = readFileSync('docs/security.md', 'utf8')
const paths = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path)
const rows = page
  .split('\n')
  .map((line) => /^\| (\d+) \|.*\|([^|]+)\|([^|]+)\|$/.exec(line))
  .filter((row) => row !== null)
  .map(([, number, enforced, proven]) => ({ number: Number(number), enforced: paths(enforced), proven: paths(proven) }))

/** `test` of `test`, `test.each(rows)`, `test.skipIf(missing).each(rows)`. */
function calledBy(callee: unknown): unknown {
  const { type, name, object, callee: before } = Object(callee)
  return type === 'Identifier' ? name : type === undefined ? undefined : calledBy(object ?? before)
}

/** A text as it stands in the source, without what is filled in. */
function written(literal: unknown): string {
  const { value, quasis = [] } = Object(literal)
  return typeof value === 'string' ? value : quasis.map((part: unknown) => Object(part).value.raw).join('')
}

/** Titles of tests, and of groups of them; in a table of cases a row begins with its own. */
function titlesIn(source: unknown): string[] {
  if (typeof source !== 'object' || source === null) return []
  const within = Object.values(source).flatMap(titlesIn)
  const { type, callee, elements = [], arguments: [title] = [] } = Object(source)
  if (type === 'ArrayExpression')
    return [...elements.map((row: unknown) => written(Object(row).elements?.[0])), ...within]
  const isTest = type === 'CallExpression' && ['describe', 'it', 'test'].includes(String(calledBy(callee)))
  return isTest ? [written(title), ...within] : within
}

const numbersIn = (title: string): number[] =>
  [...title.matchAll(/checklist (\d+(?:(?:, | and )\d+)*)/g)].flatMap(([, list = '']) =>
    list.split(/, | and /).map(Number),
  )

/** Numbers that the titles of a test file carry. */
const titled = (file: string): number[] =>
  titlesIn(parseAst(readFileSync(file, 'utf8'), { lang: 'ts' })).flatMap(numbersIn)

test('a number counts in the title of a test, a group or a case only', () => {
  const source = `/** checklist 1 */
    import it from 'checklist 2'
    describe('group (checklist 3)', () => {
      // checklist 4
      test.skipIf(missing).each([['checklist 5', 'checklist 10'], 'checklist 11'])(\`each %s (checklist 6 and 7)\${missing}\`, () => expect('checklist 8'))
      it('one', () => log('checklist 9'))
    })`
  expect(titlesIn(parseAst(source, { lang: 'ts' })).flatMap(numbersIn)).toEqual([3, 6, 7, 5])
})

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
