/**
 * Streams that receivers make, change and delete by themselves, and what is sent over them, to HTTPS servers and by poll:
 * OpenID Shared Signals Framework 1.0 8.1, RFC 8935, RFC 8936.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MAX_STREAMS_OF_CLIENT } from '../../src/storage/streams-port.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { type Certificates, makeCertificates } from '../servers/certificates.ts'
import { type EventSink, startEventSink } from '../servers/event-sink.ts'
import { REDIRECT_URI, TENANT, type TestClient } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { until } from '../servers/redis.ts'
import {
  addReceiver,
  CAEP,
  callWith,
  QUICK,
  startWithReceivers,
  type VerifiedSet,
  verifySet,
} from './security-events.ts'
import { signIn } from './signed-in.ts'

const PUSH = 'urn:ietf:rfc:8935'
const POLL = 'urn:ietf:rfc:8936'
const ALL = ['session-revoked', 'credential-change', 'token-claims-change', 'assurance-level-change'].map(
  (type) => `${CAEP}/${type}`,
)
const UNKNOWN = 'https://schemas.openid.net/secevent/risc/event-type/account-disabled'

let folder: string
let certificates: Certificates
let sink: EventSink
let service: TestService
/** Makes streams; people sign in to it. */
let shop: TestClient
let other: TestClient
const tokens = new Map<string, string>()
const as = (client: TestClient) => callWith(service.issuer, tokens.get(client.id) ?? '')

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stream-management-'))
  certificates = await makeCertificates(folder)
  sink = await startEventSink(certificates, 202)
  service = await startWithReceivers(certificates, {
    receivers: [{ kind: 'stream', name: 'fixed', clientId: 'shop', delivery: { method: 'poll' } }],
    managed: true,
  })
  shop = await addReceiver(service, 'shop', {
    redirectUris: [REDIRECT_URI],
    grantTypes: ['authorization_code', 'client_credentials'],
    scopes: ['openid', 'ssf.read', 'ssf.manage'],
    audience: ['urn:sallyport:default', 'urn:sallyport:platform'],
    firstParty: true,
  })
  other = await addReceiver(service, 'crm')
  for (const client of [shop, other])
    tokens.set(client.id, await clientToken(service.issuer, client, 'ssf.read ssf.manage'))
})
afterAll(async () => {
  await service?.close()
  await sink?.shut()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  sink.kept.length = 0
  sink.feel(202)
})
afterEach(async () => {
  for (const { streamId } of await service.store.streams.list(TENANT))
    await service.store.streams.delete(TENANT, streamId)
})

const make = async (json: object = {}, client = shop) => {
  const { status, body } = await as(client)('POST', '/ssf/streams', json)
  expect([status, body]).toEqual([201, expect.anything()])
  return body
}
const read = async (id: unknown) => (await as(shop)('GET', `/ssf/streams?stream_id=${id}`)).body
const toSink = (more: object = {}) => ({ delivery: { method: PUSH, endpoint_url: sink.url, ...more } })

/** A session of a person at the shop begins and ends: it hears of it. */
async function revokeOne(): Promise<void> {
  const browser = new Browser(service.issuer)
  const { id_token: hint } = await signIn(service, browser, shop, 'openid')
  await browser.visit(`${service.issuer}/oauth/logout?id_token_hint=${hint}`)
}
const settled = () =>
  until(async () => (await service.store.outbox.waiting(TENANT, 'events')) === 0, 'receivers are found')
async function polled(id: unknown): Promise<VerifiedSet[]> {
  await settled()
  const { body } = await as(shop)('POST', `/ssf/poll/${id}`, { returnImmediately: true })
  const sets = Object.values<string>(Object(body.sets))
  return Promise.all(sets.map((set) => verifySet(service.issuer, set, 'shop')))
}

