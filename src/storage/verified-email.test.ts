import { expect, test } from 'vitest'
import { emailKey, verifiedEmailKey } from './verified-email.ts'

test.each([
  ['case', 'Ada@Example.COM', 'ada@example.com'],
  ['full-width letters (NFKC)', 'ａｄａ@example.com', 'ada@example.com'],
  ['a decomposed letter', 'zoe\u0308@example.com', 'zoë@example.com'],
  ['a ligature', 'oﬃce@example.com', 'office@example.com'],
  ['the sign of kelvin', '\u212Aarl@example.com', 'karl@example.com'],
  ['a domain and its ASCII form (RFC 5891)', 'ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
])('an address is one, whatever its %s', (_what, written, same) => {
  expect(emailKey(written)).toBe(emailKey(same))
})

test.each([
  ['letters of another alphabet', '\u0430da@example.com', 'ada@example.com'],
  ['a dotless i', 'm\u0131ke@example.com', 'mike@example.com'],
  ['a tag after a plus', 'ada+x@example.com', 'ada@example.com'],
  ['dots', 'a.da@example.com', 'ada@example.com'],
  ['another domain', 'ada@example.org', 'ada@example.com'],
  ...['/x', '?x', '#x', '\\x', ':443', '\u00AD', '\u200B', '\t', '%65'].map((end): [string, string, string] => [
    `what a URL ends its host at, or a host does not show: ${JSON.stringify(end)}`,
    `ada@example.com${end}`,
    'ada@example.com',
  ]),
  ['a character in its URL form', 'ada@%65xample.com', 'ada@example.com'],
])('addresses are two that differ by %s', (_what, one, other) => {
  expect(emailKey(one)).not.toBe(emailKey(other))
})

test('what is no address has a key all the same', () => {
  expect(emailKey('')).toBe('')
  expect(emailKey('Ada')).toBe('ada')
  expect(emailKey('ada@a b')).toBe('ada@a b')
  expect(emailKey('@example.com')).toBe('@example.com')
})

test('a person is found by the primary address alone, and only once it was proven (checklist 43)', () => {
  const [first, second] = [{ value: 'a@example.com' }, { value: 'B@example.com', primary: true }]
  const keyOf = (profile: Record<string, unknown>) => verifiedEmailKey({ profile })
  expect(keyOf({ emails: [first, second], emailVerified: true })).toBe('b@example.com')
  expect(keyOf({ emails: [first], emailVerified: true })).toBe('a@example.com')
  for (const emailVerified of [false, undefined, 'true', 1])
    expect(keyOf({ emails: [first], emailVerified })).toBe(undefined)
  for (const emails of [undefined, [], [{}], [{ value: '' }], [{ value: 7 }], 'a@example.com', [null]])
    expect(keyOf({ emails, emailVerified: true })).toBe(undefined)
})
