import { createHmac, type createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { beforeAll, expect, test } from 'vitest'
import { StoreUnavailable } from '../../kernel/errors.ts'
import { RESERVED_CLAIMS } from '../../policy-engine/contract/facts.ts'
import { type AccessTokenParts, mintAccessToken } from './access-token.ts'
import { mintIdToken } from './id-token.ts'
import { type TestKeys, testKeys } from './test-keys.ts'
import { accessTokenVerifier, type VerifyAccessToken } from './verify-access-token.ts'

const issuer = 'https://id.example'
let ring: TestKeys
let verify: VerifyAccessToken

beforeAll(async () => {
  ring = await testKeys()
  verify = accessTokenVerifier({ keys: ring.keys, issuer })
})

const parts: AccessTokenParts = {
  format: 'jwt',
  clientId: 'c',
  publicSub: 'c',
  scopes: ['a', 'b'],
  audience: ['urn:one'],
  permissions: ['p'],
  claims: { tenant: 'default' },
  ttlSeconds: 300,
  clientEpoch: 1,
}
const mint = (more: Partial<AccessTokenParts> = {}) =>
  mintAccessToken({ keys: ring.keys, issuer }, { ...parts, ...more }, 1000)

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const claimsOf = (jwt: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())

const grant = {
  v: 1,
  grantId: 'g',
  clientId: 'c',
  sub: 's',
  scopes: [],
  audience: [],
  acr: 'a',
  amr: ['pwd'],
} as const
const whole = {
  ...grant,
  authTime: 1,
  userEpoch: 1,
  clientEpoch: 1,
  createdAt: 1,
  expiresAt: 9,
  revoked: false,
}

test('is what RFC 9068 asks for, as an independent verifier reads it', async () => {
  const { text: jwt, record } = mint()
  const { payload, protectedHeader } = await jwtVerify(
    jwt,
    createLocalJWKSet({ keys: [...(await ring.keys.publicJwks())] }),
    {
      issuer,
      audience: 'urn:one',
      typ: 'at+jwt',
      algorithms: ['ES256'],
      currentDate: new Date(1_100_000),
    },
  )
  expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: ring.keys.current().kid })
  expect(payload).toEqual({
    tenant: 'default',
    iss: issuer,
    sub: 'c',
    aud: 'urn:one',
    exp: 1300,
    iat: 1000,
    jti: record.jti,
    client_id: 'c',
    scope: 'a b',
    permissions: ['p'],
  })
})

test('no claim of policy’s takes the place of one of ours, nor stands where we have none (checklist 50)', () => {
  const reserved = Object.fromEntries(RESERVED_CLAIMS.map((name) => [name, 'forged']))
  const claims = claimsOf(mint({ claims: { ...reserved, tenant: 'default' } }).text)
  expect(claims).toEqual({ ...claimsOf(mint().text), jti: claims.jti })
  const idTokenParts = { sub: 's', accessToken: 'x', ttlSeconds: 60, grant: whole, namesSession: false }
  const idToken = (more: Readonly<Record<string, unknown>>) =>
    claimsOf(mintIdToken({ keys: ring.keys, issuer }, { ...idTokenParts, claims: more }, 1000))
  expect(idToken(reserved)).toEqual(idToken({}))
})

test('reads its own tokens back, of a person and of a machine', async () => {
  expect(await verify(mint().text)).toMatchObject({
    clientId: 'c',
    scopes: ['a', 'b'],
    audience: ['urn:one'],
    expiresAt: 1300,
  })
  expect(await verify(mint().text)).not.toHaveProperty('sub')
  const authentication = { acr: 'urn:acr', amr: ['pwd'], authTime: 900 }
  const { text: jwt, record } = mint({ grantId: 'g', sub: 's', publicSub: 's', authentication })
  expect(await verify(jwt)).toMatchObject({ grantId: 'g', sub: 's', jti: record.jti, acr: 'urn:acr' })
  expect(claimsOf(jwt)).toMatchObject({ auth_time: 900, acr: 'urn:acr', amr: ['pwd'] })
})

/** A token of the right claims under any header, signed by any key. */
function forge(
  header: Record<string, unknown>,
  signer: (data: string) => Buffer,
  claims?: Record<string, unknown>,
): string {
  const data = `${part(header)}.${part(claims ?? claimsOf(mint().text))}`
  return `${data}.${signer(data).toString('base64url')}`
}
const es256 = (key: ReturnType<typeof createPrivateKey>) => (data: string) =>
  sign('sha256', Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })

