/** Identifiers are random, of the size asked for, and never handed out twice; digests are SHA-256. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { equalDigests, equalSecrets } from './constant-time.ts'
import { digestOf, orderedId, randomId, randomSecret } from './ids.ts'

test('ten thousand identifiers and secrets are all different, and of their size', () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => (index % 2 === 0 ? randomId() : randomSecret()))
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$|^[A-Za-z0-9_-]{43}$/)
  expect(new Set(ids.map((id) => id.slice(0, 8))).size).toBeGreaterThan(9_990)
})

test('takes any number of bytes', () => {
  expect(Buffer.from(randomId(100), 'base64url')).toHaveLength(100)
})

test('a digest is SHA-256 in base64url', () => {
  expect(digestOf('abc')).toBe(createHash('sha256').update('abc').digest('base64url'))
})

test('secrets and digests compare by value, whatever their lengths', () => {
  for (const [left, right] of [
    ['', ''],
    ['a', 'a'],
    ['a', 'b'],
    ['a', 'aa'],
    ['é', 'e'],
    ['a'.repeat(43), 'a'.repeat(43)],
    ['a'.repeat(43), `${'a'.repeat(42)}\u0161`],
    [digestOf('a'), digestOf('b')],
  ] as const) {
    expect(equalSecrets(left, right)).toBe(left === right)
    expect(equalDigests(left, right)).toBe(left === right)
  }
})

test('ordered identifiers sort by time and are all different', () => {
  const ids = Array.from({ length: 1000 }, orderedId)
  expect(new Set(ids).size).toBe(ids.length)
  const times = ids.map((id) => id.slice(0, 11))
  expect(times.toSorted()).toEqual(times)
  expect(ids[0]).toMatch(/^[0-9a-f]{11}[A-Za-z0-9_-]{22}$/)
})
