/** Counts against those before them. */
import { expect, test } from 'vitest'
import { standing } from './baseline.ts'

const rules = { floor: 20, leastHistory: 5 }
const steady = [10, 12, 9, 11, 10, 13, 10, 8, 11, 10]

test.each([
  ['as ever', 12, steady, false],
  ['some more', 25, steady, false],
  ['far more', 60, steady, true],
  ['what is under the floor never does', 20, [0, 0, 0, 0, 0], false],
  ['over the floor, where nothing ever came', 21, [0, 0, 0, 0, 0], true],
  ['of what little is known nothing is usual', 1_000, [1, 1, 1, 1], false],
  ['what always varies much', 300, [50, 200, 80, 260, 20, 150, 90, 240, 30, 180], false],
  ['twice what never varies', 200, Array<number>(10).fill(100), false],
  ['four times what never varies', 400, Array<number>(10).fill(100), true],
])('%s', (_what, count, before, standsOut) => {
  expect(standing(count, before, rules).standsOut).toBe(standsOut)
})

test('an attack in the past does not make the next one usual', () => {
  const attacked = [...steady, 5_000, 6_000, 5_500]
  expect(standing(60, attacked, rules)).toEqual({ standsOut: true, usual: 11 })
})
