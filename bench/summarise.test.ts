import { expect, test } from 'vitest'
import type { Sample, Side, Target } from './row.ts'
import { median, percentile, spread } from './stats.ts'
import { interleave, summarise } from './summarise.ts'

const samples = (...values: readonly number[]): readonly Sample[] => values.map((value) => ({ value }))

const definition = (target?: Target) => ({
  name: 'row',
  unit: 'per second',
  latencyUnit: 'ms' as const,
  about: 'a row',
  ...(target && { target }),
})

test('the median of an even number of values lies between the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([10, 9, 100])).toBe(10)
})

test('a percentile is a value that occurred', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(percentile(values, 0.5)).toBe(50)
  expect(percentile(values, 0.99)).toBe(99)
  expect(percentile([7], 0.99)).toBe(7)
})

test('the spread is the distance of the extremes relative to the median', () => {
  expect(spread([90, 100, 120])).toBeCloseTo(0.3)
})

test('the side that goes first changes every round', async () => {
  const order: string[] = []
  const side = (name: string): Side => ({
    async sample() {
      order.push(name)
      return { value: order.length }
    },
  })
  const taken = await interleave(side('ours'), side('peer'), 3, 1, () => {})
  expect(order).toEqual(['ours', 'peer', 'peer', 'ours', 'ours', 'peer'])
  expect(taken.ours.map((sample) => sample.value)).toEqual([1, 4, 5])
  expect(taken.peer.map((sample) => sample.value)).toEqual([2, 3, 6])
})

test('a row states the ratio of the medians and the extremes of the rounds', () => {
  const row = summarise(definition(), { ours: samples(150, 140, 160), peer: samples(100, 100, 80) }, { node: 'v26' })
  expect(row.ratio).toBe(1.5)
  expect(row.spread.ratio).toEqual([1.4, 2])
  expect(row.verdict).toBeNull()
  expect(row.card).toMatchObject({ node: 'v26', rounds: 3, about: 'a row' })
})

test('a target on the ratio is missed by less, and a target on our value by more', () => {
  const taken = { ours: samples(149), peer: samples(100) }
  expect(summarise(definition({ of: 'ratio', is: '>=', value: 1.5 }), taken, {}).verdict).toBe('MISS')
  expect(summarise(definition({ of: 'ours', is: '<=', value: 149 }), taken, {}).verdict).toBe('PASS')
})

test('a row of the longest wait states and judges the longest of all rounds', () => {
  const longest = { ...definition({ of: 'ours', is: '<=', value: 100 }), figure: 'max' as const }
  const row = summarise(longest, { ours: samples(150, 40, 50), peer: [] }, {})
  expect(row).toMatchObject({ ours: 150, verdict: 'MISS' })
  expect(row.spread.ours).toBeCloseTo(2.2)
})

test('a target on the ratio is missed where there is no peer', () => {
  const taken = { ours: samples(149), peer: [] }
  expect(summarise(definition({ of: 'ratio', is: '>=', value: 1 }), taken, {})).toMatchObject({
    peer: null,
    ratio: null,
    verdict: 'MISS',
  })
})

test('a row without a sample is an error, never a figure', () => {
  expect(() => summarise(definition(), { ours: [], peer: [] }, {})).toThrow('gave no sample')
})

test('where there are several targets, each must be met; one on p99 compares it with the peer’s', () => {
  const sample = (value: number, p99: number) => ({ value, p50: 1, p99 })
  const row = {
    ...definition(),
    target: [{ of: 'ratio', is: '>=', value: 3 } as const, { of: 'p99', is: '<=', value: 1 } as const],
  }
  const verdict = (p99: number) => summarise(row, { ours: [sample(9, p99)], peer: [sample(3, 5)] }, {}).verdict
  expect([verdict(4), verdict(6)]).toEqual(['PASS', 'MISS'])
  expect(summarise(row, { ours: [sample(9, 1)], peer: [] }, {}).verdict).toBe('MISS')
})
