import { expect, test } from 'vitest'
import { GUESS_WINDOW_SECONDS, MAX_GUESSES, MAX_GUESSES_OF_NETWORK, newUserCode, readUserCode } from './user-code.ts'

test('a user code reads the same however it is typed, and what is none reads as none (RFC 8628 6.1)', () => {
  const code = newUserCode()
  expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
  for (const typed of [
    code.toLowerCase(),
    code.replace('-', ''),
    ` ${code.replace('-', ' - ')} `,
    code.split('').join(' '),
  ])
    expect(readUserCode(typed)).toBe(code)
  for (const typed of ['', 'AEIO-UAEI', 'BCDF-GHJ', 'BCDF-GHJKL', '1234-5678', 'B'.repeat(65)])
    expect(readUserCode(typed)).toBeUndefined()
})

test('its letters are even, and guessing within the limits is hopeless (RFC 8628 5.1, checklist 28)', () => {
  const letters = Array.from({ length: 5000 }, newUserCode).join('').replaceAll('-', '')
  const counts = new Map<string, number>()
  for (const letter of letters) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  expect(counts.size).toBe(20)
  // 2,000 expected; ten standard deviations.
  for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(440)
  const chance = (tries: number) => (tries * Math.ceil(600 / GUESS_WINDOW_SECONDS) * 1000) / 20 ** 8
  expect(chance(MAX_GUESSES)).toBeLessThan(1 / 2_000_000)
  expect(chance(MAX_GUESSES_OF_NETWORK)).toBeLessThan(1 / 100_000)
})
