/** What a policy prints names nobody by a form that can be told. Checklist 34. */
import { expect, test } from 'vitest'
import { maskText } from './mask-text.ts'

test.each([
  ['from 203.0.113.77', 'from 203.0.113.0/24'],
  ['{"address": "203.0.113.77", "port": 443}', '{"address": "203.0.113.0/24", "port": 443}'],
  ['203.0.113.77.', '203.0.113.0/24.'],
  ['::ffff:203.0.113.77', '::ffff:203.0.113.0/24'],
  ['2001:db8:1:2::9: refused', '2001:db8:1::/48: refused'],
  ['[2001:db8:12:3456:789a::1]:443', '[2001:db8:12::/48]:443'],
  ['2001:db8::9 and fe80::1', '2001:db8::/48 and fe80::/48'],
  ['ada.lovelace+x@example.com, <bob@mail.example.org>', '[redacted]@example.com, <[redacted]@mail.example.org>'],
])('%s becomes %s (checklist 34)', (text, masked) => {
  expect(maskText(text)).toBe(masked)
})

test.each([
  'at 12:34:56, version 1.2.3, 1.2.3.4.5, urn:sallyport:acr:mfa',
  '127.0.0.1 and ::1',
  'allow := true; input.user.sub == "u1"',
  'policies/authz/login.rego:12',
  '@x and x@ and a@b',
])('%s stays', (text) => {
  expect(maskText(text)).toBe(text)
})
