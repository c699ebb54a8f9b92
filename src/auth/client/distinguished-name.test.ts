import { expect, test } from 'vitest'
import { canonicalName } from './distinguished-name.ts'

test.each([
  ['CN=a,O=b', 'cn = a , o=b'],
  ['CN=a,O=b', '2.5.4.3=a,OrganizationName=b'],
  ['emailAddress=a@b.example,CN=a', 'E=a@b.example,CN=a'],
  ['CN=Ex\\, ample', 'CN="Ex, ample"'],
  ['CN=Ex\\, ample', 'CN=Ex\\2C ample'],
  ['CN=Zürich', 'CN=Z\\C3\\BCrich'],
  ['2.3.4.5=foo', '2.3.4.5=#0C03666F6F'],
  ['CN=a+UID=b,O=c', 'UID=b + CN=a,O=c'],
  ['CN=a\\\\', 'CN=a\\5C'],
  ['CN=a=b\\;c\\<d\\>', 'CN="a=b;c<d>"'],
])('%s is %s (RFC 4514 3)', (one, other) => {
  expect(canonicalName(one)).toBeDefined()
  expect(canonicalName(one)).toBe(canonicalName(other))
})

test.each([
  ['CN=a,O=b', 'O=b,CN=a'],
  ['CN=a', 'CN=A'],
  ['CN=a', 'O=a'],
  ['CN=a,O=b', 'CN=a+O=b'],
  ['CN=a,O=b', 'CN=a\\,O=b'],
  ['CN=a', 'CN=a,O=b'],
  ['CN=a b', 'CN=a  b'],
  ['CN=a\\ ', 'CN=a'],
  ['CN=a', 'CN=a\\00'],
])('%s is not %s', (one, other) => {
  expect(canonicalName(one)).not.toBe(canonicalName(other))
})

test.each([
  '',
  ' ',
  'a',
  'CN',
  '=a',
  'CN=a,',
  'CN=a+',
  'CN=a,,O=b',
  'CN=a"b"',
  'CN=a\\',
  'CN=\\C3',
  'CN=#zz',
  'CN=#0C05666F6F',
  '/CN=a',
])('%j is no name', (text) => {
  expect(canonicalName(text)).toBeUndefined()
})
