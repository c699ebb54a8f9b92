import { expect, test } from 'vitest'
import { CLAIMS_SCHEMA, USER_SCHEMA } from './attributes.ts'
import { parseUser } from './parse-user.ts'

const body = (more: Record<string, unknown> = {}) => ({ schemas: [USER_SCHEMA], userName: 'ada', ...more })

test('reads the attributes kept, under any case, and ignores what it does not know (RFC 7643 2.1, RFC 7644 3.3)', () => {
  const read = parseUser({
    schemas: [USER_SCHEMA, 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'],
    USERNAME: ' ada ',
    DisplayName: 'Ada',
    name: { GivenName: 'Ada', unknown: 1, familyName: 'Lovelace' },
    emails: [{ value: 'ada@example.com', primary: true, $ref: 'x' }],
    roles: [{ value: 'user' }, 'auditor', { value: 'user' }],
    active: false,
    password: 'a long password',
    title: 'Countess',
    nickName: null,
    id: 'mine',
    meta: { version: 'x' },
  })
  expect(read).toEqual({
    userName: 'ada',
    active: false,
    roles: ['auditor', 'user'],
    password: 'a long password',
    profile: {
      displayName: 'Ada',
      name: { givenName: 'Ada', familyName: 'Lovelace' },
      emails: [{ value: 'ada@example.com', primary: true }],
    },
  })
})

test('reads addresses by their parts, and the claims of the extension (RFC 7643 3.3, 4.1.2; OIDC Core 5.1)', () => {
  const { profile } = parseUser(
    body({
      addresses: [{ STREETADDRESS: '1 Example Street', country: 'GB', value: 'x' }],
      [CLAIMS_SCHEMA.toUpperCase()]: { Website: 'https://example.com', shoeSize: '40' },
    }),
  )
  expect(profile).toEqual({
    addresses: [{ streetAddress: '1 Example Street', country: 'GB' }],
    [CLAIMS_SCHEMA]: { website: 'https://example.com' },
  })
})

test('formatted and streetAddress of an address may have several lines (RFC 7643 8.2, OIDC Core 5.1.1)', () => {
  const lines = { formatted: '100 Universal City Plaza\nHollywood, CA 91608 USA', streetAddress: 'Gate 3\r\n100 Plaza' }
  expect(parseUser(body({ addresses: [lines] })).profile).toEqual({ addresses: [lines] })
})

test.each([
  ['no object', [], 'invalidSyntax'],
  ['no body', undefined, 'invalidSyntax'],
  ['no schemas', { userName: 'ada' }, 'invalidSyntax'],
  ['foreign schemas', { schemas: ['urn:x'], userName: 'ada' }, 'invalidSyntax'],
  ['an attribute twice', body({ username: 'eve' }), 'invalidSyntax'],
  ['no userName', { schemas: [USER_SCHEMA] }, 'invalidValue'],
  ['an empty userName', body({ userName: '  ' }), 'invalidValue'],
  ['a userName that is no text', body({ userName: 7 }), 'invalidValue'],
  ['a userName with a line break', body({ userName: 'a\nb' }), 'invalidValue'],
  ['a long userName', body({ userName: 'a'.repeat(257) }), 'invalidValue'],
  ['active as text', body({ active: 'true' }), 'invalidValue'],
  ['a name that is text', body({ name: 'Ada' }), 'invalidValue'],
  ['emails that are no list', body({ emails: { value: 'x' } }), 'invalidValue'],
  ['an e-mail without value', body({ emails: [{ type: 'work' }] }), 'invalidValue'],
  ['an e-mail that is text', body({ emails: ['x'] }), 'invalidValue'],
  ['two primary e-mails', body({ emails: [1, 2].map((n) => ({ value: `${n}`, primary: true })) }), 'invalidValue'],
  ['too many e-mails', body({ emails: Array(51).fill({ value: 'x' }) }), 'invalidValue'],
  ['an address with a number', body({ addresses: [{ postalCode: 7 }] }), 'invalidValue'],
  ['a locality of two lines', body({ addresses: [{ locality: 'a\nb' }] }), 'invalidValue'],
  ['an address with a tab', body({ addresses: [{ formatted: 'a\tb' }] }), 'invalidValue'],
  ['a street with half a character', body({ addresses: [{ streetAddress: 'a\n\ud800' }] }), 'invalidValue'],
  ['a formatted name of two lines', body({ name: { formatted: 'a\nb' } }), 'invalidValue'],
  ['claims that are text', body({ [CLAIMS_SCHEMA]: 'x' }), 'invalidValue'],
  ['an empty role', body({ roles: [''] }), 'invalidValue'],
  ['a role without value', body({ roles: [{}] }), 'invalidValue'],
  ['a password that is no text', body({ password: {} }), 'invalidValue'],
])('refuses %s (RFC 7644 3.12)', (_, sent, code) => {
  expect(() => parseUser(sent)).toThrow(expect.objectContaining({ code }))
})

test('an error never repeats what was sent (checklist 34)', () => {
  for (const secret of ['canary1', `${'canary-'.repeat(400)}`]) {
    try {
      parseUser(body({ password: secret, displayName: secret, emails: [{ value: secret, primary: secret }] }))
      expect.unreachable()
    } catch (error) {
      expect(JSON.stringify(error) + String(error)).not.toContain('canary')
    }
  }
})