test('refuses everything but ES256 by a key of ours over an at+jwt of this issuer (RFC 8725; checklist 26)', async () => {
  const { kid, privateKey, publicKey } = ring.keys.current()
  const ours = es256(privateKey)
  const theirs = es256(stranger.privateKey)
  const good = { alg: 'ES256', typ: 'at+jwt', kid }
  const jwk = stranger.publicKey.export({ format: 'jwk' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  const hs256 = (data: string) => createHmac('sha256', pem).update(data).digest()
  const valid = mint().text
  const refused = {
    'alg none': forge({ ...good, alg: 'none' }, () => Buffer.alloc(0)),
    'HS256 by the public key': forge({ ...good, alg: 'HS256' }, hs256),
    'another algorithm': forge({ ...good, alg: 'ES384' }, ours),
    'a foreign key': forge(good, theirs),
    'a foreign kid': forge({ ...good, kid: 'other' }, theirs),
    'no kid': forge({ alg: 'ES256', typ: 'at+jwt' }, ours),
    'a key in the header': forge({ ...good, jwk }, theirs),
    'a key by address': forge({ ...good, jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x' }, theirs),
    'an unknown critical header': forge({ ...good, crit: ['x'], x: 1 }, ours),
    'typ JWT': forge({ ...good, typ: 'JWT' }, ours),
    'no typ': forge({ alg: 'ES256', kid }, ours),
    'another issuer': forge(good, ours, { ...claimsOf(valid), iss: 'https://evil.example' }),
    'no exp': forge(good, ours, { ...claimsOf(valid), exp: undefined }),
    'exp that is text': forge(good, ours, { ...claimsOf(valid), exp: '9999999999' }),
    'no jti': forge(good, ours, { ...claimsOf(valid), jti: undefined }),
    'claims that are a list': `${part(good)}.${part([])}.${ours(`${part(good)}.${part([])}`).toString('base64url')}`,
    'a changed payload': valid.replace(/\.(.)/, (_all, first: string) => `.${first === 'e' ? 'f' : 'e'}`),
    'a cut signature': valid.slice(0, -4),
    'no signature': valid.slice(0, valid.lastIndexOf('.') + 1),
    'four parts': `${valid}.x`,
    nothing: '',
    'a very long text': 'x'.repeat(100_000),
  }
  for (const [what, jwt] of Object.entries(refused)) expect(await verify(jwt), what).toBeUndefined()
  expect(await verify(forge(good, ours))).toBeDefined()
})

test('an ID token is no access token (RFC 9068 4)', async () => {
  const parts = { sub: 's', nonce: 'n', accessToken: mint().text, claims: { iss: 'x', extra: 1 }, ttlSeconds: 60 }
  const jwt = mintIdToken({ keys: ring.keys, issuer }, { ...parts, grant: whole, namesSession: true }, 1000)
  expect(await verify(jwt)).toBeUndefined()
  expect(claimsOf(jwt)).toMatchObject({
    iss: issuer,
    aud: 'c',
    sub: 's',
    nonce: 'n',
    auth_time: 1,
    exp: 1060,
    extra: 1,
  })
})

test('remembers a bounded number of tokens, and none that it refused', async () => {
  let found = 0
  const keys = {
    generation: 0,
    find: (kid: string) => {
      found += 1
      return ring.keys.find(kid)
    },
  }
  const small = accessTokenVerifier({ keys, issuer, remembered: 2 })
  const [one, two, three] = [mint().text, mint().text, mint().text]
  for (const jwt of [one, one, two, two, three, three]) expect(await small(jwt)).toBeDefined()
  expect(found).toBe(3)
  await small(one)
  expect(found).toBe(4)
  // The signature of another.
  const bad = `${one.slice(0, one.lastIndexOf('.'))}${two.slice(two.lastIndexOf('.'))}`
  await small(bad)
  await small(bad)
  expect(found).toBe(6)
})

test('forgets what it remembered of a key that has gone', async () => {
  const going = await testKeys()
  const verifier = accessTokenVerifier({ keys: going.keys, issuer })
  const { text: jwt } = mintAccessToken({ keys: going.keys, issuer }, parts, 1000)
  const [first] = going.store.records
  await going.add('current', 'EdDSA')
  expect(await verifier(jwt)).toBeDefined()
  going.store.records = going.store.records.filter((record) => record !== first)
  expect(await verifier(jwt)).toBeDefined()
  await going.keys.refresh()
  expect(await verifier(jwt)).toBeUndefined()
})

test('does not remember a token whose key went while it was verified', async () => {
  const going = await testKeys()
  await going.add('current', 'EdDSA')
  const verifier = accessTokenVerifier({ keys: going.keys, issuer })
  const { text: jwt } = mintAccessToken({ keys: going.keys, issuer }, parts, 1000)
  const asked = verifier(jwt)
  going.store.records = going.store.records.slice(1)
  await Promise.all([asked, going.keys.refresh()])
  expect(await verifier(jwt)).toBeUndefined()
})

test('keys that cannot be read are unavailable, not a bad token (docs/request-flow.md)', async () => {
  const keys = { generation: 0, find: () => Promise.reject(new StoreUnavailable('down')) }
  await expect(accessTokenVerifier({ keys, issuer })(mint().text)).rejects.toBeInstanceOf(StoreUnavailable)
})

test('a token has one spelling: no white space, no padding, no bits over (RFC 7515 7.1)', async () => {
  const { text } = mint()
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const over = last[last.indexOf(text.at(-1) ?? '') ^ 1]
  for (const other of [
    `${text} `,
    ` ${text}`,
    `${text.slice(0, -9)} ${text.slice(-9)}`,
    `${text}=`,
    `${text.slice(0, -1)}${over}`,
  ])
    expect(await verify(other)).toBeUndefined()
  expect(await verify(text)).toBeDefined()
})
