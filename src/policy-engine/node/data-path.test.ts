/** What a path of `data` costs to find. */
import { expect, it } from 'vitest'
import type { Evaluator } from '../engine.ts'
import { longestEntrypoint } from './data-path.ts'

class Counting extends Set<string> {
  asked = 0
  override has(entrypoint: string): boolean {
    this.asked += 1
    return super.has(entrypoint)
  }
}

const evaluatorOf = (entrypoints: ReadonlySet<string>): Evaluator => ({
  entrypoints,
  evaluate: () => undefined,
  base: () => undefined,
  close: () => {},
})

it('looks for no entrypoint longer than the longest there is, however long the path', () => {
  const entrypoints = new Counting(['system/health/live', 'probe/echo'])
  const evaluator = evaluatorOf(entrypoints)
  const endless = ['system', 'health', ...Array.from({ length: 4000 }, () => 'a')]
  expect([longestEntrypoint(evaluator, endless), entrypoints.asked]).toEqual([0, 3])
  expect(longestEntrypoint(evaluator, ['probe', 'echo', ...endless])).toBe(2)
  expect(longestEntrypoint(evaluator, ['system', 'health', 'live'])).toBe(3)
  expect(longestEntrypoint(evaluator, ['probe/echo'])).toBe(0)
})
