import { expect, test } from 'vitest'
import { randomSecret } from '../../kernel/ids.ts'
import type { AccessTokenState } from '../../storage/port.ts'
import { type AccessTokenParts, mintAccessToken } from './access-token.ts'
import { lookUpAccessToken } from './look-up.ts'
import { parseOpaqueToken } from './opaque-token.ts'
import { testKeys } from './test-keys.ts'
import { accessTokenVerifier } from './verify-access-token.ts'

const { keys } = await testKeys()
const issuer = 'https://id.example'
const GRANT_ID = `${'0'.repeat(11)}${'g'.repeat(22)}`

const mint = (more: Partial<AccessTokenParts> = {}) =>
  mintAccessToken(
    { keys, issuer },
    {
      format: 'opaque',
      clientId: 'c',
      publicSub: 'c',
      scopes: ['a'],
      audience: ['urn:one'],
      permissions: ['p'],
      claims: { secret: 'claim' },
      ttlSeconds: 300,
      clientEpoch: 1,
      ...more,
    },
    1000,
  )

async function lookUp(text: string, state: AccessTokenState) {
  const keysRead: unknown[] = []
  const read = async (_tenant: string, key: unknown) => {
    keysRead.push(key)
    return state
  }
  const verifyAccessToken = accessTokenVerifier({ keys, issuer })
  const found = await lookUpAccessToken(
    { verifyAccessToken, store: { accessTokens: { state: read } } },
    'default',
    text,
  )
  return { found, keysRead }
}

test('an opaque token says nothing, and its record all that a JWT would (RFC 6749 1.4)', async () => {
  const { text, record } = mint({ grantId: GRANT_ID, sub: 's' })
  for (const hidden of ['urn:one', 'claim', record.secretDigest ?? '']) expect(text).not.toContain(hidden)
  const { found, keysRead } = await lookUp(text, { token: record })
  expect(keysRead).toEqual([{ jti: record.jti, grantId: GRANT_ID }])
  expect(found?.claims).toEqual({
    jti: record.jti,
    grantId: GRANT_ID,
    clientId: 'c',
    sub: 's',
    scopes: ['a'],
    audience: ['urn:one'],
    issuedAt: 1000,
    expiresAt: 1300,
  })
})

test.each([
  ['without a grant', {}],
  ['of a grant', { grantId: GRANT_ID, sub: 's' }],
])('the jti alone is no token: only the secret that was issued finds it (%s; checklist 51)', async (_title, person) => {
  const { text, record } = mint(person)
  const other = `${text.slice(0, -43)}${randomSecret()}`
  expect((await lookUp(text, { token: record })).found).toBeDefined()
  expect((await lookUp(other, { token: record })).found).toBeUndefined()
  expect((await lookUp(text, {})).found).toBeUndefined()
})

test('the record of a JWT gives no opaque token', async () => {
  const { record } = mint({ format: 'jwt' })
  expect(record).not.toHaveProperty('secretDigest')
  expect((await lookUp(`at_${record.jti}~${randomSecret()}`, { token: record })).found).toBeUndefined()
})

test.each([
  '',
  'at_',
  'at_~',
  `at_${GRANT_ID}~short`,
  `xt_${GRANT_ID}~${'s'.repeat(43)}`,
  `${GRANT_ID}~${'s'.repeat(43)}`,
])('what is no opaque token of ours asks no store: %s', async (text) => {
  expect(parseOpaqueToken(text)).toBeUndefined()
  expect(await lookUp(text, {})).toEqual({ found: undefined, keysRead: [] })
})