describe('a stream is made (SSF 1.0 8.1.1.1)', () => {
  test('of nothing it is polled and carries all; 201 with its whole configuration, which reads the same', async () => {
    const made = await make()
    const { stream_id: id } = made
    expect(made).toEqual({
      stream_id: expect.stringMatching(/^[\w-]{22}$/),
      iss: service.issuer,
      aud: 'shop',
      events_supported: ALL,
      events_requested: ALL,
      events_delivered: ALL,
      delivery: { method: POLL, endpoint_url: `${service.issuer}/ssf/poll/${id}` },
    })
    expect(await read(id)).toEqual(made)
    const { body } = await as(shop)('GET', '/ssf/streams')
    expect(body).toEqual([expect.objectContaining({ stream_id: 'fixed' }), made])
    expect((await as(other)('GET', '/ssf/streams')).body).toEqual([])
  })

  test('what is not known of the events asked for is passed over, and shown as asked for (8.1.1)', async () => {
    const made = await make({ events_requested: [ALL[0], UNKNOWN], description: 'x'.repeat(300) })
    expect(made).toMatchObject({ events_requested: [ALL[0], UNKNOWN], events_delivered: [ALL[0]] })
    expect(made.description).toBe('x'.repeat(256))
  })

  test('to be pushed to an address of its own, by a credential that nobody reads (6.1.1)', async () => {
    const made = await make(toSink({ authorization_header: 'Bearer let-me-in' }))
    expect(made.delivery).toEqual({ method: PUSH, endpoint_url: sink.url })
    const stored = await service.store.streams.find(TENANT, String(made.stream_id))
    expect(stored?.sealed).toMatch(/^s1\./)
    expect(JSON.stringify([stored, await read(made.stream_id), service.audits, service.decisions()])).not.toContain(
      'let-me-in',
    )
    expect(service.decisions().map(({ input }) => Object(input).stream)).toContainEqual({
      delivery: 'push',
      host: 'localhost',
      events: ['session_revoked', 'credential_change', 'token_claims_change', 'assurance_level_change'],
    })
  })

  test('as many as a client may have, each under an id of its own, and then 409', async () => {
    const ids = new Set<unknown>()
    for (let index = 0; index < MAX_STREAMS_OF_CLIENT; index += 1) ids.add((await make()).stream_id)
    expect(ids.size).toBe(MAX_STREAMS_OF_CLIENT)
    expect((await as(shop)('POST', '/ssf/streams', {})).status).toBe(409)
    expect((await as(other)('POST', '/ssf/streams', {})).status).toBe(201)
  })

  test.each<[string, unknown]>([
    ['a list', []],
    ['events that are no list', { events_requested: 'x' }],
    ['events that are no texts', { events_requested: [1] }],
    ['too many events', { events_requested: Array.from({ length: 65 }, (_, index) => `e${index}`) }],
    ['a description that is no text', { description: 7 }],
    ['delivery that is no object', { delivery: 'push' }],
    ['a way of delivery that is not known', { delivery: { method: 'urn:ietf:rfc:9999' } }],
    ['push to nowhere', { delivery: { method: PUSH } }],
    ['push without TLS', { delivery: { method: PUSH, endpoint_url: 'http://receiver.example/' } }],
    ['push without TLS on loopback', { delivery: { method: PUSH, endpoint_url: 'http://localhost/' } }],
    ['push with a user name', { delivery: { method: PUSH, endpoint_url: 'https://a:b@receiver.example/' } }],
    [
      'push to the metadata address of clouds',
      { delivery: { method: PUSH, endpoint_url: 'https://169.254.169.254/' } },
    ],
    ['push to a private address', { delivery: { method: PUSH, endpoint_url: 'https://[fd00::1]/' } }],
    [
      'a credential with a second header',
      { delivery: { method: PUSH, endpoint_url: 'https://receiver.example/', authorization_header: 'a\r\nx: y' } },
    ],
  ])('%s is a malformed request: 400', async (_what, json) => {
    const { status, body } = await as(shop)('POST', '/ssf/streams', json as object)
    expect([status, body.error]).toEqual([400, 'invalid_request'])
    expect(await service.store.streams.list(TENANT)).toEqual([])
  })

  test('not JSON at all: 400', async () => {
    const headers = { authorization: `Bearer ${tokens.get('shop')}`, 'content-type': 'application/json' }
    for (const method of ['POST', 'PATCH', 'PUT'])
      expect((await fetch(`${service.issuer}/ssf/streams`, { method, headers, body: '{"x":' })).status).toBe(400)
  })
})

