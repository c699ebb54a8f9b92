import { expect, test } from 'vitest'
import type { UserRecord } from '../../storage/records.ts'
import { CLAIM_NAMES, profileClaims } from './claims.ts'
import { subjectFacts } from './subject-facts.ts'

const user = (profile: Record<string, unknown>): UserRecord => ({
  v: 1,
  sub: 'sub-1',
  userName: 'ada@example.com',
  passwordHash: '$argon2id$secret',
  active: true,
  roles: ['user'],
  profile,
  createdAt: 1,
  updatedAt: 1_700_000_000,
  version: 1,
  revocationEpoch: 0,
})

const ada = user({
  displayName: 'Ada Lovelace',
  name: { givenName: 'Ada', familyName: 'Lovelace', middleName: 'King' },
  nickName: 'Countess',
  emails: [{ value: 'old@example.com' }, { value: 'ada@example.com', primary: true }],
  emailVerified: true,
  locale: 'en-GB',
  timezone: 'Europe/London',
})

test('gives exactly the claims asked for that have a value (OIDC Core 5.1, 5.4)', () => {
  expect(profileClaims(ada, ['name', 'given_name', 'email', 'email_verified', 'phone_number', 'passwordHash'])).toEqual(
    {
      name: 'Ada Lovelace',
      given_name: 'Ada',
      email: 'ada@example.com',
      email_verified: true,
    },
  )
  expect(profileClaims(ada, [])).toEqual({})
  expect(profileClaims(ada, CLAIM_NAMES)).toMatchObject({
    family_name: 'Lovelace',
    middle_name: 'King',
    nickname: 'Countess',
    preferred_username: 'ada@example.com',
    locale: 'en-GB',
    zoneinfo: 'Europe/London',
    updated_at: 1_700_000_000,
  })
})

test('an address and a telephone number are told by the members of the claim (OIDC Core 5.1, 5.1.1)', () => {
  const at = user({
    addresses: [
      { locality: 'Paris' },
      { primary: true, streetAddress: '12 St James’s Square', postalCode: 'SW1Y 4JH', country: 'GB', locality: '' },
    ],
    phoneNumbers: [{ value: '+44 20 7946 0000' }],
    photos: [{ value: 'https://example.com/ada.png' }],
    'urn:sallyport:params:scim:schemas:claims:1.0:User': { website: 'https://example.com', birthdate: '1815-12-10' },
  })
  const names = ['address', 'phone_number', 'phone_number_verified', 'picture', 'website', 'gender', 'birthdate']
  expect(profileClaims(at, names)).toEqual({
    address: { street_address: '12 St James’s Square', postal_code: 'SW1Y 4JH', country: 'GB' },
    phone_number: '+44 20 7946 0000',
    phone_number_verified: false,
    picture: 'https://example.com/ada.png',
    website: 'https://example.com',
    birthdate: '1815-12-10',
  })
  expect(profileClaims(user({ addresses: [{ type: 'work' }] }), names)).toEqual({})
})

test.each([
  ['tel:+1-201-555-0123', '+12015550123'],
  ['TEL:+1(604)555.1234;ext=56-78', '+16045551234;ext=56-78'],
  ['tel:7042;phone-context=example.com', 'tel:7042;phone-context=example.com'],
  ['tel:+', 'tel:+'],
  ['tel:+1234567890123456', 'tel:+1234567890123456'],
  ['+1 (425) 555-1212', '+1 (425) 555-1212'],
])('the number %s is told as %s (OIDC Core 5.1, RFC 3966 3)', (value, told) => {
  expect(profileClaims(user({ phoneNumbers: [{ value }] }), ['phone_number'])).toEqual({ phone_number: told })
})

test('an e-mail address is verified only where that was recorded (checklist 43)', () => {
  const claims = profileClaims(user({ emails: [{ value: 'a@example.com' }] }), ['email', 'email_verified'])
  expect(claims).toEqual({ email: 'a@example.com', email_verified: false })
  expect(profileClaims(user({}), ['email', 'email_verified'])).toEqual({})
})

test('puts a name together where only its parts are known, and ignores values of a wrong type', () => {
  expect(profileClaims(user({ name: { givenName: 'Ada', familyName: 'Byron' } }), ['name'])).toEqual({
    name: 'Ada Byron',
  })
  expect(profileClaims(user({ name: 'Ada', emails: 'x', displayName: 7 }), ['name', 'email', 'given_name'])).toEqual({})
})

test('subject facts hold no name, address or hash', () => {
  expect(subjectFacts(ada)).toEqual({ sub: 'sub-1', active: true, roles: ['user'] })
})
