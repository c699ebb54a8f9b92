import { createHmac } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { makeProofKey, type ProofKey, type ProofParts } from '../../../test/servers/proofs.ts'
import type { HttpRequest } from '../../http/message.ts'
import { noParams } from '../../http/params.ts'
import { readDpopProof } from './dpop.ts'

const NOW = 1_800_000_000
const ISSUER = 'https://id.example'
const URL_HERE = `${ISSUER}/oauth/token`
const rules = { addresses: [ISSUER], maxAgeSeconds: 60 }

const requestAt = (path: string, method: string, now: number): HttpRequest => ({
  id: 'r',
  method,
  path,
  route: {},
  query: noParams,
  form: noParams,
  json: undefined,
  headers: {},
  cookies: {},
  origin: { address: '::1', time: { epoch_seconds: now, minute_of_day: 0, weekday: 1 } },
  tenant: 'default',
})
const request = requestAt('/oauth/token', 'POST', NOW)

let key: ProofKey
let other: ProofKey
beforeAll(async () => {
  key = await makeProofKey()
  other = await makeProofKey()
})
const proof = (parts: Partial<ProofParts> = {}) => key.proof({ url: URL_HERE, nowSeconds: NOW, ...parts })
const read = async (text: string | Promise<string>, accessToken?: string) =>
  readDpopProof(rules, request, await text, accessToken)
const raw = (header: object, payload: object, signature = 'AA') =>
  `${[header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.${signature}`

// RFC 9449, figures 2 and 12: the proofs printed there, by their own key.
const RFC_TOKEN_PROOF =
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg'
const RFC_RESOURCE_PROOF =
  'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA'
const RFC_ACCESS_TOKEN = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
const RFC_JKT = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'