describe('a stream is changed', () => {
  test('PATCH changes what it names, and leaves the rest (8.1.1.3)', async () => {
    const made = await make({
      ...toSink({ authorization_header: 'Bearer one' }),
      events_requested: [ALL[0]],
      description: 'a',
    })
    const id = made.stream_id
    const patch = (json: object) => as(shop)('PATCH', '/ssf/streams', { stream_id: id, ...json })
    const { status, body } = await patch({ events_requested: [ALL[1]] })
    expect([status, body]).toEqual([200, { ...made, events_requested: [ALL[1]], events_delivered: [ALL[1]] }])
    expect(await read(id)).toEqual(body)
    // Its credential goes on to the same address, and to no other.
    const sealed = async () => (await service.store.streams.find(TENANT, String(id)))?.sealed
    const before = await sealed()
    await patch({ ...toSink(), description: 'b' })
    expect([await sealed(), (await read(id)).description]).toEqual([before, 'b'])
    await patch({ delivery: { method: PUSH, endpoint_url: 'https://elsewhere.example/' } })
    expect(await sealed()).toBeUndefined()
  })

  test('PUT takes away what it does not name (8.1.1.4)', async () => {
    const made = await make({ ...toSink({ authorization_header: 'x' }), events_requested: [ALL[0]], description: 'a' })
    const id = made.stream_id
    const { status, body } = await as(shop)('PUT', '/ssf/streams', { stream_id: id, events_requested: [ALL[2]] })
    expect(status).toBe(200)
    const delivery = { method: POLL, endpoint_url: `${service.issuer}/ssf/poll/${id}` }
    const { description: _, ...rest } = made
    expect(body).toEqual({ ...rest, events_requested: [ALL[2]], events_delivered: [ALL[2]], delivery })
    expect((await service.store.streams.find(TENANT, String(id)))?.sealed).toBeUndefined()
  })

  test.each(['PATCH', 'PUT'])(
    '%s may repeat what is ours, as it was before the change, and change none of it',
    async (method) => {
      const made = await make()
      const ours = {
        stream_id: made.stream_id,
        iss: made.iss,
        aud: made.aud,
        events_supported: ALL,
        events_delivered: ALL,
      }
      const whole = await as(shop)(method, '/ssf/streams', { ...made, ...ours, events_requested: [ALL[0]] })
      expect([whole.status, whole.body.events_delivered]).toEqual([200, [ALL[0]]])
      for (const wrong of [
        { iss: 'https://elsewhere.example' },
        { aud: 'crm' },
        { events_supported: [] },
        { events_delivered: ALL },
        { min_verification_interval: 1 },
      ]) {
        const { status, body } = await as(shop)(method, '/ssf/streams', { stream_id: made.stream_id, ...wrong })
        expect([wrong, status, body.error]).toEqual([wrong, 400, 'invalid_request'])
      }
      expect((await as(shop)(method, '/ssf/streams', { description: 'x' })).status).toBe(400)
      expect((await read(made.stream_id)).events_delivered).toEqual([ALL[0]])
    },
  )

  test('of many changes at once each is whole, and who was too late is told so', async () => {
    const { stream_id: id } = await make()
    const changes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        as(shop)('PUT', '/ssf/streams', { stream_id: id, events_requested: [ALL[index % 4]], description: `${index}` }),
      ),
    )
    const statuses = changes.map(({ status }) => status)
    expect(statuses).toContain(200)
    expect(statuses.every((status) => status === 200 || status === 409)).toBe(true)
    const { description, events_delivered } = await read(id)
    expect(events_delivered).toEqual([ALL[Number(description) % 4]])
  })
})

