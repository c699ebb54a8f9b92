import { argon2, argon2Sync } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { createGate, GateFull } from './gate.ts'
import { createPasswordHasher, DEFAULT_HASH_PARAMETERS } from './hasher.ts'
import { formatPhc, parsePhc } from './phc.ts'

// The real one, counted.
vi.mock(import('node:crypto'), { spy: true })
const derivations = vi.mocked(argon2)

const passwords = createPasswordHasher()

test('hashes with argon2id at the OWASP minimum and a salt of its own, and verifies it (checklist 36)', async () => {
  const [first, second] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')])
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(first).not.toBe(second)
  expect(await passwords.verify('correct horse', first)).toBe(true)
  expect(await passwords.verify('correct horsE', first)).toBe(false)
  expect(await passwords.verify('', first)).toBe(false)
})

test('verifies a hash made with other parameters, by the parameters that it names (RFC 9106)', async () => {
  const salt = Buffer.from('somesaltsomesalt')
  const hash = argon2Sync('argon2id', {
    message: 'old password',
    nonce: salt,
    parallelism: 2,
    tagLength: 24,
    memory: 64,
    passes: 3,
  })
  const stored = formatPhc({ memory: 64, passes: 3, parallelism: 2, salt, hash })
  expect(await passwords.verify('old password', stored)).toBe(true)
  expect(await passwords.verify('new password', stored)).toBe(false)
})

test('no hash, an unreadable hash and one beyond the bounds verify nothing', async () => {
  for (const stored of [undefined, '', 'plain', '$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$c29tZWhhc2hzb21laGFzaA'])
    expect(await passwords.verify('anything', stored)).toBe(false)
  expect(
    parsePhc('$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZWhhc2hzb21laGFzaHNvbWVoYXNo'),
  ).toBeUndefined()
})

test('an unknown user costs the same work as a wrong password, an overlong one too (checklist 37)', async () => {
  const stored = await passwords.hash('the right one')
  const workOf = async (password: string, hash: string | undefined) => {
    derivations.mockClear()
    expect(await passwords.verify(password, hash)).toBe(false)
    return derivations.mock.calls.map(([algorithm, { memory, passes, parallelism, tagLength }]) => {
      return { algorithm, memory, passes, parallelism, tagLength }
    })
  }
  const one = { algorithm: 'argon2id', memory: 19456, passes: 2, parallelism: 1, tagLength: 32 }
  for (const password of ['a wrong one', 'x'.repeat(2000)]) {
    expect(await workOf(password, stored)).toEqual([one])
    expect(await workOf(password, undefined)).toEqual([one])
    expect(await workOf(password, 'no hash at all')).toEqual([one])
  }
})

test('refuses work beyond its queue instead of piling it up (checklist 36)', async () => {
  const small = createPasswordHasher(createGate({ concurrent: 1, waiting: 1 }))
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => small.verify('pw', undefined)))
  expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toHaveLength(2)
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(GateFull)
})

test('composes accents alike, so that every keyboard types the same password (NIST SP 800-63B 3.1.1.2; checklist 35)', async () => {
  const stored = await passwords.hash('caf\u00e9 au lait')
  expect(await passwords.verify('cafe\u0301 au lait', stored)).toBe(true)
})

test('a hash of another cost is verified, is not current, and costs an unknown user no less work (checklist 36, 37)', async () => {
  const dearer = createPasswordHasher(undefined, { memoryKib: 24 * 1024, passes: 3, parallelism: 1 })
  const old = await passwords.hash('the right one')
  expect(passwords.isCurrent(old)).toBe(true)
  expect(dearer.isCurrent(old)).toBe(false)
  expect(dearer.isCurrent('no hash')).toBe(false)
  expect(dearer.isCurrent(await dearer.hash('the right one'))).toBe(true)
  expect(await dearer.verify('the right one', old)).toBe(true)
  const kibOf = async (hasher: typeof passwords, stored: string | undefined) => {
    derivations.mockClear()
    expect(await hasher.verify('a wrong one', stored)).toBe(false)
    return derivations.mock.calls.reduce((sum, [, { memory, passes }]) => sum + memory * passes, 0)
  }
  expect(await kibOf(dearer, old)).toBe(await kibOf(dearer, undefined))
  expect(await kibOf(passwords, undefined)).toBe(DEFAULT_HASH_PARAMETERS.memoryKib * DEFAULT_HASH_PARAMETERS.passes)
})

test('a passphrase of 1024 bytes counts to its last character (no truncation, checklist 35)', async () => {
  const stored = await passwords.hash(`${'x'.repeat(1023)}a`)
  expect(await passwords.verify(`${'x'.repeat(1023)}a`, stored)).toBe(true)
  expect(await passwords.verify(`${'x'.repeat(1023)}b`, stored)).toBe(false)
  expect(await passwords.verify('x'.repeat(2000), stored)).toBe(false)
})
