import { expect, test } from 'vitest'
import type { AccessTokenState } from '../../storage/port.ts'
import { clientRecord, userRecord } from '../session/endpoint-fixture.ts'
import { accessTokenIsLive } from './live.ts'

const client = clientRecord({ clientId: 'c', revocationEpoch: 5 })
const user = userRecord({ sub: 's', revocationEpoch: 7 })
const grant = {
  v: 1,
  grantId: 'g',
  clientId: 'c',
  sub: 's',
  scopes: [],
  audience: [],
  acr: 'a',
  amr: [],
  authTime: 0,
  userEpoch: 7,
  clientEpoch: 5,
  createdAt: 0,
  expiresAt: 100,
  revoked: false,
} as const
const token = {
  v: 1,
  jti: 'g.j',
  grantId: 'g',
  clientId: 'c',
  sub: 's',
  scopes: [],
  audience: [],
  issuedAt: 0,
  expiresAt: 100,
  clientEpoch: 5,
  revoked: false,
} as const
const state: AccessTokenState = { token, grant, client, user }
const { grantId: _grant, sub: _sub, ...ownToken } = token

const NOW = 50

test('a token of a person, and one of a machine, live while all they hang on does', () => {
  expect(accessTokenIsLive(state, NOW)).toBe(true)
  expect(accessTokenIsLive({ token: ownToken, client }, NOW)).toBe(true)
})

test.each<[string, AccessTokenState]>([
  ['the token is gone', { grant, client, user }],
  ['the token is revoked', { ...state, token: { ...token, revoked: true } }],
  ['the token has expired', { ...state, token: { ...token, expiresAt: NOW } }],
  ['the grant is gone', { token, client, user }],
  ['the grant is revoked', { ...state, grant: { ...grant, revoked: true } }],
  ['the grant has expired', { ...state, grant: { ...grant, expiresAt: NOW } }],
  ['the grant is another', { ...state, grant: { ...grant, grantId: 'h' } }],
  ['the user is gone', { token, grant, client }],
  ['the user is inactive', { ...state, user: { ...user, active: false } }],
  ['the user was revoked', { ...state, user: { ...user, revocationEpoch: 8 } }],
  ['the user is another', { ...state, user: { ...user, sub: 't' } }],
  ['the client is gone', { token, grant, user }],
  ['the client is inactive', { ...state, client: { ...client, active: false } }],
  ['the client was revoked', { ...state, client: { ...client, revocationEpoch: 6 } }],
  ['the client is another', { ...state, client: { ...client, clientId: 'd' } }],
  ['a machine’s client was revoked', { token: ownToken, client: { ...client, revocationEpoch: 6 } }],
  ['a machine’s client is inactive', { token: ownToken, client: { ...client, active: false } }],
  ['a token without a grant speaks for a person', { token: { ...ownToken, sub: 's' }, client, user }],
  ['nothing is there', {}],
])('not live when %s', (_what, broken) => {
  expect(accessTokenIsLive(broken, NOW)).toBe(false)
})
