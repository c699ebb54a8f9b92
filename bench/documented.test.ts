/** docs/results/README.md states the target of every row as the row does. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Target } from './row.ts'
import { batch50 } from './rows/batch-50.ts'
import { codes } from './rows/codes.ts'
import { dataApi } from './rows/data-api.ts'
import { decisions, decisionsLarge } from './rows/decisions.ts'
import { decisionsCached } from './rows/decisions-cached.ts'
import { introspections, introspectionsRedis } from './rows/introspections.ts'
import { memory } from './rows/memory.ts'
import { namesReset, namesSignIn } from './rows/names.ts'
import { policyFlip } from './rows/policy-flip.ts'
import { refreshes } from './rows/refreshes.ts'
import { startup } from './rows/startup.ts'
import { tokens } from './rows/tokens.ts'

interface Documented {
  readonly name: string
  readonly target?: Target | readonly Target[]
}

const page = readFileSync(new URL('../docs/results/README.md', import.meta.url), 'utf8').split('\n')

test.each<Documented>([
  ...[startup, tokens, refreshes, codes, introspections, introspectionsRedis, memory, policyFlip, batch50],
  ...[namesSignIn, namesReset],
  ...[decisions, ...decisionsLarge, decisionsCached, ...dataApi],
])('$name is documented with its target', ({ name, target }) => {
  const line = page.find((row) => row.startsWith('|') && row.split('|')[1]?.includes(`\`${name}\``))
  expect(line).toBeDefined()
  for (const { of, is, value } of [target ?? []].flat())
    if (of !== 'p99')
      expect(line?.split('|').at(-2)).toMatch(new RegExp(`${of} ${is === '>=' ? '≥' : '≤'}.*\\b${value}\\b`))
})
