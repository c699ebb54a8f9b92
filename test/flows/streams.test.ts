/**
 * Security Event Tokens to clients, polled and pushed: OpenID CAEP events about their own people, under the names that each
 * client knows, verified by jose with the keys at the jwks_uri. RFC 8417, RFC 8935, RFC 8936, RFC 9493, SSF 1.0, CAEP 1.0.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt, errors } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { type Certificates, makeCertificates } from '../servers/certificates.ts'
import { type EventSink, startEventSink } from '../servers/event-sink.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { until } from '../servers/redis.ts'
import type { Answer } from './requests.ts'
import { addReceiver, CAEP, callWith, startWithReceivers, type VerifiedSet, verifySet } from './security-events.ts'
import { signIn } from './signed-in.ts'

const ALL = ['session-revoked', 'credential-change', 'token-claims-change', 'assurance-level-change'].map(
  (type) => `${CAEP}/${type}`,
)
const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'
const OF_PEOPLE = {
  redirectUris: ['http://127.0.0.1:9/callback'],
  grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
  scopes: ['openid', 'profile', 'email', 'offline_access', 'ssf.read', 'ssf.manage'],
  audience: ['urn:sallyport:default', 'urn:sallyport:platform'],
  firstParty: true,
} as const

let folder: string
let certificates: Certificates
let sink: EventSink
let service: TestService
/** Polls; its people are pairwise. */
let shop: TestClient
/** Is pushed to; another sector. */
let crm: TestClient
/** A third party: it hears of its people, and not why. */
let guest: TestClient
/** Has nothing to do with anybody, and hears of everyone. */
let monitor: TestClient
let stranger: TestClient

const tokens = new Map<string, string>()
const as = (client: TestClient) => callWith(service.issuer, tokens.get(client.id) ?? '')

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'streams-'))
  certificates = await makeCertificates(folder)
  sink = await startEventSink(certificates, 202)
  const poll = { method: 'poll' } as const
  const push = {
    method: 'push',
    url: new URL(sink.url),
    authorization: async () => 'Bearer let-me-in',
  } as const
  service = await startWithReceivers(certificates, {
    receivers: [
      { kind: 'stream', name: 'shop', clientId: 'shop', delivery: poll, description: 'the shop' },
      { kind: 'stream', name: 'crm', clientId: 'crm', delivery: push },
      { kind: 'stream', name: 'guest', clientId: 'guest', delivery: poll },
      { kind: 'stream', name: 'monitor', clientId: 'monitor', delivery: poll, events: ['session_revoked'] },
      { kind: 'stream', name: 'stranger', clientId: 'stranger', delivery: poll },
    ],
  })
  const sector = (host: string) => ({ metadata: { subject_type: 'pairwise' as const }, sectorIdentifier: host })
  shop = await addReceiver(service, 'shop', { ...OF_PEOPLE, ...sector('shop.example') })
  crm = await addReceiver(service, 'crm', { ...OF_PEOPLE, ...sector('crm.example') })
  guest = await addReceiver(service, 'guest', { ...OF_PEOPLE, firstParty: false })
  monitor = await addReceiver(service, 'monitor', { roles: ['signal_receiver'] })
  stranger = await addReceiver(service, 'stranger')
  for (const client of [shop, crm, guest, monitor, stranger])
    tokens.set(client.id, await clientToken(service.issuer, client, 'ssf.read ssf.manage'))
  tokens.set('admin', await clientToken(service.issuer, service.population.admin, 'scim admin'))
})
afterAll(async () => {
  await service?.close()
  await sink?.shut()
  rmSync(folder, { recursive: true })
})

const STREAMS = ['shop', 'crm', 'guest', 'monitor', 'stranger']
beforeEach(async () => {
  await settled()
  sink.kept.length = 0
  sink.feel(202)
  for (const name of STREAMS) await service.store.outbox.clear(TENANT, `stream:${name}`)
})

/** All events have found their receivers. */
const settled = () =>
  until(async () => (await service.store.outbox.waiting(TENANT, 'events')) === 0, 'receivers are found')

const pollOf = (client: TestClient, json: object = { returnImmediately: true }) =>
  as(client)('POST', `/ssf/poll/${client.id}`, json)
