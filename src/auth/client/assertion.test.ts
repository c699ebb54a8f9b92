import { createHmac, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CompactJWSHeaderParameters, CompactSign } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AuditEvent } from '../../audit/events.ts'
import { publicError } from '../../http/error-answer.ts'
import { openEnvelope } from '../../kernel/envelope.ts'
import { digestOf, randomId } from '../../kernel/ids.ts'
import type { ClientMetadata } from '../../storage/client-metadata.ts'
import type { Store } from '../../storage/port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { openSqliteStore } from '../../storage/sqlite/open.ts'
import { formRequest, NOW, noCertificates, client as plainClient, TENANT } from '../oauth/test-requests.ts'
import { clientAssertions } from './assertion.ts'
import { authenticateClient } from './authenticate.ts'
import { clientKeys } from './client-keys.ts'
import { sealSecret } from './sealed-secret.ts'

const ISSUER = 'https://id.example'
const SECRETS = [randomId(32), randomId(32)] as const
const envelope = openEnvelope(randomBytes(32))

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more })

const KEYS = {
  keys: [
    jwk(ec.publicKey, { kid: 'ec' }),
    jwk(ed.publicKey, { kid: 'ed' }),
    jwk(rsa.publicKey, { kid: 'rsa' }),
    jwk(small.publicKey, { kid: 'small' }),
    jwk(stranger.publicKey, { kid: 'enc', use: 'enc' }),
  ],
}

