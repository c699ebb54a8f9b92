import { expect, test } from 'vitest'
import { ScimError } from '../../kernel/errors.ts'
import { userRecord } from '../session/endpoint-fixture.ts'
import { parseFilter } from './filter.ts'

const user = userRecord({
  sub: 'Sub-1',
  userName: 'Ada@Example.com',
  profile: { externalId: 'EXT', emails: [{ value: 'ada@work.example' }, { value: 'ada@home.example' }] },
})
const matches = (filter: string): boolean => parseFilter(filter).every((term) => term.matches(user))

test.each([
  ['userName eq "ada@example.com"', true],
  ['USERNAME EQ "ADA@EXAMPLE.COM"', true],
  ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada@example.com"', true],
  ['userName eq "bob"', false],
  ['id eq "Sub-1"', true],
  ['id eq "sub-1"', false],
  ['externalId eq "EXT"', true],
  ['externalId eq "ext"', false],
  ['emails.value eq "ADA@home.example"', true],
  ['emails eq "ada@work.example"', true],
  ['active eq true', true],
  ['active eq false', false],
  ['active eq true and userName eq "ada@example.com"', true],
  ['active eq true AND userName eq "bob"', false],
  ['  userName   eq   "ada@example.com"  ', true],
  ['userName eq "\\u0061da@example.com"', true],
])('%s (RFC 7644 3.4.2.2)', (filter, expected) => {
  expect(matches(filter)).toBe(expected)
})

test.each([
  ['an operator that is not supported', 'userName co "ada"'],
  ['or', 'active eq true or active eq false'],
  ['parentheses', '(active eq true)'],
  ['an unknown attribute', 'password eq "x"'],
  ['an attribute of every object', '__proto__ eq "x"'],
  ['a value of the wrong type', 'active eq "true"'],
  ['a number', 'userName eq 1'],
  ['an unclosed text', 'userName eq "ada'],
  ['a broken escape', 'userName eq "\\x"'],
  ['a dangling and', 'active eq true and '],
  ['two terms without and', 'active eq true active eq true'],
  ['text after the value', 'userName eq "a" or'],
  ['nothing', '   '],
  ['too many terms', Array(11).fill('active eq true').join(' and ')],
  ['too many characters', `userName eq "${'a'.repeat(1100)}"`],
])('refuses %s with invalidFilter (RFC 7644 3.12)', (_, filter) => {
  expect(() => parseFilter(filter)).toThrow(expect.objectContaining({ code: 'invalidFilter' }))
  expect(() => parseFilter(filter)).toThrow(ScimError)
})

test('a hostile filter costs no more than its length (checklist 52)', () => {
  const start = performance.now()
  expect(() => parseFilter(`userName eq ${'"\\"'.repeat(330)}`)).toThrow()
  expect(() => parseFilter(`${' '.repeat(1000)}x`)).toThrow()
  // Tried every way through, these would take years.
  expect(performance.now() - start).toBeLessThan(10_000)
})
