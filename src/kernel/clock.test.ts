/** Time stamps of the logs. */
import { expect, test } from 'vitest'
import { timestampText } from './clock.ts'

test('time stamps read like those of Date, in whatever order they are asked for', () => {
  for (const ms of [0, 999, 1000, 1_764_000_000_123, 1_764_000_000_999, 1_764_000_001_000, 5]) {
    expect(timestampText(ms, 3)).toBe(new Date(ms).toISOString())
    expect(timestampText(ms, 9)).toBe(new Date(ms).toISOString().replace('Z', '000000Z'))
  }
})

test('a fraction of a millisecond is kept', () => {
  expect(timestampText(1000.25, 9)).toBe('1970-01-01T00:00:01.000250000Z')
})
