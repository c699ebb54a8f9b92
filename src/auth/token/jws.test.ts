import { createHash, createHmac, type KeyObject, sign } from 'node:crypto'
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { OAuthError } from '../../kernel/errors.ts'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../kernel/signing-algorithms.ts'
import { ALGORITHMS } from './algorithms.ts'
import { mintIdToken } from './id-token.ts'
import { type JwtKind, signJwt, verifyJwt } from './jws.ts'
import { type TestKeys, testKeys } from './test-keys.ts'

let ring: TestKeys
beforeAll(async () => {
  ring = await testKeys(SIGNING_ALGORITHMS)
})

const KINDS: readonly JwtKind[] = ['at+jwt', 'JWT', 'token-introspection+jwt', 'logout+jwt']
const claims = { iss: 'https://id.example', sub: 's' }
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe.each(SIGNING_ALGORITHMS)('%s', (alg) => {
  test('signs what an independent verifier takes, by a key whose kid is its thumbprint (RFC 7515; RFC 7638)', async () => {
    const set = createLocalJWKSet({ keys: [...(await ring.keys.publicJwks())] })
    const jwt = signJwt(ring.keys, 'JWT', claims, { alg })
    const { payload, protectedHeader } = await jwtVerify(jwt, set, { algorithms: [alg], typ: 'JWT' })
    expect(payload).toEqual(claims)
    const { kid, publicJwk } = ring.keys.current(alg)
    expect(protectedHeader).toEqual({ alg, typ: 'JWT', kid })
    expect(kid).toBe(await calculateJwkThumbprint(publicJwk))
  })

  test('reads back each kind as itself and as no other (RFC 8725 3.11; checklist 26)', async () => {
    for (const typ of KINDS) {
      const jwt = signJwt(ring.keys, typ, claims, { alg })
      for (const read of KINDS) expect(await verifyJwt(ring.keys, read, jwt)).toEqual(read === typ ? claims : undefined)
    }
  })

  test('accepts by its key no other algorithm, no MAC of its public half, no key by header (RFC 8725 3.1; checklist 26)', async () => {
    const { kid, privateKey, publicKey } = ring.keys.current(alg)
    const under = (header: Record<string, unknown>, signer: (data: Buffer) => Buffer) => {
      const data = `${part(header)}.${part(claims)}`
      return `${data}.${signer(Buffer.from(data)).toString('base64url')}`
    }
    const ours = (data: Buffer) => ALGORITHMS[alg].sign(privateKey, data)
    const good = { alg, typ: 'JWT', kid }
    const stranger = await ALGORITHMS[alg].makePair({ rsaBits: 2048 })
    const theirs = (data: Buffer) => ALGORITHMS[alg].sign(stranger.privateKey, data)
    const jwk = { ...ALGORITHMS[alg].publicMembers(stranger.publicKey), alg, kid }
    const hmacs = (['spki', 'jwk'] as const).map((form) => {
      const secret =
        form === 'spki'
          ? publicKey.export({ type: 'spki', format: 'pem' })
          : JSON.stringify(ring.keys.current(alg).publicJwk)
      return under({ ...good, alg: 'HS256' }, (data) => createHmac('sha256', secret).update(data).digest())
    })
    const another = SIGNING_ALGORITHMS.filter((other) => other !== alg)
    const refused = [
      under({ ...good, alg: 'none' }, () => Buffer.alloc(0)),
      ...hmacs,
      ...another.map((other) => under({ ...good, alg: other }, ours)),
      ...another.map((other) => under({ ...good, kid: ring.keys.current(other).kid }, ours)),
      ...another.map((other) => under({ ...good, alg: other }, (data) => signAs(other, privateKey, data))),
      under({ ...good, kid: 'unknown' }, ours),
      under({ alg, typ: 'JWT' }, ours),
      under({ alg, kid }, ours),
      under(good, theirs),
      under({ ...good, jwk }, theirs),
      // Even signed by us: no header of ours has these.
      under({ ...good, jwk }, ours),
      under({ ...good, jku: 'https://evil.example/jwks' }, ours),
      under({ ...good, x5u: 'https://evil.example/x5u' }, ours),
      under({ ...good, x5c: ['AAAA'] }, ours),
      under({ ...good, crit: ['b64'], b64: false }, ours),
    ]
    for (const jwt of refused) expect(await verifyJwt(ring.keys, 'JWT', jwt), jwt).toBeUndefined()
    expect(await verifyJwt(ring.keys, 'JWT', under(good, ours))).toEqual(claims)
  })

  test('at_hash is the left half of the digest that the algorithm uses (OIDC Core 3.1.3.6)', () => {
    const accessToken = 'jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y'
    const grant = { v: 1, grantId: 'g', clientId: 'c', sub: 's', scopes: [], audience: [], acr: 'a', amr: [] } as const
    const whole = { ...grant, authTime: 1, userEpoch: 1, clientEpoch: 1, createdAt: 1, expiresAt: 9, revoked: false }
    const parts = { grant: whole, sub: 's', accessToken, claims: {}, ttlSeconds: 60, namesSession: true, alg }
    const jwt = mintIdToken({ keys: ring.keys, issuer: claims.iss }, parts, 1)
    const [name, bytes] = alg === 'EdDSA' ? (['sha512', 32] as const) : (['sha256', 16] as const)
    const expected = createHash(name).update(accessToken).digest().subarray(0, bytes).toString('base64url')
    const [header = '', payload = ''] = jwt.split('.')
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ alg })
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ at_hash: expected })
  })
})

/** Where the key can sign so at all: RS256 by a PS256 key and the other way. */
function signAs(alg: SigningAlgorithm, key: KeyObject, data: Buffer): Buffer {
  try {
    return ALGORITHMS[alg].sign(key, data)
  } catch {
    return sign(null, data, key)
  }
}

test('without a wish the platform’s own algorithm signs, and one that nothing signs by is refused', async () => {
  const only = await testKeys(['EdDSA', 'RS256'])
  expect(only.keys.algorithms()).toEqual(['EdDSA', 'RS256'])
  expect(only.keys.current().alg).toBe('EdDSA')
  expect(ring.keys.current().alg).toBe('ES256')
  for (const alg of ['ES256', 'PS256', 'HS256', 'none', '']) {
    expect(() => signJwt(only.keys, 'JWT', claims, { alg })).toThrow(OAuthError)
  }
})

test('RSA keys have 2048 bits or more (RFC 7518 3.3)', () => {
  for (const alg of ['PS256', 'RS256'])
    expect(ring.keys.current(alg).publicKey.asymmetricKeyDetails).toMatchObject({
      modulusLength: 2048,
      publicExponent: 65537n,
    })
})