const setsOf = ({ body }: Answer): Readonly<Record<string, string>> => Object(body.sets)

async function polled(client: TestClient): Promise<VerifiedSet[]> {
  await settled()
  const sets = setsOf(await pollOf(client))
  return Promise.all(Object.values(sets).map((set) => verifySet(service.issuer, set, client.id)))
}

async function pushed(count: number): Promise<VerifiedSet[]> {
  await until(async () => sink.kept.length >= count, `${count} pushed`)
  return Promise.all(sink.kept.map(({ body }) => verifySet(service.issuer, body, crm.id)))
}

const signInAt = (client: TestClient, browser = new Browser(service.issuer), scope = 'openid email') =>
  signIn(service, browser, client, scope)

const signOut = (browser: Browser, { id_token: hint }: Answer['body']) =>
  browser.visit(`${service.issuer}/oauth/logout?id_token_hint=${hint}`)

const person = () => `/scim/v2/Users/${service.population.user.sub}`
const replaceUser = async (more: object) => {
  const { body } = await as(service.population.admin)('GET', person())
  const { meta: _meta, id: _id, ...user } = body
  const answer = await as(service.population.admin)('PUT', person(), { ...user, schemas: [SCHEMA], ...more })
  expect(answer.status).toBe(200)
}

describe('session-revoked (CAEP 1.0 3.1)', () => {
  test('tells each client of the session by its own names for person and session (RFC 9493 3.2.3; checklist 33)', async () => {
    const browser = new Browser(service.issuer)
    const atShop = await signInAt(shop, browser)
    const atCrm = await signInAt(crm, browser)
    await signOut(browser, atShop)
    const [toShop] = await polled(shop)
    const [toCrm] = await pushed(1)
    for (const [told, own] of [
      [toShop, atShop],
      [toCrm, atCrm],
    ] as const) {
      const { sub, sid } = decodeJwt(String(own.id_token))
      expect(told?.type).toBe('session-revoked')
      expect(told?.claims.sub_id).toEqual({
        format: 'complex',
        user: { format: 'iss_sub', iss: service.issuer, sub },
        session: { format: 'opaque', id: sid },
      })
      expect(told?.event.event_timestamp).toBe(told?.claims.toe)
    }
    const shared = (token: VerifiedSet | undefined) => [token?.claims.jti, JSON.stringify(token?.claims.sub_id)]
    for (const [index, value] of shared(toShop).entries()) expect(value).not.toBe(shared(toCrm)[index])
  })

  test('is a token of the profile: typ, one audience, no sub and no exp, iat and jti (RFC 8417 2; SSF 1.0 4.1)', async () => {
    const browser = new Browser(service.issuer)
    await signOut(browser, await signInAt(shop, browser))
    const [told] = await polled(shop)
    expect(told?.header).toMatchObject({ typ: 'secevent+jwt', alg: 'ES256', kid: expect.any(String) })
    expect(Object.keys(told?.claims ?? {}).sort()).toEqual(
      ['aud', 'events', 'iat', 'iss', 'jti', 'sub_id', 'toe', 'txn'].sort(),
    )
    expect(told?.claims.aud).toBe('shop')
    const [set = ''] = Object.values(setsOf(await pollOf(shop)))
    await expect(verifySet(service.issuer, set, 'crm')).rejects.toBeInstanceOf(errors.JWTClaimValidationFailed)
    const [head = '', body = '', signature = ''] = set.split('.')
    const forged = Buffer.from(JSON.stringify({ ...decodeJwt(set), aud: 'crm' })).toString('base64url')
    expect(body).not.toBe(forged)
    await expect(verifySet(service.issuer, `${head}.${forged}.${signature}`, 'crm')).rejects.toBeInstanceOf(
      errors.JWSSignatureVerificationFailed,
    )
  })

  test('is for clients of that session or with a grant, and for who may hear of everyone; no stranger hears of it', async () => {
    const browser = new Browser(service.issuer)
    await signOut(browser, await signInAt(shop, browser))
    expect(await polled(stranger)).toEqual([])
    expect((await polled(monitor)).map(({ type }) => type)).toEqual(['session-revoked'])
    const { sub } = service.population.user
    expect(JSON.stringify((await polled(monitor))[0]?.claims.sub_id)).toContain(sub)
  })

  test('why it happened is told to the organisation’s own clients alone', async () => {
    const browser = new Browser(service.issuer)
    const grant = await signInAt(guest, browser)
    await signInAt(shop, browser)
    await signOut(browser, grant)
    expect((await polled(shop))[0]?.event.reason_admin).toEqual({ en: expect.stringMatching(/^session_ended: /) })
    expect(Object.keys((await polled(guest))[0]?.event ?? {})).toEqual(['event_timestamp'])
  })

  test('comes when an administrator ends it, and when the person is disabled', async () => {
    await signInAt(shop)
    const { body } = await as(service.population.admin)('GET', '/admin/sessions')
    const [{ sid }] = body.sessions as [{ readonly sid: string }]
    await as(service.population.admin)('DELETE', `/admin/sessions/${sid}`)
    expect((await polled(shop)).map(({ type }) => type)).toContain('session-revoked')
  })
})

