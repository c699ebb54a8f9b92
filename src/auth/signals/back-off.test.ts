import { expect, test } from 'vitest'
import { asAsked, backOff } from './back-off.ts'

const PACE = { backOffMs: 1_000, maxBackOffMs: 15 * 60_000 }
/** The largest number below 1: a random source answers no more. */
const MOST = 1 - Number.EPSILON / 2
const from = (value: number) => () => value
const waits = (random: () => number) => [0, 1, 2, 3, 8, 9, 10, 31, 5_000].map((n) => backOff(PACE, n, random))

test('doubles from the first wait to the longest, and is half of that at least', () => {
  expect(waits(from(0))).toEqual([500, 1_000, 2_000, 4_000, 128_000, 256_000, 450_000, 450_000, 450_000])
})

test('is all of it at most', () => {
  expect(waits(from(MOST)).map(Math.round)).toEqual([
    1_000, 2_000, 4_000, 8_000, 256_000, 512_000, 900_000, 900_000, 900_000,
  ])
  for (const [index, ms] of waits(from(MOST)).entries())
    expect(ms).toBeLessThanOrEqual(2 * (waits(from(0))[index] ?? 0))
})

test('grows evenly with what the random source says, so that all waits between are as likely', () => {
  expect([0, 0.25, 0.5, 0.75].map((value) => backOff(PACE, 0, from(value)))).toEqual([500, 625, 750, 875])
})

test('is what a receiver asks for, or up to a tenth later, and never sooner (RFC 9110 10.2.3)', () => {
  expect([0, 0.5].map((value) => asAsked(120, from(value)))).toEqual([120_000, 126_000])
  expect(Math.round(asAsked(120, from(MOST)))).toBe(132_000)
  expect(asAsked(0, from(MOST))).toBe(0)
})
