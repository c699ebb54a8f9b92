import { expect, test } from 'vitest'
import { redirectUriFault } from './redirect-uri.ts'

test.each([
  'https://app.example/cb',
  'https://app.example',
  'https://app.example:8443/cb?x=1&y=%20',
  'http://localhost:3000/cb',
  'http://127.0.0.1/cb',
  'http://[::1]:7777/cb',
])('takes %s (RFC 9700 2.1)', (uri) => {
  expect(redirectUriFault(uri, { type: 'confidential' })).toBeUndefined()
  expect(redirectUriFault(uri, { type: 'public' })).toBeUndefined()
})

test('a scheme of its own is for public clients only (RFC 8252 7.1)', () => {
  expect(redirectUriFault('com.example.app:/cb', { type: 'public' })).toBeUndefined()
  expect(redirectUriFault('com.example.app:/cb', { type: 'confidential' })).toContain('public')
})

test.each([
  ['a fragment', 'https://app.example/cb#x'],
  ['an empty fragment', 'https://app.example/cb#'],
  ['http beyond loopback', 'http://app.example/cb'],
  ['http on a host that looks like loopback', 'http://localhost.evil.example/cb'],
  ['http on loopback written otherwise', 'http://0.0.0.0/cb'],
  ['a relative address', '/cb'],
  ['no scheme', 'app.example/cb'],
  ['an empty text', ''],
  ['a script', 'javascript:alert(1)'],
  ['data', 'data:text/html,x'],
  ['a file', 'file:///etc/passwd'],
  ['a wildcard', 'https://*.app.example/cb'],
  ['a user name', 'https://app.example@evil.example/cb'],
  ['a backslash', 'https://app.example\\@evil.example/cb'],
  ['a space', 'https://app.example/c b'],
  ['a line break', 'https://app.example/cb\nx'],
  ['letters beyond ASCII', 'https://äpp.example/cb'],
  ['no host', 'https://'],
  ['no slashes', 'https:app.example/cb'],
  ['one slash', 'HTTPS:/app.example/cb'],
  ['one slash on loopback', 'http:/127.0.0.1/cb'],
  ['too many characters', `https://app.example/${'a'.repeat(2048)}`],
])('refuses %s (RFC 6749 3.1.2, checklist 1)', (_, uri) => {
  expect(redirectUriFault(uri, { type: 'public' })).toBeTypeOf('string')
})