describe('credential-change and token-claims-change', () => {
  test('a new password is a credential-change (CAEP 1.0 3.3)', async () => {
    const browser = new Browser(service.issuer)
    await signInAt(shop, browser)
    await replaceUser({ password: 'a quite new passphrase 17' })
    const changes = (await polled(shop)).filter(({ type }) => type === 'credential-change')
    expect(changes.map(({ event }) => event)).toEqual([
      expect.objectContaining({ credential_type: 'password', change_type: 'update', initiating_entity: 'admin' }),
    ])
    const { sub } = decodeJwt(String((await signInAgain()).id_token))
    expect(changes[0]?.claims.sub_id).toEqual({ format: 'iss_sub', iss: service.issuer, sub })
    expect(JSON.stringify(changes)).not.toContain('passphrase')
  })

  const signInAgain = async () => {
    const stored = await service.store.users.find(TENANT, service.population.user.sub)
    if (stored === undefined) throw new Error('no person')
    await replaceUser({ password: service.population.user.password })
    return signInAt(shop)
  }

  test('new values of claims go to those whose grants release them, and no others (CAEP 1.0 3.2)', async () => {
    await signInAt(shop, undefined, 'openid email')
    await signInAt(guest, undefined, 'openid')
    await replaceUser({ emails: [{ value: 'alice@new.example', primary: true }], displayName: 'Alice Roe' })
    const toShop = (await polled(shop)).filter(({ type }) => type === 'token-claims-change')
    expect(toShop.map(({ event }) => event.claims)).toEqual([
      { email: 'alice@new.example', email_verified: expect.any(Boolean) },
    ])
    expect((await polled(guest)).filter(({ type }) => type === 'token-claims-change')).toEqual([])
  })

  test('new roles go to the organisation’s own clients', async () => {
    await signInAt(shop)
    await replaceUser({ roles: [{ value: 'user' }, { value: 'auditor' }] })
    const changes = (await polled(shop)).filter(({ type }) => type === 'token-claims-change')
    expect(changes.map(({ event }) => event.claims)).toEqual([{ roles: ['auditor', 'user'] }])
    expect(changes[0]?.claims.txn).toMatch(/^[\w-]{43}$/)
    await replaceUser({ roles: [{ value: 'user' }] })
  })

  test('what waits in the store holds no value: it is read when it is told, and nothing is told of who is gone', async () => {
    await signInAt(shop, undefined, 'openid email')
    await replaceUser({ emails: [{ value: 'alice@waits.example', primary: true }] })
    await settled()
    const waiting = await service.store.outbox.peek(TENANT, 'stream:shop', 100)
    expect(waiting.length).toBeGreaterThan(0)
    expect(JSON.stringify(waiting)).not.toMatch(/waits\.example|alice/)
  })
})