let folder = ''
let store: Store
let record: ClientRecord
const audits: AuditEvent[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assertion-'))
  store = await openSqliteStore({ path: join(folder, 'store.db'), clock: { nowMs: () => NOW * 1000 } })
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const register = (metadata: ClientMetadata, more: Partial<ClientRecord> = {}) => {
  record = { ...plainClient, clientId: 'c', secretDigests: SECRETS.map(digestOf), metadata, ...more }
}
beforeEach(() => {
  audits.length = 0
  register({ token_endpoint_auth_method: 'private_key_jwt', jwks: KEYS })
})

type Claims = Readonly<Record<string, unknown>>
const claims = (over: Claims = {}): Claims => ({
  iss: 'c',
  sub: 'c',
  aud: ISSUER,
  jti: randomId(),
  iat: NOW,
  exp: NOW + 60,
  ...over,
})
const sign = (payload: unknown, header: CompactJWSHeaderParameters, key: KeyObject | Uint8Array) =>
  new CompactSign(Buffer.from(JSON.stringify(payload))).setProtectedHeader(header).sign(key)
const es256 = (over: Claims = {}, header: object = {}, key = ec.privateKey) =>
  sign(claims(over), { alg: 'ES256', kid: 'ec', ...header }, key)
/** What no library would sign. */
const raw = (header: object, payload: unknown, signature = '') =>
  `${[header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.${signature}`

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

function authenticate(assertion: string, form: Readonly<Record<string, string>> = {}, path = '/oauth/token') {
  const deps = {
    store: { clients: { find: async (_tenant: string, id: string) => (id === record.clientId ? record : undefined) } },
    audit: async (event: AuditEvent) => void audits.push(event),
    certificates: noCertificates,
    assertions: clientAssertions({
      issuer: ISSUER,
      store,
      envelope,
      keys: clientKeys({ keys: async () => [] }),
    }),
  }
  const sent = { client_id: '', client_secret: '', client_assertion: assertion, client_assertion_type: TYPE, ...form }
  return authenticateClient(deps, { ...formRequest(sent), path })
}
const refused = async (assertion: Promise<string> | string, form = {}, path?: string) => {
  await expect(authenticate(await assertion, form, path)).rejects.toMatchObject({ code: 'invalid_client' })
  return audits.at(-1)?.detail
}

describe('private_key_jwt (RFC 7523 2.2 and 3, OIDC Core 9; checklist 18)', () => {
  test.each<[string, () => Promise<string>]>([
    ['ES256', () => es256()],
    ['PS256', () => sign(claims(), { alg: 'PS256', kid: 'rsa' }, rsa.privateKey)],
    ['EdDSA', () => sign(claims(), { alg: 'EdDSA', kid: 'ed' }, ed.privateKey)],
    ['Ed25519 (RFC 9864)', () => sign(claims(), { alg: 'Ed25519', kid: 'ed' }, ed.privateKey)],
    ['a key that it does not name', () => es256({}, { kid: undefined })],
    ['the type that RFC 7523 gets', () => es256({}, { typ: 'client-authentication+jwt' })],
  ])('takes an assertion by %s', async (_what, make) => {
    const found = await authenticate(await make())
    expect(found).toMatchObject({ authMethod: 'private_key_jwt', tenant: TENANT, record: { clientId: 'c' } })
  })

  test('takes RS256 of a client that registered for it, and then nothing else (RFC 8725 3.1)', async () => {
    const rs256 = () => sign(claims(), { alg: 'RS256', kid: 'rsa' }, rsa.privateKey)
    expect(await refused(rs256())).toBe('assertion_algorithm')
    register({
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'RS256',
      jwks: KEYS,
    })
    expect((await authenticate(await rs256())).authMethod).toBe('private_key_jwt')
    expect(await refused(es256())).toBe('assertion_algorithm')
  })

  test('takes RS256 of a client in the old ways, beside the others (OIDC Core 15.1)', async () => {
    const rs256 = await sign(claims(), { alg: 'RS256', kid: 'rsa' }, rsa.privateKey)
    register({ jwks: KEYS, assertion_audience: 'endpoint' })
    for (const assertion of [rs256, await es256()])
      expect((await authenticate(assertion)).authMethod).toBe('private_key_jwt')
  })

  test('refuses the second use of a jti, of 50 at once too, and not the same jti of another client (RFC 7523 3)', async () => {
    const once = await es256({ jti: 'once' })
    const all = await Promise.allSettled(Array.from({ length: 50 }, () => authenticate(once)))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(audits.map(({ detail }) => detail)).toEqual(all.slice(1).map(() => 'assertion_replayed'))
    const again = es256({ jti: 'once', exp: NOW + 90 })
    expect(await refused(again)).toBe('assertion_replayed')
    register({ jwks: KEYS }, { clientId: 'd' })
    expect((await authenticate(await es256({ jti: 'once', iss: 'd', sub: 'd' }))).record.clientId).toBe('d')
  })

  test('a jti is not spent by whoever cannot sign for the client', async () => {
    expect(await refused(es256({ jti: 'kept' }, {}, stranger.privateKey))).toBe('assertion_signature')
    expect((await authenticate(await es256({ jti: 'kept' }))).authMethod).toBe('private_key_jwt')
  })

  test.each<[string, Claims, string]>([
    ['without exp', { exp: undefined }, 'assertion_time'],
    ['expired', { exp: NOW }, 'assertion_time'],
    ['good for more than an hour', { exp: NOW + 3700 }, 'assertion_time'],
    ['with a text as exp', { exp: String(NOW + 60) }, 'assertion_time'],
    ['with an endless exp', { exp: 1e308 }, 'assertion_time'],
    ['made 60 s in the future', { iat: NOW + 60 }, 'assertion_time'],
    ['good from 60 s in the future on', { nbf: NOW + 60 }, 'assertion_time'],
    ['with a text as iat', { iat: String(NOW) }, 'assertion_time'],
    ['without jti', { jti: undefined }, 'assertion_claims'],
    ['with an empty jti', { jti: '' }, 'assertion_claims'],
    ['with a number as jti', { jti: 7 }, 'assertion_claims'],
    ['with a jti of any length', { jti: 'j'.repeat(513) }, 'assertion_claims'],
    ['without iss', { iss: undefined }, 'assertion_claims'],
    ['without sub', { sub: undefined }, 'assertion_claims'],
    ['by another than its subject', { iss: 'd' }, 'assertion_claims'],
    ['without aud', { aud: undefined }, 'assertion_audience'],
    ['for another server', { aud: 'https://other.example' }, 'assertion_audience'],
    ['for our issuer with a slash', { aud: `${ISSUER}/` }, 'assertion_audience'],
    ['for us and another', { aud: [ISSUER, 'https://other.example'] }, 'assertion_audience'],
    ['for us in a list', { aud: [ISSUER] }, 'assertion_audience'],
    ['for the token endpoint', { aud: `${ISSUER}/oauth/token` }, 'assertion_audience'],
  ])('refuses one %s', async (_what, over, fault) => {
    expect(await refused(es256(over))).toBe(fault)
  })

  test('takes a clock 8 s ahead (FAPI 2.0 5.3.2.1), an exp of an hour, and of half a second (RFC 7519 2)', async () => {
    for (const over of [
      { iat: NOW + 8 },
      { nbf: NOW + 8 },
      { iat: undefined },
      { exp: NOW + 3600 },
      { exp: NOW + 0.5 },
    ])
      expect((await authenticate(await es256(over))).authMethod).toBe('private_key_jwt')
  })

  test('a client registered for it may name the endpoint, as RFC 7523 3 had it; others are not affected', async () => {
    const own = [`${ISSUER}/oauth/token`, [`${ISSUER}/oauth/token`], [ISSUER], ISSUER]
    register({ jwks: KEYS, assertion_audience: 'endpoint' })
    for (const aud of own) expect((await authenticate(await es256({ aud }))).authMethod).toBe('private_key_jwt')
    const elsewhere = await es256({ aud: `${ISSUER}/oauth/revoke` })
    expect(await refused(elsewhere)).toBe('assertion_audience')
    expect((await authenticate(elsewhere, {}, '/oauth/revoke')).authMethod).toBe('private_key_jwt')
    for (const aud of [[ISSUER, ISSUER], [own[0], 'https://other.example'], `${ISSUER}/oauth/token?`])
      expect(await refused(es256({ aud }))).toBe('assertion_audience')
  })

  test('who is registered for it is no stranger’s to find out (RFC 6749 5.2)', async () => {
    const ask = async (sub: string) => {
      const forged = es256({ iss: sub, sub, aud: `${ISSUER}/oauth/token` }, {}, stranger.privateKey)
      return authenticate(await forged).catch(publicError)
    }
    const nobody = await ask('nobody')
    const usual = await ask('c')
    expect(audits.map(({ detail }) => detail)).toEqual(['unknown_client', 'assertion_audience'])
    register({ jwks: KEYS, assertion_audience: 'endpoint' })
    const endpoint = await ask('c')
    expect(audits.at(-1)?.detail).toBe('assertion_signature')
    expect(nobody).toMatchObject({ code: 'invalid_client' })
    expect([usual, endpoint]).toEqual([nobody, nobody])
  })

  test.each<[string, () => Promise<string> | string, string | undefined]>([
    ['unsigned', () => raw({ alg: 'none' }, claims()), 'assertion_malformed'],
    ['unsigned, as an old library reads it', () => raw({ alg: 'nOnE' }, claims(), 'AA'), 'assertion_algorithm'],
    ['by a stranger', () => es256({}, {}, stranger.privateKey), 'assertion_signature'],
    ['by a key for encryption', () => es256({}, { kid: 'enc' }, stranger.privateKey), 'assertion_signature'],
    ['by a key that is not there', () => es256({}, { kid: 'gone' }), 'assertion_signature'],
    ['under another key’s name', () => es256({}, { kid: 'rsa' }), 'assertion_signature'],
    ['with a kid that is no text', () => raw({ alg: 'ES256', kid: ['ec'] }, claims(), 'AA'), 'assertion_signature'],
    ['by a short key', () => raw({ alg: 'PS256', kid: 'small' }, claims(), 'AA'), 'assertion_signature'],
    ['by ES384', () => raw({ alg: 'ES384', kid: 'ec' }, claims(), 'AA'), 'assertion_algorithm'],
    ['of another type', () => es256({}, { typ: 'at+jwt' }), 'assertion_malformed'],
    ['that is a DPoP proof', () => es256({}, { typ: 'dpop+jwt' }), 'assertion_malformed'],
    ['with crit', () => raw({ alg: 'ES256', crit: ['x'], x: 1 }, claims(), 'AA'), 'assertion_malformed'],
    ['with an unencoded payload', () => raw({ alg: 'ES256', b64: false }, claims(), 'AA'), 'assertion_malformed'],
    ['that is no object', () => raw({ alg: 'ES256' }, [claims()], 'AA'), 'assertion_malformed'],
    ['that is too long', () => es256({ more: 'x'.repeat(8 * 1024) }), 'assertion_malformed'],
    ['that is no JWT', () => 'abc', 'assertion_malformed'],
    ['cut', async () => (await es256()).slice(0, -10), 'assertion_signature'],
  ])('refuses one %s (RFC 8725; checklist 26)', async (_what, make, fault) => {
    expect(await refused(make())).toBe(fault)
  })

  test('refuses a MAC by the public key or by the secret (RFC 8725 2.1)', async () => {
    const pem = ec.publicKey.export({ type: 'spki', format: 'pem' })
    for (const secret of [pem, JSON.stringify(KEYS.keys[0]), SECRETS[0]]) {
      const text = raw({ alg: 'HS256', kid: 'ec' }, claims()).replace(/\.$/, '')
      const mac = createHmac('sha256', secret).update(text).digest('base64url')
      expect(await refused(`${text}.${mac}`)).toBe('client_secret_jwt')
    }
  })

  test('nothing that the header points to is fetched or believed (RFC 8725 3.10)', async () => {
    const own = { jwk: jwk(stranger.publicKey), jku: 'https://evil.example/keys', x5u: 'https://evil.example/cert' }
    expect(await refused(es256({}, own, stranger.privateKey))).toBe('assertion_signature')
  })

  test('refuses it for an unknown client, a public one, and one of another method, in the same words', async () => {
    expect(await refused(es256({ iss: 'nobody', sub: 'nobody' }))).toBe('unknown_client')
    register({ jwks: KEYS }, { type: 'public' })
    expect(await refused(es256())).toBe('private_key_jwt')
    register({ jwks: KEYS, token_endpoint_auth_method: 'client_secret_basic' })
    expect(await refused(es256())).toBe('private_key_jwt')
    expect(JSON.stringify(audits)).not.toContain('eyJ')
  })

  test('client_id beside it must be the same; two methods at once are refused (RFC 7521 4.2, RFC 6749 2.3)', async () => {
    expect((await authenticate(await es256(), { client_id: 'c' })).record.clientId).toBe('c')
    await refused(es256(), { client_id: 'd' })
    const both = authenticate(await es256(), { client_secret: SECRETS[0] })
    await expect(both).rejects.toMatchObject({ code: 'invalid_request' })
    await refused(es256(), { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' })
    await refused(es256(), { client_assertion_type: '' })
    await refused('')
  })
})

describe('client_secret_jwt (OIDC Core 9; checklist 18, 19)', () => {
  const hs256 = (secret: string, over: Claims = {}, alg = 'HS256') => sign(claims(over), { alg }, Buffer.from(secret))
  const sealed = SECRETS.map((secret) => sealSecret(envelope, TENANT, 'c', secret))
  const bySecret: ClientMetadata = { token_endpoint_auth_method: 'client_secret_jwt' }

  test('takes a MAC by either of two live secrets, once', async () => {
    register(bySecret, { sealedSecrets: sealed })
    for (const secret of SECRETS) {
      const assertion = await hs256(secret)
      expect((await authenticate(assertion)).authMethod).toBe('client_secret_jwt')
      expect(await refused(assertion)).toBe('assertion_replayed')
    }
  })

  test('refuses a MAC by anything else: another secret, the digest, nothing', async () => {
    register(bySecret, { sealedSecrets: sealed })
    for (const secret of [randomId(32), digestOf(SECRETS[0]), sealed[0] ?? ''])
      expect(await refused(hs256(secret))).toBe('assertion_signature')
    expect(await refused(hs256(SECRETS[0], {}, 'HS384'))).toBe('assertion_algorithm')
    register(bySecret, { sealedSecrets: [] })
    expect(await refused(hs256(SECRETS[0]))).toBe('assertion_signature')
  })

  test('takes no secret in the clear from such a client', async () => {
    register(bySecret, { sealedSecrets: sealed })
    const form = { client_assertion: '', client_assertion_type: '', client_id: 'c', client_secret: SECRETS[0] }
    await expect(authenticate('', form)).rejects.toMatchObject({ code: 'invalid_client' })
  })

  test('a sealed secret opens for its own client only', async () => {
    register(bySecret, { sealedSecrets: [sealSecret(envelope, TENANT, 'd', SECRETS[0])] })
    await expect(authenticate(await hs256(SECRETS[0]))).rejects.toMatchObject({ code: 'tampered' })
  })
})
