/** The built-ins that a module gets: those that it may call without listing them, and all once it lists another. */
import { expect, test } from 'vitest'
import { NATIVE_IDS } from '../wasm/fuel/natives.ts'
import { builtinsFor, UNLISTED } from './load.ts'
import { BUILTINS } from './table.ts'

test('what rewritten modules call without listing it is always there', () => {
  expect([...NATIVE_IDS.keys()].filter((name) => !UNLISTED.has(name))).toEqual([])
})

test('it is the same built-in as in the table', () => {
  for (const [name, run] of UNLISTED) expect([name, BUILTINS.get(name)]).toEqual([name, run])
})

test('a module that lists none but these gets these, and one that lists another gets all', async () => {
  expect(await builtinsFor([])).toBe(UNLISTED)
  expect(await builtinsFor(['to_number', 'json.unmarshal'])).toBe(UNLISTED)
  expect(await builtinsFor(['to_number', 'time.now_ns'])).toBe(BUILTINS)
  // What nobody has is told by name when it is bound.
  expect(await builtinsFor(['no.such'])).toBe(BUILTINS)
})