describe('poll (RFC 8936 2)', () => {
  const three = async () => {
    for (let index = 0; index < 3; index += 1) {
      const browser = new Browser(service.issuer)
      await signOut(browser, await signInAt(shop, browser))
    }
    await settled()
  }

  test('gives again what was not acknowledged, under the same jti, and never what was', async () => {
    await three()
    const first = setsOf(await pollOf(shop, { returnImmediately: true, maxEvents: 2 }))
    const jtis = Object.keys(first)
    expect(jtis).toHaveLength(2)
    for (const [jti, set] of Object.entries(first)) expect(decodeJwt(set).jti).toBe(jti)
    expect(Object.keys(setsOf(await pollOf(shop, { returnImmediately: true, maxEvents: 2 })))).toEqual(jtis)
    const rest = await pollOf(shop, { returnImmediately: true, ack: jtis })
    expect(Object.keys(setsOf(rest))).toHaveLength(1)
    expect(rest.body.moreAvailable).toBeUndefined()
    await pollOf(shop, { returnImmediately: true, ack: Object.keys(setsOf(rest)) })
    expect((await pollOf(shop)).body).toEqual({ sets: {} })
  })

  test('says that there is more, and with maxEvents 0 only acknowledges (2.2, 2.3)', async () => {
    await three()
    const { body } = await pollOf(shop, { returnImmediately: true, maxEvents: 1 })
    expect(body.moreAvailable).toBe(true)
    const ack = Object.keys(Object(body.sets))
    expect((await pollOf(shop, { maxEvents: 0, ack })).body).toEqual({ sets: {}, moreAvailable: true })
    expect(Object.keys(setsOf(await pollOf(shop)))).toHaveLength(2)
  })

  test('what the receiver cannot take is forgotten, and audit says so, in words of the RFC alone (2.6)', async () => {
    await three()
    const [bad = '', odd = '', good = ''] = Object.keys(setsOf(await pollOf(shop)))
    const setErrs = {
      [bad]: { err: 'invalid_key', description: 'unknown kid' },
      [odd]: { err: 'x'.repeat(50), description: 'alice@example.com' },
    }
    const { body } = await pollOf(shop, { returnImmediately: true, setErrs, ack: [good, 'never-heard-of'] })
    expect(body).toEqual({ sets: {} })
    const said = service.audits.filter(({ event }) => event === 'signal_not_delivered')
    expect(said.map(({ detail, client_id }) => [detail, client_id])).toEqual([
      ['invalid_key', 'shop'],
      ['other', 'shop'],
    ])
  })

  test('waits for an event unless it is to return at once (2.2)', async () => {
    expect((await pollOf(shop)).body).toEqual({ sets: {} })
    const browser = new Browser(service.issuer)
    const own = await signInAt(shop, browser)
    const waiting = pollOf(shop, {})
    await signOut(browser, own)
    const [set = ''] = Object.values(setsOf(await waiting))
    expect((await verifySet(service.issuer, set, 'shop')).type).toBe('session-revoked')
  })

  test('of many that wait at once only some are kept waiting, and each that waits hears of the event', async () => {
    const waiting = Array.from({ length: 6 }, () => pollOf(shop, {}))
    // Two of them found four waiting.
    const first = await Promise.race(waiting)
    expect(first.body).toEqual({ sets: {} })
    const browser = new Browser(service.issuer)
    await signOut(browser, await signInAt(shop, browser))
    const answers = await Promise.all(waiting)
    expect(answers.filter((answer) => Object.keys(setsOf(answer)).length > 0).length).toBeGreaterThanOrEqual(4)
  })

  test('who waits is answered when the service ends, and the service ends at once', async () => {
    const own = await startWithReceivers(certificates, {
      receivers: [{ kind: 'stream', name: 'test', clientId: 'receiver', delivery: { method: 'poll' } }],
      longPollMs: 10 * 60_000,
    })
    const token = await clientToken(own.issuer, own.population.receiver, 'ssf.read')
    const begun = performance.now()
    let answered = false
    const waiting = callWith(own.issuer, token)('POST', '/ssf/poll/test', {}).finally(() => {
      answered = true
    })
    await until(
      async () => own.decisions().some(({ path, custom }) => path === 'authz/signal/decision' && custom !== undefined),
      'it waits',
    )
    expect(answered).toBe(false)
    await own.close()
    expect((await waiting).body).toEqual({ sets: {} })
    expect(performance.now() - begun).toBeLessThan(60_000)
  })

  test.each<[string, unknown]>([
    ['a list', []],
    ['ack that is no list', { ack: 'x' }],
    ['ack of numbers', { ack: [1] }],
    ['too many acks', { ack: Array.from({ length: 1001 }, () => 'x') }],
    ['setErrs that is a list', { setErrs: [] }],
    ['an error that is null', { setErrs: { a: null } }],
    ['maxEvents below none', { maxEvents: -1 }],
    ['half an event', { maxEvents: 0.5 }],
    ['returnImmediately in words', { returnImmediately: 'yes' }],
  ])('%s is a malformed request', async (_what, json) => {
    const answer = await pollOf(shop, json as object)
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
  })
})

