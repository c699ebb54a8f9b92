import { expect, test } from 'vitest'
import { together, upstreamOf } from './upstream.ts'

const OPTIONS = { kind: 'oidc', issuer: 'https://idp.example', attributes: {}, roles: {} } as Parameters<
  typeof upstreamOf
>[0]

test.each([
  [
    'the ID token names one, userinfo vouches for another',
    { email: 'a@example.com', email_verified: true },
    { email: 'b@example.com' },
    undefined,
  ],
  [
    'userinfo names one, the ID token vouches for none',
    { email: 'a@example.com' },
    { email_verified: true },
    undefined,
  ],
  ['userinfo names and vouches', { email: 'a@example.com', email_verified: true }, {}, 'a@example.com'],
  [
    'the ID token names and vouches',
    { email: 'a@example.com', email_verified: false },
    { email: 'b@example.com', email_verified: true },
    'b@example.com',
  ],
])(
  'an address is verified by the answer that names it: %s (OIDC Core 5.1; checklist 43)',
  (_case, userinfo, idToken, email) => {
    expect(upstreamOf(OPTIONS, 's', together({ name: 'Ada', ...userinfo }, idToken))).toMatchObject({
      label: email ?? 'Ada',
    })
    expect(upstreamOf(OPTIONS, 's', together(userinfo, idToken)).email).toBe(email)
  },
)