describe('a stream is deleted (8.1.1.5)', () => {
  test('204, and it is not there any more, with all that waited for it and its status', async () => {
    const { stream_id: id } = await make()
    await as(shop)('POST', '/ssf/verify', { stream_id: id })
    await as(shop)('POST', '/ssf/status', { stream_id: id, status: 'paused' })
    expect(await service.store.outbox.waiting(TENANT, `stream:${id}`)).toBe(1)
    const answer = await as(shop)('DELETE', `/ssf/streams?stream_id=${id}`)
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([204, 'no-store'])
    expect(await service.store.outbox.waiting(TENANT, `stream:${id}`)).toBe(0)
    expect(await service.store.outbox.status(TENANT, `stream:${id}`)).toBeUndefined()
    for (const [method, path, json] of endpoints(String(id)))
      expect([method, path, (await as(shop)(method, path, json)).status]).toEqual([method, path, 404])
    expect((await as(shop)('DELETE', '/ssf/streams')).status).toBe(400)
  })

  test('it ends with its client', async () => {
    const gone = await addReceiver(service, 'gone')
    tokens.set('gone', await clientToken(service.issuer, gone, 'ssf.manage'))
    const { stream_id: id } = await make({}, gone)
    await service.store.clients.delete(TENANT, 'gone')
    expect(await service.store.streams.find(TENANT, String(id))).toBeUndefined()
  })
})

const endpoints = (id: string): [string, string, object?][] => [
  ['GET', `/ssf/streams?stream_id=${id}`],
  ['PATCH', '/ssf/streams', { stream_id: id, description: 'x' }],
  ['PUT', '/ssf/streams', { stream_id: id }],
  ['GET', `/ssf/status?stream_id=${id}`],
  ['POST', '/ssf/status', { stream_id: id, status: 'disabled' }],
  ['POST', '/ssf/verify', { stream_id: id }],
  ['POST', `/ssf/poll/${id}`, { returnImmediately: true }],
  ['DELETE', `/ssf/streams?stream_id=${id}`],
]

describe('who may (decided by `signal`)', () => {
  test('another client neither reads nor changes it: 403; nobody does without a token: 401', async () => {
    const made = await make()
    for (const [method, path, json] of endpoints(String(made.stream_id))) {
      const { status, body } = await as(other)(method, path, json)
      expect([method, path, status, body.error]).toEqual([method, path, 403, 'insufficient_scope'])
      expect((await callWith(service.issuer, 'nobody')(method, path, json)).status).toBe(401)
    }
    expect((await callWith(service.issuer, 'nobody')('POST', '/ssf/streams', {})).status).toBe(401)
    expect(await read(made.stream_id)).toEqual(made)
  })

  test('ssf.read makes, changes and deletes none', async () => {
    const reader = callWith(service.issuer, await clientToken(service.issuer, shop, 'ssf.read'))
    const { stream_id: id } = await make()
    expect((await reader('POST', '/ssf/streams', {})).status).toBe(403)
    for (const [method, path, json] of endpoints(String(id))) {
      const reads = method === 'GET' || path.includes('poll')
      expect([method, path, (await reader(method, path, json)).status]).toEqual([method, path, reads ? 200 : 403])
    }
  })

  test('what the configuration made is not changed here: 403', async () => {
    for (const [method, path, json] of endpoints('fixed').filter(([one]) => /PATCH|PUT|DELETE/.test(one)))
      expect([method, (await as(shop)(method, path, json)).status]).toEqual([method, 403])
    expect((await as(shop)('GET', '/ssf/status?stream_id=fixed')).status).toBe(200)
  })

  test('what was made, changed and deleted is in the audit log, by whom', async () => {
    const { stream_id: id } = await make(toSink())
    await as(shop)('PUT', '/ssf/streams', { stream_id: id })
    await as(shop)('DELETE', `/ssf/streams?stream_id=${id}`)
    const of = service.audits.filter(({ resource }) => resource === `stream:${id}`)
    expect(of.map(({ event, client_id, detail }) => [event, client_id, detail])).toEqual([
      ['stream_created', 'shop', 'push'],
      ['stream_configured', 'shop', 'poll'],
      ['stream_deleted', 'shop', undefined],
    ])
    for (const { decision_id } of of) expect(decision_id).toBeTruthy()
  })
})

