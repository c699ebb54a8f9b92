import { expect, test } from 'vitest'
import { StoreUnavailable } from '../kernel/errors.ts'
import { decodeSigningKeys } from './signing-keys.ts'

const first = (kid: string, createdAt: number) => ({
  v: 1,
  kid,
  alg: 'ES256',
  publicJwk: { kty: 'EC' },
  sealed: 's1.k.x',
  kekId: 'k',
  createdAt,
})

test('keys of version 1 go on: the newest signs, the others retire since it came', () => {
  const texts = [first('a', 10), first('c', 30), first('b', 20)].map((record) => JSON.stringify(record))
  expect(decodeSigningKeys(texts)).toMatchObject([
    { v: 2, kid: 'a', state: 'retiring', since: 30 },
    { v: 2, kid: 'c', state: 'current', since: 30, readyAt: 30 },
    { v: 2, kid: 'b', state: 'retiring', since: 30 },
  ])
})

test('of two of version 1 made in one second one signs', () => {
  const texts = [first('a', 10), first('b', 10)].map((record) => JSON.stringify(record))
  expect(decodeSigningKeys(texts).map(({ state }) => state)).toEqual(['retiring', 'current'])
})

test('a version or an algorithm that this program does not know, and what is no record, is unavailable', () => {
  const unknown = [
    { ...first('a', 1), v: 3 },
    { ...first('a', 1), alg: 'ML-DSA-44' },
  ]
  for (const text of [...unknown.map((record) => JSON.stringify(record)), '{']) {
    expect(() => decodeSigningKeys([text])).toThrow(StoreUnavailable)
  }
})