describe('push (RFC 8935 2)', () => {
  const revokeOne = async () => {
    const browser = new Browser(service.issuer)
    await signOut(browser, await signInAt(crm, browser))
  }
  const left = () => service.store.outbox.waiting(TENANT, 'stream:crm')

  test('posts the token with the receiver’s own credential', async () => {
    await revokeOne()
    await pushed(1)
    const [{ headers }] = sink.kept as [(typeof sink.kept)[number]]
    expect(headers).toMatchObject({
      'content-type': 'application/secevent+jwt',
      accept: 'application/json',
      authorization: 'Bearer let-me-in',
    })
  })

  test.each([
    ['it fails', 500],
    ['it does not know our key yet', [400, { err: 'invalid_key' }]],
    ['our credential is being turned', [401, { err: 'authentication_failed' }]],
    ['its answer is lost', 'lost'],
  ] as const)('tries again where %s, under the same jti', async (_what, mood) => {
    const before = sink.asked
    sink.feel(mood, 202)
    await revokeOne()
    await until(async () => sink.asked >= before + 2 && (await left()) === 0, 'it is taken')
    const jtis = (await pushed(1)).map(({ claims }) => claims.jti)
    expect(new Set(jtis).size).toBe(1)
  })

  test('gives up what the receiver finds wrong for good, and audit says so (2.4)', async () => {
    const before = service.audits.length
    sink.feel([400, { err: 'invalid_audience', description: 'not me' }])
    await revokeOne()
    await until(
      async () => service.audits.slice(before).some(({ event }) => event === 'signal_not_delivered'),
      'given up',
    )
    expect(await left()).toBe(0)
  })
})

