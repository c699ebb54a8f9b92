/** The life of signing keys over the wire: what is published, what signs, who may turn and revoke. On the service with its real parts. */
import { createHash } from 'node:crypto'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_KEY_RULES, type KeyRules } from '../../src/auth/keys/rules.ts'
import { randomId } from '../../src/kernel/ids.ts'
import { SIGNING_ALGORITHMS } from '../../src/kernel/signing-algorithms.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { clientRecord } from '../servers/population.ts'
import { adminToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import { type Answer, answerOf, isActive, post, tokensFor } from './requests.ts'

interface Shown {
  readonly kid: string
  readonly alg: string
  readonly state: string
  readonly since: number
  readonly ready_at?: number
  readonly rotates_at?: number
  readonly removed_at?: number
  readonly asked?: boolean
}

const RULES: KeyRules = { ...DEFAULT_KEY_RULES, algorithms: SIGNING_ALGORITHMS }
let service: TestService
let admin: string

const start = async (keys: KeyRules = RULES) => {
  service = await startAuthService({ service: { keys } })
  admin = await adminToken(service.issuer, service.population.admin)
}
afterEach(() => service.close())

const call = async (method: string, path: string, json?: unknown, token = admin): Promise<Answer> =>
  answerOf(
    await fetch(`${service.issuer}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(json !== undefined && { 'content-type': 'application/json' }) },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    }),
  )
const shown = ({ status, body }: Answer): readonly Shown[] => {
  expect([status, body]).toEqual([200, body])
  return Object(body).keys
}
const list = async () => shown(await call('GET', '/admin/keys'))
const find = (keys: readonly Shown[], alg: string, state: string): Shown => {
  const key = keys.find((one) => one.alg === alg && one.state === state)
  if (!key) throw new Error(`no ${state} key of ${alg}`)
  return key
}
const jwks = async () => {
  const { keys }: { keys: { kid: string }[] } = JSON.parse(await (await fetch(`${service.issuer}/oauth/jwks`)).text())
  return keys
}
const token = async () =>
  String(
    (await post(service, '/oauth/token', service.population.web, { grant_type: 'client_credentials' })).body
      .access_token,
  )
const kidOf = (jwt: string) => decodeProtectedHeader(jwt).kid
const events = () => service.audits.filter(({ event }) => event.startsWith('key')).map(({ event }) => event)

describe('what signs', () => {
  beforeEach(() => start())

  test('discovery names the algorithms that keys are kept of, the platform’s own first (OIDC Discovery 3)', async () => {
    for (const path of ['openid-configuration', 'oauth-authorization-server']) {
      const metadata = await answerOf(await fetch(`${service.issuer}/.well-known/${path}`))
      expect(metadata.body.id_token_signing_alg_values_supported).toEqual([...SIGNING_ALGORITHMS])
    }
  })

  test.each(SIGNING_ALGORITHMS)(
    'an ID token is signed by %s where its client registered that; access tokens by ES256',
    async (alg) => {
      const secret = 'a secret that is long enough'
      const made = clientRecord(`by-${alg}`, secret, {
        redirectUris: ['http://127.0.0.1:9/callback'],
        grantTypes: ['authorization_code', 'refresh_token'],
        scopes: ['openid', 'offline_access'],
        audience: ['urn:sallyport:default'],
        metadata: { id_token_signed_response_alg: alg },
      })
      await service.store.clients.create('default', made)
      const tokens = await tokensFor(service, { id: made.clientId, secret }, 'openid')
      const { payload, protectedHeader } = await jwtVerify(
        String(tokens.id_token),
        createLocalJWKSet({ keys: Object(await jwks()) }),
        { issuer: service.issuer, audience: made.clientId },
      )
      expect(protectedHeader).toMatchObject({ alg, typ: 'JWT' })
      const digest = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256')
        .update(String(tokens.access_token))
        .digest()
      expect(payload.at_hash).toBe(digest.subarray(0, digest.length / 2).toString('base64url'))
      expect(decodeProtectedHeader(String(tokens.access_token))).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
    },
  )

  test('a client whose algorithm is not kept here is told so, and its code is not spent', async () => {
    const { web } = service.population
    const stored = await service.store.clients.find('default', web.id)
    if (!stored) throw new Error('no client')
    const narrowed = { ...stored, metadata: { id_token_signed_response_alg: 'ES512' } }
    await service.store.clients.replace('default', narrowed, stored.version)
    expect(await tokensFor(service, web, 'openid')).toMatchObject({ error: 'unauthorized_client' })
  })
})

describe('by hand', () => {
  beforeEach(() => start())

  test('a new instance has a key that signs and a next one, of each algorithm; only public members are shown (checklist 32)', async () => {
    const keys = await list()
    expect(keys.map(({ alg, state }) => `${alg} ${state}`)).toEqual(
      SIGNING_ALGORITHMS.flatMap((alg) => [`${alg} current`, `${alg} next`]),
    )
    expect((await jwks()).map(({ kid }) => kid).sort()).toEqual(keys.map(({ kid }) => kid).sort())
    const text = JSON.stringify([keys, await jwks()])
    expect(text).not.toMatch(/sealed|"(d|p|q|dp|dq|qi|k|oth)":/)
  })

  test('a rotation lets the next key sign at once; the one before goes on verifying, and another is published', async () => {
    const before = await token()
    const [current, next] = await list()
    const turned = shown(await call('POST', '/admin/keys/rotate', { algorithms: ['ES256'] }))
    expect(find(turned, 'ES256', 'current').kid).toBe(next?.kid)
    expect(find(turned, 'ES256', 'retiring').kid).toBe(current?.kid)
    expect(find(turned, 'EdDSA', 'current').since).toBe(find(await list(), 'EdDSA', 'current').since)
    expect(turned).toHaveLength(9)
    expect(kidOf(await token())).toBe(next?.kid)
    expect(await isActive(service, before)).toBe(true)
    expect((await jwks()).map(({ kid }) => kid).sort()).toEqual(turned.map(({ kid }) => kid).sort())
    expect(events()).toEqual(['keys_rotation_asked', 'key_retired', 'key_activated', 'key_published'])
    const [asked] = service.audits.filter(({ event }) => event === 'keys_rotation_asked')
    expect(asked).toMatchObject({ tenant: 'default', client_id: 'admin', decision_id: expect.any(String) })
  })

  test('a next key that is not published for long enough waits; by force it signs', async () => {
    await call('POST', '/admin/keys/rotate', { algorithms: ['EdDSA'] })
    const waiting = shown(await call('POST', '/admin/keys/rotate', { algorithms: ['EdDSA'] }))
    const next = find(waiting, 'EdDSA', 'next')
    expect(next).toMatchObject({ asked: true, ready_at: next.since + RULES.publishSeconds })
    expect(find(await list(), 'EdDSA', 'current').kid).toBe(find(waiting, 'EdDSA', 'current').kid)
    const forced = shown(await call('POST', '/admin/keys/rotate', { algorithms: ['EdDSA'], force: true }))
    expect(find(forced, 'EdDSA', 'current').kid).toBe(next.kid)
  })

  test('a revoked key is nowhere at once: its tokens are inactive, and the next key signs', async () => {
    const [current, next] = await list()
    const signed = await token()
    expect(await isActive(service, signed)).toBe(true)
    // Of the same key: the administrator's own token ends with it.
    const left = shown(await call('POST', `/admin/keys/${current?.kid}/revoke`))
    expect(find(left, 'ES256', 'current').kid).toBe(next?.kid)
    expect(left.map(({ kid }) => kid)).not.toContain(current?.kid)
    expect((await jwks()).map(({ kid }) => kid)).not.toContain(current?.kid)
    expect(await isActive(service, signed)).toBe(false)
    expect((await call('GET', '/admin/keys')).status).toBe(401)
    const fresh = await token()
    expect([kidOf(fresh), await isActive(service, fresh)]).toEqual([next?.kid, true])
    expect(events()).toEqual(['key_revoked', 'key_activated', 'key_published'])
    expect(service.audits.find(({ event }) => event === 'key_revoked')).toMatchObject({
      resource: `key:${current?.kid}`,
      detail: 'ES256',
      client_id: 'admin',
    })
  })

  test('a revoked next key is replaced by another, and signs never', async () => {
    const next = find(await list(), 'PS256', 'next')
    const left = shown(await call('POST', `/admin/keys/${next.kid}/revoke`))
    expect(left.map(({ kid }) => kid)).not.toContain(next.kid)
    expect(find(left, 'PS256', 'next').ready_at).toBeGreaterThan(find(left, 'PS256', 'next').since)
  })

  test('what is not there, and what is malformed, is told so', async () => {
    for (const id of ['nobody', 'a%20b', 'x'.repeat(100)])
      expect((await call('POST', `/admin/keys/${id}/revoke`)).status).toBe(404)
    for (const body of [
      [],
      7,
      { algorithms: [] },
      { algorithms: ['HS256'] },
      { algorithms: ['ES256', 'ES256'] },
      { force: 1 },
      { x: 1 },
    ]) {
      const { status, body: said } = await call('POST', '/admin/keys/rotate', body)
      expect([status, said.code], JSON.stringify(body)).toEqual([400, 'bad_request'])
    }
    expect(events()).toEqual([])
  })

  test('whoever holds no permission for keys sees and turns none (checklist 47)', async () => {
    const weak = clientRecord('weak', 'weak secret', {
      grantTypes: ['client_credentials'],
      scopes: ['admin', 'scim'],
      audience: ['urn:sallyport:platform'],
      roles: ['scim_client'],
    })
    await service.store.clients.create('default', weak)
    const asked = { grant_type: 'client_credentials', scope: 'admin' }
    const { body } = await post(service, '/oauth/token', { id: 'weak', secret: 'weak secret' }, asked)
    const [current] = await list()
    for (const [method, path] of [
      ['GET', '/admin/keys'],
      ['POST', '/admin/keys/rotate'],
      ['POST', '/admin/keys/rewrap'],
      ['POST', `/admin/keys/${current?.kid}/revoke`],
      ['POST', '/admin/keys/nobody/revoke'],
    ] as const)
      expect((await call(method, path, undefined, String(body.access_token))).status, path).toBe(403)
    expect((await list())[0]?.kid).toBe(current?.kid)
  })

  test('nothing is left to move where there is one envelope key', async () => {
    const { status, body } = await call('POST', '/admin/keys/rewrap')
    expect([status, body.moved]).toEqual([
      200,
      { signing_keys: 0, client_secrets: 0, stream_secrets: 0, totp_secrets: 0, check_record: 0 },
    ])
    expect(service.audits.filter(({ event }) => event === 'keys_rewrapped')).toHaveLength(1)
  })
})

describe('by itself', () => {
  test('keys turn in their time without a restart, and each is told to the audit log', async () => {
    await start({ ...DEFAULT_KEY_RULES, rotateSeconds: 3600 })
    const [current, next] = await list()
    const signed = await token()
    service.advance(3600)
    admin = await adminToken(service.issuer, service.population.admin)
    await until(async () => find(await list(), 'ES256', 'current').kid === next?.kid, 'the next key signs')
    const [, newest, retiring] = await list()
    expect(retiring?.kid).toBe(current?.kid)
    expect(retiring?.removed_at).toBe(Number(retiring?.since) + DEFAULT_KEY_RULES.retireSeconds)
    expect(newest).toMatchObject({ state: 'next', ready_at: Number(newest?.since) + 3600 })
    // The step that wrote it reads it anew before it signs by it.
    await until(async () => kidOf(await token()) === next?.kid, 'it signs by it')
    await jwtVerify(signed, createLocalJWKSet({ keys: Object(await jwks()) }), { currentDate: new Date() })
    await until(async () => events().length === 3, 'it is written down')
    expect(events()).toEqual(['key_retired', 'key_activated', 'key_published'])
    expect(service.audits.find(({ event }) => event === 'key_activated')).not.toHaveProperty('client_id')
  })

  test('where one algorithm is kept, discovery names no other, and there are keys of no other', async () => {
    await start(DEFAULT_KEY_RULES)
    const metadata = await answerOf(await fetch(`${service.issuer}/.well-known/openid-configuration`))
    expect(metadata.body.id_token_signing_alg_values_supported).toEqual(['ES256'])
    expect((await list()).map(({ alg, state }) => `${alg} ${state}`)).toEqual(['ES256 current', 'ES256 next'])
  })
})

test('1,000 made-up kids cost few questions to the store, and a token of ours is served beside them', async () => {
  const askedAt: number[] = []
  let reads = 0
  service = await startAuthService({
    store: async (path, clock) => {
      const store = await openSqliteStore({ path, clock })
      const { tag, read } = store.signingKeys
      store.signingKeys.tag = () => {
        askedAt.push(performance.now())
        return tag.call(store.signingKeys)
      }
      store.signingKeys.read = () => {
        reads += 1
        return read.call(store.signingKeys)
      }
      return store
    },
  })
  const statusOf = async (jwt: string) =>
    (await fetch(`${service.issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${jwt}` } })).status
  const header = () => Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: randomId() }))
  const madeUp = () => `${header().toString('base64url')}.e30.${'A'.repeat(86)}`
  const { access_token: known } = await tokensFor(service, service.population.web, 'openid')
  const readBefore = reads
  const beganMs = performance.now()
  const statuses = new Set<number>()
  for (let round = 0; round < 20; round += 1) {
    const strangers = Array.from({ length: 50 }, () => statusOf(madeUp()))
    expect(await statusOf(String(known))).toBe(200)
    for (const status of await Promise.all(strangers)) statuses.add(status)
  }
  expect(statuses).toEqual(new Set([401]))
  const asked = askedAt.filter((at) => at >= beganMs).length
  // Of the made-up ones, and of the polls that go on beside them.
  const seconds = (performance.now() - beganMs) / 1000
  expect(asked).toBeGreaterThan(0)
  expect(asked).toBeLessThanOrEqual(Math.ceil(seconds * 5) + Math.ceil(seconds / 2) + 3)
  // Nothing has changed: the set is read for the life of the keys alone, once in ten seconds at most.
  expect(reads - readBefore).toBeLessThanOrEqual(Math.ceil(seconds / 10) + 1)
})
