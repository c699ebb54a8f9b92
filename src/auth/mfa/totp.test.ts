/** The vectors of RFC 6238 Appendix B (SHA-1; of its eight digits the last six), and what the page shows of a secret. */
import { expect, test } from 'vitest'
import { CODE_PATTERN } from '../../../web/sign-in/code-pattern.ts'
import { newRecoveryCode, readRecoveryCode, recoveryDigest } from './recovery-codes.ts'
import { newTotpSecret, otpauthUri, readCode, secretText, stepOf } from './totp.ts'

const SECRET = Buffer.from('12345678901234567890')

test.each([
  [59, '287082', 1],
  [1111111109, '081804', 37037036],
  [1111111111, '050471', 37037037],
  [1234567890, '005924', 41152263],
  [2000000000, '279037', 66666666],
  [20000000000, '353130', 666666666],
])('at %i the code %s is of step %i (RFC 6238 Appendix B)', (at, code, step) => {
  expect(stepOf(SECRET, code, at)).toBe(step)
})

test('one step to either side, and no more (RFC 6238 5.2; checklist 40)', () => {
  const at = 1111111111
  const step = Math.floor(at / 30)
  const begins = step * 30
  expect(stepOf(SECRET, '050471', begins - 30)).toBe(step)
  expect(stepOf(SECRET, '050471', begins + 59)).toBe(step)
  expect(stepOf(SECRET, '050471', begins - 31)).toBeUndefined()
  expect(stepOf(SECRET, '050471', begins + 60)).toBeUndefined()
  expect(stepOf(SECRET, '050472', at)).toBeUndefined()
})

test('a code is six digits, whatever blanks apps show', () => {
  expect(readCode(' 123 456 ')).toBe('123456')
  // As Arabic and Persian keyboards type them.
  for (const typed of ['\u0661\u0662\u0663 \u0664\u0665\u0660', '\u06f1\u06f2\u06f3\u06f4\u06f5\u06f0']) {
    expect(readCode(typed)).toBe('123450')
    expect(typed).toMatch(new RegExp(`^(?:${CODE_PATTERN})$`, 'v'))
  }
  expect('12345a').not.toMatch(new RegExp(`^(?:${CODE_PATTERN})$`, 'v'))
  for (const typed of [undefined, '', '12345', '1234567', '12345a', '１２３４５６', '-12345'])
    expect(readCode(typed)).toBeUndefined()
})

test('secrets are 160 bits, never twice the same, and stand in the address that apps read', () => {
  const secret = newTotpSecret()
  expect(secret.byteLength).toBe(20)
  expect(newTotpSecret()).not.toEqual(secret)
  const uri = new URL(otpauthUri(SECRET, 'id.example:8443', 'zoë@example.com'))
  expect([uri.protocol, uri.host]).toEqual(['otpauth:', 'totp'])
  expect(decodeURIComponent(uri.pathname)).toBe('/id.example:8443:zoë@example.com')
  expect(uri.searchParams.get('secret')).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
  expect(secretText(SECRET)).toBe('GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ')
})

test('recovery codes have 120 random bits and read however they are typed (ASVS 6.5.2; checklist 40)', () => {
  const codes = new Set(Array.from({ length: 200 }, newRecoveryCode))
  expect(codes.size).toBe(200)
  for (const code of codes) expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/)
  const code = '0123-4567-89AB-CDEF-GHJK-MNPQ'
  expect(readRecoveryCode(` o123 4567-89ab cdefGHJK-mnpq`)).toBe(code)
  expect(readRecoveryCode('OI23-4567-89AB-CDEF-GHJK-MNPQ')).toBe(code)
  for (const typed of [undefined, '', code.slice(1), `${code}0`, code.replace('Q', 'U')])
    expect(readRecoveryCode(typed)).toBeUndefined()
  expect(recoveryDigest('t', 'a', code)).not.toBe(recoveryDigest('t', 'b', code))
})
