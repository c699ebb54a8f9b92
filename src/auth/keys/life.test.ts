import { expect, test } from 'vitest'
import {
  JWKS_MAX_AGE_SECONDS,
  KEY_RING_SECONDS,
  KEY_SET_SECONDS,
  LEAST_PUBLISH_SECONDS,
  LEAST_RETIRE_SECONDS,
  LONGEST_TOKEN_SECONDS,
} from '../../kernel/key-times.ts'
import type { SigningAlgorithm } from '../../kernel/signing-algorithms.ts'
import { token } from '../../policy-engine/contract/token.ts'
import type { SigningKeyRecord, SigningKeyState } from '../../storage/records.ts'
import { advance, isIdle, revoke, rotate, type Step } from './life.ts'
import { DEFAULT_KEY_RULES, type KeyRules } from './rules.ts'

const DAY = 24 * 3600
const rules: KeyRules = { ...DEFAULT_KEY_RULES, rotateSeconds: 30 * DAY, publishSeconds: 3600, retireSeconds: 2 * DAY }

const key = (
  kid: string,
  state: SigningKeyState,
  since: number,
  more: Partial<SigningKeyRecord> = {},
): SigningKeyRecord => ({
  v: 2,
  kid,
  alg: 'ES256',
  publicJwk: {},
  sealed: '',
  kekId: '',
  createdAt: since,
  state,
  since,
  readyAt: since + (state === 'next' ? rules.publishSeconds : 0),
  ...more,
})
const states = ({ keys }: Step) => keys.map(({ kid, state }) => `${kid} ${state}`).sort()
const events = ({ changes }: Step) => changes.map(({ event, kid }) => `${event} ${kid}`)
const step = (made: ReturnType<typeof revoke>): Step => {
  if (typeof made === 'string') throw new Error(made)
  return made
}

test('nothing is due while the current key is young and a next one waits', () => {
  expect(isIdle(advance([key('a', 'current', 0), key('b', 'next', 0)], 30 * DAY - 1, rules))).toBe(true)
})

test('in its time the next key signs, the one before retires, and another next one is to be made', () => {
  const turned = advance([key('a', 'current', 0), key('b', 'next', 0)], 30 * DAY, rules)
  expect(states(turned)).toEqual(['a retiring', 'b current'])
  expect(turned.missing).toEqual([{ alg: 'ES256', state: 'next' }])
  expect(events(turned)).toEqual(['key_retired a', 'key_activated b'])
  expect(turned.keys.map(({ since }) => since)).toEqual([30 * DAY, 30 * DAY])
})

test('a next key never signs before it was published for long enough', () => {
  const late = key('b', 'next', 30 * DAY)
  expect(isIdle(advance([key('a', 'current', 0), late], 30 * DAY + 3599, rules))).toBe(true)
  expect(states(advance([key('a', 'current', 0), late], 30 * DAY + 3600, rules))).toEqual(['a retiring', 'b current'])
})

test('a retired key goes when the last token that it signed has ended', () => {
  const keys = [key('a', 'retiring', 0), key('b', 'current', 0), key('c', 'next', 0)]
  expect(isIdle(advance(keys, 2 * DAY - 1, rules))).toBe(true)
  const gone = advance(keys, 2 * DAY, rules)
  expect([states(gone), events(gone)]).toEqual([['b current', 'c next'], ['key_removed a']])
})

test('an algorithm that is new here is published first, and signs when it is ready', () => {
  const wider: KeyRules = { ...rules, algorithms: ['ES256', 'EdDSA'] }
  const keys = [key('a', 'current', 0), key('b', 'next', 0)]
  expect(advance(keys, 10, wider).missing).toEqual([{ alg: 'EdDSA', state: 'next' }])
  const published = [...keys, key('e', 'next', 10, { alg: 'EdDSA' })]
  expect(isIdle(advance(published, 3609, wider))).toBe(true)
  expect(states(advance(published, 3610, wider))).toEqual(['a current', 'b next', 'e current'])
})

test('an algorithm that is no longer kept retires once another can sign; its next key goes when it would be ready', () => {
  const other: KeyRules = { ...rules, algorithms: ['EdDSA'] }
  const keys = [key('a', 'current', 0), key('b', 'next', 0)]
  expect(states(advance(keys, 10_000, other))).toEqual(['a current', 'b next'])
  const eddsa = key('e', 'current', 0, { alg: 'EdDSA' })
  expect(states(advance([...keys, eddsa], 3599, other))).toEqual(['a retiring', 'b next', 'e current'])
  expect(states(advance([...keys, eddsa], 3600, other))).toEqual(['a retiring', 'e current'])
})

