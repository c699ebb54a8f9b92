import { argon2Sync } from 'node:crypto'
import { expect, test } from 'vitest'
import { createGate, GateFull } from './gate.ts'
import { createPasswordHasher, passwordFault } from './password.ts'
import { formatPhc, parsePhc } from './phc.ts'

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

test('an unknown user takes as long as a wrong password (checklist 37)', async () => {
  const stored = await passwords.hash('the right one')
  const time = async (hash: string | undefined): Promise<number> => {
    const start = performance.now()
    await passwords.verify('a wrong one', hash)
    return performance.now() - start
  }
  // In turns, so that another load on the machine falls on both alike; the quickest round is the least disturbed.
  const [known, unknown]: [number[], number[]] = [[], []]
  const apart = (): number => {
    const [least, most] = [Math.min(...known), Math.min(...unknown)].sort((a, b) => a - b)
    return (most ?? 0) / (least ?? 1)
  }
  // A difference that is in the code stays, however often it is measured.
  for (let round = 0; round < 60 && (round < 10 || apart() >= 1.5); round += 1) {
    known.push(await time(stored))
    unknown.push(await time(undefined))
  }
  expect(apart()).toBeLessThan(1.5)
})

test('refuses work beyond its queue instead of piling it up (checklist 36)', async () => {
  const small = createPasswordHasher(createGate({ concurrent: 1, waiting: 1 }))
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => small.verify('pw', undefined)))
  expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toHaveLength(2)
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(GateFull)
})

test('takes 8 characters and long passphrases, counts code points, composes accents alike (checklist 35)', async () => {
  expect(passwordFault('1234567')).toBe('too_short')
  expect(passwordFault('🙂🙂🙂🙂')).toBe('too_short')
  expect(passwordFault('12345678')).toBeUndefined()
  expect(passwordFault('x'.repeat(1024))).toBeUndefined()
  expect(passwordFault('x'.repeat(1025))).toBe('too_long')
  const stored = await passwords.hash('caf\u00e9 au lait')
  expect(await passwords.verify('cafe\u0301 au lait', stored)).toBe(true)
})

test('a passphrase of 1024 bytes counts to its last character (no truncation, checklist 35)', async () => {
  const stored = await passwords.hash(`${'x'.repeat(1023)}a`)
  expect(await passwords.verify(`${'x'.repeat(1023)}a`, stored)).toBe(true)
  expect(await passwords.verify(`${'x'.repeat(1023)}b`, stored)).toBe(false)
  expect(await passwords.verify('x'.repeat(2000), stored)).toBe(false)
})
