/** Linear counting against exact counts. */
import { expect, test } from 'vitest'
import { bitOf, countOf, MOST_COUNTED, SKETCH_BITS } from './sketch.ts'

const bitsOf = (count: number, seed: string) =>
  new Set(Array.from({ length: count }, (_, index) => bitOf(`${seed} ${index}`))).size

test.each([1, 5, 20, 100, 500, 1_000])('tells %i different things within 12 %%, of any kind', (count) => {
  for (const seed of ['a', 'b', 'c', 'd', 'e'])
    expect(Math.abs(countOf(bitsOf(count, seed)) - count)).toBeLessThanOrEqual(Math.max(1, count * 0.12))
})

test('nothing is counted beyond what a full sketch stands for', () => {
  expect(countOf(0)).toBe(0)
  expect(countOf(SKETCH_BITS)).toBe(MOST_COUNTED)
  expect(countOf(SKETCH_BITS - 1)).toBe(MOST_COUNTED)
})