describe('what is sent over it', () => {
  test('polled: events of the types that it carries, acknowledged and gone (RFC 8936 2)', async () => {
    const { stream_id: id } = await make({ events_requested: [ALL[0]] })
    const { stream_id: deaf } = await make({ events_requested: [ALL[2]] })
    await revokeOne()
    const [told, ...more] = await polled(id)
    expect([told?.type, told?.claims.aud, more]).toEqual(['session-revoked', 'shop', []])
    expect(await polled(deaf)).toEqual([])
    await as(shop)('POST', `/ssf/poll/${id}`, { maxEvents: 0, ack: [told?.claims.jti] })
    expect(await polled(id)).toEqual([])
  })

  test('pushed, with the credential of its client, and by another one once that is turned (RFC 8935 2.1)', async () => {
    const { stream_id: id } = await make(toSink({ authorization_header: 'Bearer one' }))
    await revokeOne()
    await until(async () => sink.kept.length === 1, 'one is pushed')
    const set = await verifySet(service.issuer, sink.kept[0]?.body ?? '', 'shop')
    expect([set.type, sink.kept[0]?.headers.authorization]).toEqual(['session-revoked', 'Bearer one'])
    await as(shop)('PATCH', '/ssf/streams', { stream_id: id, ...toSink({ authorization_header: 'Bearer two' }) })
    await as(shop)('POST', '/ssf/verify', { stream_id: id, state: 's' })
    await until(async () => sink.kept.length === 2, 'another is pushed')
    const verification = await verifySet(service.issuer, sink.kept[1]?.body ?? '', 'shop')
    expect([verification.type, verification.event, verification.claims.sub_id]).toEqual([
      'verification',
      { state: 's' },
      { format: 'opaque', id },
    ])
    expect(sink.kept[1]?.headers.authorization).toBe('Bearer two')
  })

  test('what waited to be fetched is pushed once it is turned to push; what is pushed in vain is fetched the other way', async () => {
    const { stream_id: id } = await make()
    await revokeOne()
    const [waits] = await polled(id)
    await as(shop)('PATCH', '/ssf/streams', { stream_id: id, ...toSink() })
    await until(async () => sink.kept.length === 1, 'it is pushed')
    expect((await verifySet(service.issuer, sink.kept[0]?.body ?? '', 'shop')).claims.jti).toBe(waits?.claims.jti)

    sink.feel(500)
    await as(shop)('POST', '/ssf/verify', { stream_id: id, state: 'x' })
    await until(async () => sink.asked > 1, 'it is pushed in vain')
    expect((await as(shop)('POST', `/ssf/poll/${id}`, {})).status).toBe(404)
    await as(shop)('PUT', '/ssf/streams', { stream_id: id })
    expect((await polled(id)).map(({ event }) => event.state)).toEqual(['x'])
  })

  test('one receiver that never answers holds up no other', async () => {
    const slow = await startEventSink(certificates, 202)
    slow.feel('hang')
    await make({ delivery: { method: PUSH, endpoint_url: slow.url } })
    await make(toSink())
    for (let index = 0; index < 6; index += 1) await revokeOne()
    await until(async () => sink.kept.length === 6, 'the other one has all')
    expect([slow.kept.length, slow.asked]).toEqual([0, 4])
    await slow.shut()
  })

  test('paused, events wait; its status is its own (8.1.2)', async () => {
    const { stream_id: id } = await make(toSink())
    const change = (status: string) => as(shop)('POST', '/ssf/status', { stream_id: id, status })
    expect((await as(shop)('GET', `/ssf/status?stream_id=${id}`)).body).toEqual({ stream_id: id, status: 'enabled' })
    await change('paused')
    await revokeOne()
    await settled()
    expect([sink.kept.length, await service.store.outbox.waiting(TENANT, `stream:${id}`)]).toEqual([0, 1])
    await change('enabled')
    await until(async () => sink.kept.length === 1, 'it is pushed')
  })

  test('from then on its client’s ID tokens name sessions, so that it knows which one has ended', async () => {
    const app = await addReceiver(service, 'app', {
      redirectUris: [REDIRECT_URI],
      grantTypes: ['authorization_code', 'client_credentials'],
      scopes: ['openid', 'ssf.manage'],
      audience: ['urn:sallyport:default', 'urn:sallyport:platform'],
      firstParty: true,
    })
    tokens.set('app', await clientToken(service.issuer, app, 'ssf.manage'))
    const sid = async () =>
      decodeJwt(String((await signIn(service, new Browser(service.issuer), app, 'openid')).id_token)).sid
    expect(await sid()).toBeUndefined()
    await make({}, app)
    expect(await sid()).toEqual(expect.any(String))
  })
})