describe('proofs (RFC 9449 4.3; checklist 23)', () => {
  test('takes the two that the RFC prints, and names their key as it does (RFC 9449 4.1, 6.1, 7.1)', async () => {
    const atServer = { addresses: ['https://server.example.com'], maxAgeSeconds: 60 }
    const made = await readDpopProof(atServer, requestAt('/token', 'POST', 1562262617), RFC_TOKEN_PROOF)
    expect(made).toEqual({ jkt: RFC_JKT, jti: '-BwC3ESc6acc2lTc', nonce: undefined, expiresAt: 1562262616 + 61 })
    const atResource = { addresses: ['https://id.example', 'https://resource.example.org'], maxAgeSeconds: 60 }
    const resource = requestAt('/protectedresource', 'GET', 1562262618)
    expect(await readDpopProof(atResource, resource, RFC_RESOURCE_PROOF, RFC_ACCESS_TOKEN)).toMatchObject({
      jkt: RFC_JKT,
    })
    expect(await readDpopProof(atResource, resource, RFC_RESOURCE_PROOF, `${RFC_ACCESS_TOKEN}x`)).toBe('token')
  })

  test.each(['ES256', 'PS256', 'EdDSA', 'Ed25519'] as const)('takes %s', async (alg) => {
    const made = await makeProofKey(alg)
    expect(await read(made.proof({ url: URL_HERE, nowSeconds: NOW }))).toMatchObject({ jkt: made.jkt })
  })

  test('takes a clock 8 s ahead, an address in other words, and a query that does not count (RFC 3986 6.2)', async () => {
    for (const claims of [
      { iat: NOW + 8 },
      { iat: NOW - 60 },
      { iat: NOW - 0.5 },
      { htu: `${URL_HERE}?a=b#c` },
      { htu: 'HTTPS://ID.EXAMPLE:443/oauth/./token' },
      { htu: `${ISSUER}/oauth/%74oken` },
      { nonce: 'n'.repeat(4000), more: { deep: [1] } },
    ])
      expect(await read(proof({ claims }))).toMatchObject({ jkt: key.jkt })
  })

  test.each<[string, string, Partial<ProofParts>]>([
    ['of another type', 'type', { header: { typ: 'JWT' } }],
    ['without a type', 'type', { header: { typ: undefined } }],
    ['without jwk', 'key', { header: { jwk: undefined } }],
    ['without jti', 'jti', { claims: { jti: undefined } }],
    ['with an empty jti', 'jti', { claims: { jti: '' } }],
    ['with a jti of any length', 'jti', { claims: { jti: 'j'.repeat(513) } }],
    ['without htm', 'method', { claims: { htm: undefined } }],
    ['for another method', 'method', { claims: { htm: 'GET' } }],
    ['for a method in another case', 'method', { claims: { htm: 'post' } }],
    ['without htu', 'address', { claims: { htu: undefined } }],
    ['for another host', 'address', { claims: { htu: 'https://id.example.evil/oauth/token' } }],
    ['for another scheme', 'address', { claims: { htu: 'http://id.example/oauth/token' } }],
    ['for another port', 'address', { claims: { htu: 'https://id.example:8443/oauth/token' } }],
    ['for another path', 'address', { claims: { htu: `${ISSUER}/oauth/token/` } }],
    ['for a path in another case', 'address', { claims: { htu: `${ISSUER}/OAuth/token` } }],
    ['for a path with an escaped slash', 'address', { claims: { htu: `${ISSUER}/oauth%2Ftoken` } }],
    ['for an address with a user', 'address', { claims: { htu: 'https://id.example@evil.example/oauth/token' } }],
    ['for our address with a user', 'address', { claims: { htu: 'https://u:p@id.example/oauth/token' } }],
    ['for no address', 'address', { claims: { htu: '/oauth/token' } }],
    ['for an address of any length', 'address', { claims: { htu: `${URL_HERE}?${'a'.repeat(2048)}` } }],
    ['without iat', 'time', { claims: { iat: undefined } }],
    ['with a text as iat', 'time', { claims: { iat: String(NOW) } }],
    ['that is too old', 'time', { claims: { iat: NOW - 61 } }],
    ['from 60 s in the future', 'time', { claims: { iat: NOW + 60 } }],
    ['of an endless iat', 'time', { claims: { iat: 1e308 } }],
    ['that is too long', 'malformed', { claims: { more: 'x'.repeat(8 * 1024) } }],
  ])('refuses one %s', async (_what, fault, parts) => {
    expect(await read(proof(parts))).toBe(fault)
  })

  test('refuses one for another access token, and one for none (ath, RFC 9449 4.3)', async () => {
    expect(await read(proof({ accessToken: 'mine' }), 'mine')).toMatchObject({ jkt: key.jkt })
    expect(await read(proof({ accessToken: 'another' }), 'mine')).toBe('token')
    expect(await read(proof(), 'mine')).toBe('token')
    expect(await read(proof({ claims: { ath: 'mine' } }), 'mine')).toBe('token')
  })

  test('refuses a signature by another key than its jwk, one that was changed, and two proofs in one header', async () => {
    expect(await read(other.proof({ url: URL_HERE, nowSeconds: NOW, header: { jwk: key.publicJwk } }))).toBe(
      'signature',
    )
    const [head, , signature] = (await proof()).split('.')
    const [, payload] = (await proof()).split('.')
    expect(await read(`${head}.${payload}.${signature}`)).toBe('signature')
    const one = await proof()
    expect(await read(`${one}, ${await proof()}`)).toBe('malformed')
    expect(await read(`${one},`)).toBe('malformed')
  })

  test.each<[string, string, () => string]>([
    ['unsigned', 'malformed', () => raw({ alg: 'none', typ: 'dpop+jwt', jwk: key.publicJwk }, {})],
    ['with crit', 'malformed', () => raw({ alg: 'ES256', crit: ['exp'], exp: 1, jwk: key.publicJwk }, {})],
    ['by RS256', 'algorithm', () => raw({ alg: 'RS256', typ: 'dpop+jwt', jwk: key.publicJwk }, {})],
    ['by ES384', 'algorithm', () => raw({ alg: 'ES384', typ: 'dpop+jwt', jwk: key.publicJwk }, {})],
    ['by an alg that its key is not for', 'key', () => raw({ alg: 'PS256', typ: 'dpop+jwt', jwk: key.publicJwk }, {})],
    ['that is no JWT', 'malformed', () => 'x'],
    ['that is empty', 'malformed', () => ''],
  ])('refuses one %s (RFC 8725)', async (_what, fault, make) => {
    expect(await read(make())).toBe(fault)
  })

  test('refuses a MAC by the public key (RFC 8725 2.1)', async () => {
    const text = raw({ alg: 'HS256', typ: 'dpop+jwt', jwk: key.publicJwk }, {}, '')
    const mac = createHmac('sha256', JSON.stringify(key.publicJwk)).update(text.slice(0, -1)).digest('base64url')
    expect(await read(`${text}${mac}`)).toBe('algorithm')
  })

  const P256 = { kty: 'EC', crv: 'P-256' }
  test.each<[string, () => unknown]>([
    ['with its private member', () => key.privateKey.export({ format: 'jwk' })],
    ['with a private member that is empty', () => ({ ...key.publicJwk, d: '' })],
    ['that is symmetric', () => ({ kty: 'oct', k: 'AAAA' })],
    ['of another curve', () => ({ ...key.publicJwk, crv: 'P-384' })],
    ['that is no point of its curve', () => ({ ...P256, x: key.publicJwk.x, y: key.publicJwk.x })],
    ['with a coordinate cut', () => ({ ...key.publicJwk, x: String(key.publicJwk.x).slice(0, -2) })],
    ['in another spelling', () => ({ ...key.publicJwk, x: `${key.publicJwk.x}=` })],
    ['for encryption', () => ({ ...key.publicJwk, use: 'enc' })],
    ['for signing only', () => ({ ...key.publicJwk, key_ops: ['sign'] })],
    ['for another alg', () => ({ ...key.publicJwk, alg: 'ES384' })],
    ['of 1 MB', () => ({ kty: 'RSA', e: 'AQAB', n: 'A'.repeat(5000) })],
    ['of an unknown kind', () => ({ kty: '__proto__' })],
    ['that is a text', () => 'key'],
    ['that is a list', () => [key.publicJwk]],
  ])('refuses a key %s', async (_what, jwk) => {
    expect(await read(proof({ header: { jwk: jwk() } }))).toBe('key')
  })

  test('refuses RSA keys under 2048 bits, and those of another exponent (RFC 7518 3.5)', async () => {
    const small = await makeProofKey('PS256', 1024)
    expect(await read(raw({ alg: 'PS256', typ: 'dpop+jwt', jwk: small.publicJwk }, {}))).toBe('key')
    const large = await makeProofKey('PS256')
    expect(
      await read(large.proof({ url: URL_HERE, nowSeconds: NOW, header: { jwk: { ...large.publicJwk, e: 'Aw' } } })),
    ).toBe('key')
  })
})