test('a rotation that is asked for happens at once where the next key is ready', () => {
  const wish = { algorithms: ['ES256'] as SigningAlgorithm[], force: false }
  const turned = rotate([key('a', 'current', 0), key('b', 'next', 0)], 3600, rules, wish)
  expect([states(turned), turned.missing]).toEqual([['a retiring', 'b current'], [{ alg: 'ES256', state: 'next' }]])
})

test('else as soon as it is ready, and by force at once', () => {
  const keys = [key('a', 'current', 0), key('b', 'next', 0)]
  const asked = rotate(keys, 100, rules, { algorithms: ['ES256'], force: false })
  expect([states(asked), asked.changes, isIdle(asked)]).toEqual([['a current', 'b next'], [], false])
  expect(isIdle(rotate(asked.keys, 200, rules, { algorithms: ['ES256'], force: false }))).toBe(true)
  expect(isIdle(advance(asked.keys, 3599, rules))).toBe(true)
  const turned = advance(asked.keys, 3600, rules)
  expect(states(turned)).toEqual(['a retiring', 'b current'])
  expect(turned.keys.map((record) => record.asked)).toEqual([undefined, undefined])
  expect(states(rotate(keys, 100, rules, { algorithms: ['ES256'], force: true }))).toEqual(['a retiring', 'b current'])
})

test('rotates what is asked for, and nothing else', () => {
  const wider: KeyRules = { ...rules, algorithms: ['ES256', 'EdDSA'] }
  const [e, f] = [key('e', 'current', 0, { alg: 'EdDSA' }), key('f', 'next', 0, { alg: 'EdDSA' })]
  const keys = [key('a', 'current', 0), key('b', 'next', 0), e, f]
  const turned = rotate(keys, 9999, wider, { algorithms: ['EdDSA'], force: false })
  expect(states(turned)).toEqual(['a current', 'b next', 'e retiring', 'f current'])
})

test('a revoked key is gone at once and the next one signs, ready or not', () => {
  const revoked = step(revoke([key('a', 'current', 0), key('b', 'next', 0)], 1, rules, 'a'))
  expect(states(revoked)).toEqual(['b current'])
  expect(revoked.missing).toEqual([{ alg: 'ES256', state: 'next' }])
  expect(events(revoked)).toEqual(['key_revoked a', 'key_activated b'])
})

test('a revoked key without a next one has one made that signs at once', () => {
  const { keys, missing } = step(revoke([key('a', 'current', 0)], 1, rules, 'a'))
  expect(keys).toEqual([])
  expect(missing).toEqual([
    { alg: 'ES256', state: 'current' },
    { alg: 'ES256', state: 'next' },
  ])
})

test('a next or retiring key that is revoked leaves the current one; a next one is made anew', () => {
  const keys = [key('r', 'retiring', 0), key('a', 'current', 0), key('b', 'next', 0)]
  expect(states(step(revoke(keys, 1, rules, 'r')))).toEqual(['a current', 'b next'])
  const without = step(revoke(keys, 1, rules, 'b'))
  expect([states(without), without.missing]).toEqual([['a current', 'r retiring'], [{ alg: 'ES256', state: 'next' }]])
})

test('the last key that signs is never taken away without another in its place', () => {
  const elsewhere: KeyRules = { ...rules, algorithms: ['EdDSA'] }
  expect(revoke([key('a', 'current', 0)], 1, elsewhere, 'a')).toBe('last')
  expect(revoke([key('a', 'current', 0)], 1, rules, 'x')).toBe('missing')
})

test('the least times hold what the contract and the key set allow at most', () => {
  for (const name of ['access_token_ttl_seconds', 'id_token_ttl_seconds'] as const)
    expect(token.obligations.properties[name]).toMatchObject({ maximum: LONGEST_TOKEN_SECONDS })
  expect(LEAST_RETIRE_SECONDS).toBeGreaterThan(LONGEST_TOKEN_SECONDS + KEY_SET_SECONDS + KEY_RING_SECONDS)
  expect(LEAST_PUBLISH_SECONDS).toBe(JWKS_MAX_AGE_SECONDS + KEY_SET_SECONDS + KEY_RING_SECONDS)
  expect(DEFAULT_KEY_RULES.publishSeconds).toBeGreaterThanOrEqual(LEAST_PUBLISH_SECONDS)
  expect(DEFAULT_KEY_RULES.retireSeconds).toBeGreaterThanOrEqual(LEAST_RETIRE_SECONDS)
})