describe('streams as their clients manage them (SSF 1.0 8.1)', () => {
  test('the configuration says where all is, and every address is there (7.1)', async () => {
    const { body } = await callWith(service.issuer, '')('GET', '/.well-known/ssf-configuration')
    expect(body).toMatchObject({
      issuer: service.issuer,
      jwks_uri: `${service.issuer}/oauth/jwks`,
      spec_version: '1_0',
    })
    expect(body.delivery_methods_supported).toEqual(['urn:ietf:rfc:8935', 'urn:ietf:rfc:8936'])
    for (const name of ['configuration_endpoint', 'status_endpoint'])
      expect((await fetch(String(body[name]))).status).toBe(401)
    expect((await fetch(String(body.verification_endpoint), { method: 'POST' })).status).toBe(401)
  })

  test('a client reads its own streams, and never what we show to it (8.1.1.2)', async () => {
    const { body } = await as(shop)('GET', '/ssf/streams')
    expect(body).toEqual([
      {
        stream_id: 'shop',
        iss: service.issuer,
        aud: 'shop',
        events_supported: ALL,
        events_requested: ALL,
        events_delivered: ALL,
        delivery: { method: 'urn:ietf:rfc:8936', endpoint_url: `${service.issuer}/ssf/poll/shop` },
        description: 'the shop',
      },
    ])
    const own = await as(crm)('GET', '/ssf/streams?stream_id=crm')
    expect(own.body.delivery).toEqual({ method: 'urn:ietf:rfc:8935', endpoint_url: sink.url })
    expect(JSON.stringify(own.body)).not.toContain('let-me-in')
    expect((await as(monitor)('GET', '/ssf/streams?stream_id=monitor')).body.events_delivered).toEqual([
      `${CAEP}/session-revoked`,
    ])
  })

  test('paused, events wait and are told once it goes on; disabled, they are not kept (8.1.2)', async () => {
    const change = (status: string) =>
      as(shop)('POST', '/ssf/status', { stream_id: 'shop', status, reason: 'maintenance' })
    const revokeOne = async () => {
      const browser = new Browser(service.issuer)
      await signOut(browser, await signInAt(shop, browser))
    }
    expect((await as(shop)('GET', '/ssf/status?stream_id=shop')).body).toEqual({ stream_id: 'shop', status: 'enabled' })
    expect((await change('paused')).body).toEqual({ stream_id: 'shop', status: 'paused', reason: 'maintenance' })
    await revokeOne()
    expect(await polled(shop)).toEqual([])
    expect((await change('enabled')).status).toBe(200)
    expect(await polled(shop)).toHaveLength(1)

    await change('disabled')
    await revokeOne()
    await settled()
    const refused = await as(shop)('POST', '/ssf/verify', { stream_id: 'shop' })
    expect([refused.status, refused.body.error]).toEqual([400, 'invalid_request'])
    await change('enabled')
    expect(await polled(shop)).toEqual([])
    expect((await change('on fire')).status).toBe(400)
  })

  test('a paused push stream is not pushed to, and goes on by itself', async () => {
    const change = (status: string) => as(crm)('POST', '/ssf/status', { stream_id: 'crm', status })
    await change('paused')
    const browser = new Browser(service.issuer)
    await signOut(browser, await signInAt(crm, browser))
    await settled()
    expect([sink.kept.length, await service.store.outbox.waiting(TENANT, 'stream:crm')]).toEqual([0, 1])
    await change('enabled')
    await pushed(1)
  })

  test('a verification event carries the state that was sent, pushed and polled (8.1.4)', async () => {
    for (const [client, id] of [
      [shop, 'shop'],
      [crm, 'crm'],
    ] as const) {
      const answer = await as(client)('POST', '/ssf/verify', { stream_id: id, state: 'VGhpcyBpcyBhbiBleGFtcGxl' })
      expect(answer.status).toBe(204)
    }
    for (const [told] of [await polled(shop), await pushed(1)]) {
      expect([told?.type, told?.event.state]).toEqual(['verification', 'VGhpcyBpcyBhbiBleGFtcGxl'])
      expect(told?.claims.sub_id).toMatchObject({ format: 'opaque' })
    }
  })

  const endpoints = (id: string): [string, string, object?][] => [
    ['GET', `/ssf/streams?stream_id=${id}`],
    ['GET', `/ssf/status?stream_id=${id}`],
    ['POST', '/ssf/status', { stream_id: id, status: 'disabled' }],
    ['POST', '/ssf/verify', { stream_id: id }],
    ['POST', `/ssf/poll/${id}`, { returnImmediately: true }],
  ]

  test('the stream of another client is nobody else’s, and one that is not there is not found', async () => {
    for (const [method, path, json] of endpoints('shop')) {
      const { status, body } = await as(stranger)(method, path, json)
      expect([path, status, body.error]).toEqual([path, 403, 'insufficient_scope'])
    }
    for (const [method, path, json] of endpoints('nowhere'))
      expect([path, (await as(stranger)(method, path, json)).status]).toEqual([path, 404])
    expect((await as(shop)('GET', '/ssf/status?stream_id=shop')).body.status).toBe('enabled')
  })

  test('ssf.read reads and polls, and changes nothing; without a token, or with a person’s, nothing is told', async () => {
    const read = callWith(service.issuer, await clientToken(service.issuer, shop, 'ssf.read'))
    const persons = callWith(service.issuer, String((await signInAt(shop)).access_token))
    for (const [method, path, json] of endpoints('shop')) {
      const changes = method === 'POST' && !path.includes('poll')
      expect([path, (await read(method, path, json)).status]).toEqual([path, changes ? 403 : 200])
      expect([path, (await persons(method, path, json)).status]).toEqual([path, 403])
      expect([path, (await callWith(service.issuer, 'nobody')(method, path, json)).status]).toEqual([path, 401])
    }
  })
})