test('to a name that leads to a private address nothing is sent, and audit says so (SSRF; checklist 48)', async () => {
  const own = await startAuthService({
    service: {
      clientsReach: { allow: [], unlisted: 'public' },
      signals: { ...QUICK, receivers: [], managed: true, attempts: 2 },
    },
  })
  const client = await addReceiver(own, 'ssrf')
  const call = callWith(own.issuer, await clientToken(own.issuer, client, 'ssf.manage'))
  const to = (address: string) =>
    call('POST', '/ssf/streams', { delivery: { method: PUSH, endpoint_url: `https://${address}/` } })
  for (const address of ['10.0.0.1', '127.1', '[::ffff:192.168.0.1]', '0xa9fea9fe'])
    expect([address, (await to(address)).status]).toEqual([address, 400])
  expect((await to('93.184.216.34')).status).toBe(201)
  const { body } = await call('POST', '/ssf/streams', toSink())
  await call('POST', '/ssf/verify', { stream_id: body.stream_id })
  const asked = sink.asked
  const said = () => own.audits.filter(({ event }) => event === 'signal_not_delivered')
  await until(async () => said().length > 0, 'it is given up')
  expect([said().map(({ detail }) => detail), sink.asked]).toEqual([['denied'], asked])
  await own.close()
})

test('the discovery document advertises what is there, and each address of it answers (7.1)', async () => {
  const { body } = await callWith(service.issuer, '')('GET', '/.well-known/ssf-configuration')
  expect(body).toEqual({
    spec_version: '1_0',
    issuer: service.issuer,
    jwks_uri: `${service.issuer}/oauth/jwks`,
    delivery_methods_supported: [PUSH, POLL],
    configuration_endpoint: `${service.issuer}/ssf/streams`,
    status_endpoint: `${service.issuer}/ssf/status`,
    verification_endpoint: `${service.issuer}/ssf/verify`,
    authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }],
    default_subjects: 'ALL',
    critical_subject_members: ['user', 'session'],
  })
  for (const method of ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'])
    expect([method, (await fetch(String(body.configuration_endpoint), { method })).status]).toEqual([method, 401])
})

test('where the configuration lets nobody make streams, none is made, and of delivery only what it uses is told', async () => {
  const receivers = [{ kind: 'stream', name: 'test', clientId: 'receiver', delivery: { method: 'poll' } }] as const
  const own = await startAuthService({ service: { signals: { ...QUICK, receivers } } })
  const call = callWith(own.issuer, await clientToken(own.issuer, own.population.receiver, 'ssf.manage'))
  expect((await call('POST', '/ssf/streams', {})).status).toBe(405)
  expect((await call('GET', '/.well-known/ssf-configuration')).body.delivery_methods_supported).toEqual([POLL])
  await own.close()
})
