/** Streams that receivers make, change and delete by themselves: OpenID Shared Signals Framework 1.0 8.1. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MAX_STREAMS_OF_CLIENT } from '../../src/storage/streams-port.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import type { EventSink } from '../servers/event-sink.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { ALL, endpoints, type ManagedStreams, POLL, PUSH, startManagedStreams } from './managed-streams.ts'
import { callWith, QUICK } from './security-events.ts'

const UNKNOWN = 'https://schemas.openid.net/secevent/risc/event-type/account-disabled'

let streams: ManagedStreams
let service: TestService
let sink: EventSink
let shop: TestClient
let other: TestClient

beforeAll(async () => {
  streams = await startManagedStreams()
  ;({ service, sink, shop, other } = streams)
})
afterAll(() => streams?.close())
beforeEach(() => streams.clear())

describe('a stream is made (SSF 1.0 8.1.1.1)', () => {
  test('of nothing it is polled and carries all; 201 with its whole configuration, which reads the same', async () => {
    const made = await streams.make()
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
    expect(await streams.read(id)).toEqual(made)
    const { body } = await streams.as(shop)('GET', '/ssf/streams')
    expect(body).toEqual([expect.objectContaining({ stream_id: 'fixed' }), made])
    expect((await streams.as(other)('GET', '/ssf/streams')).body).toEqual([])
  })

  test('what is not known of the events asked for is passed over, and shown as asked for (8.1.1)', async () => {
    const made = await streams.make({ events_requested: [ALL[0], UNKNOWN], description: 'x'.repeat(300) })
    expect(made).toMatchObject({ events_requested: [ALL[0], UNKNOWN], events_delivered: [ALL[0]] })
    expect(made.description).toBe('x'.repeat(256))
  })

  test('to be pushed to an address of its own, by a credential that nobody reads (6.1.1)', async () => {
    const made = await streams.make(streams.toSink({ authorization_header: 'Bearer let-me-in' }))
    expect(made.delivery).toEqual({ method: PUSH, endpoint_url: sink.url })
    const stored = await service.store.streams.find(TENANT, String(made.stream_id))
    expect(stored?.sealed).toMatch(/^s1\./)
    expect(
      JSON.stringify([stored, await streams.read(made.stream_id), service.audits, service.decisions()]),
    ).not.toContain('let-me-in')
    expect(service.decisions().map(({ input }) => Object(input).stream)).toContainEqual({
      delivery: 'push',
      host: 'localhost',
      events: ['session_revoked', 'credential_change', 'token_claims_change', 'assurance_level_change'],
    })
  })

  test('as many as a client may have, each under an id of its own, and then 409', async () => {
    const ids = new Set<unknown>()
    for (let index = 0; index < MAX_STREAMS_OF_CLIENT; index += 1) ids.add((await streams.make()).stream_id)
    expect(ids.size).toBe(MAX_STREAMS_OF_CLIENT)
    expect((await streams.as(shop)('POST', '/ssf/streams', {})).status).toBe(409)
    expect((await streams.as(other)('POST', '/ssf/streams', {})).status).toBe(201)
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
    const { status, body } = await streams.as(shop)('POST', '/ssf/streams', json as object)
    expect([status, body.error]).toEqual([400, 'invalid_request'])
    expect(body.error_description).toMatch(/[^.]\.$/)
    expect(await service.store.streams.list(TENANT)).toEqual([])
  })

  test('not JSON at all: 400', async () => {
    const headers = { authorization: `Bearer ${streams.token(shop)}`, 'content-type': 'application/json' }
    for (const method of ['POST', 'PATCH', 'PUT'])
      expect((await fetch(`${service.issuer}/ssf/streams`, { method, headers, body: '{"x":' })).status).toBe(400)
  })
})

describe('a stream is changed', () => {
  test('PATCH changes what it names, and leaves the rest (8.1.1.3)', async () => {
    const made = await streams.make({
      ...streams.toSink({ authorization_header: 'Bearer one' }),
      events_requested: [ALL[0]],
      description: 'a',
    })
    const id = made.stream_id
    const patch = (json: object) => streams.as(shop)('PATCH', '/ssf/streams', { stream_id: id, ...json })
    const { status, body } = await patch({ events_requested: [ALL[1]] })
    expect([status, body]).toEqual([200, { ...made, events_requested: [ALL[1]], events_delivered: [ALL[1]] }])
    expect(await streams.read(id)).toEqual(body)
    // Its credential goes on to the same address, and to no other.
    const sealed = async () => (await service.store.streams.find(TENANT, String(id)))?.sealed
    const before = await sealed()
    await patch({ ...streams.toSink(), description: 'b' })
    expect([await sealed(), (await streams.read(id)).description]).toEqual([before, 'b'])
    await patch({ delivery: { method: PUSH, endpoint_url: 'https://elsewhere.example/' } })
    expect(await sealed()).toBeUndefined()
  })

  test('PUT takes away what it does not name (8.1.1.4)', async () => {
    const made = await streams.make({
      ...streams.toSink({ authorization_header: 'x' }),
      events_requested: [ALL[0]],
      description: 'a',
    })
    const id = made.stream_id
    const { status, body } = await streams.as(shop)('PUT', '/ssf/streams', {
      stream_id: id,
      events_requested: [ALL[2]],
    })
    expect(status).toBe(200)
    const delivery = { method: POLL, endpoint_url: `${service.issuer}/ssf/poll/${id}` }
    const { description: _, ...rest } = made
    expect(body).toEqual({ ...rest, events_requested: [ALL[2]], events_delivered: [ALL[2]], delivery })
    expect((await service.store.streams.find(TENANT, String(id)))?.sealed).toBeUndefined()
  })

  test.each(['PATCH', 'PUT'])(
    '%s may repeat what is ours, as it was before the change, and change none of it',
    async (method) => {
      const made = await streams.make()
      const ours = {
        stream_id: made.stream_id,
        iss: made.iss,
        aud: made.aud,
        events_supported: ALL,
        events_delivered: ALL,
      }
      const whole = await streams.as(shop)(method, '/ssf/streams', { ...made, ...ours, events_requested: [ALL[0]] })
      expect([whole.status, whole.body.events_delivered]).toEqual([200, [ALL[0]]])
      for (const wrong of [
        { iss: 'https://elsewhere.example' },
        { aud: 'crm' },
        { events_supported: [] },
        { events_delivered: ALL },
        { min_verification_interval: 1 },
      ]) {
        const { status, body } = await streams.as(shop)(method, '/ssf/streams', { stream_id: made.stream_id, ...wrong })
        expect([wrong, status, body.error]).toEqual([wrong, 400, 'invalid_request'])
      }
      expect((await streams.as(shop)(method, '/ssf/streams', { description: 'x' })).status).toBe(400)
      expect((await streams.read(made.stream_id)).events_delivered).toEqual([ALL[0]])
    },
  )

  test('of many changes at once each is whole, and who was too late is told so', async () => {
    const { stream_id: id } = await streams.make()
    const changes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        streams.as(shop)('PUT', '/ssf/streams', {
          stream_id: id,
          events_requested: [ALL[index % 4]],
          description: `${index}`,
        }),
      ),
    )
    const statuses = changes.map(({ status }) => status)
    expect(statuses).toContain(200)
    expect(statuses.every((status) => status === 200 || status === 409)).toBe(true)
    const { description, events_delivered } = await streams.read(id)
    expect(events_delivered).toEqual([ALL[Number(description) % 4]])
  })
})

describe('a stream is deleted (8.1.1.5)', () => {
  test('204, and it is not there any more, with all that waited for it and its status', async () => {
    const { stream_id: id } = await streams.make()
    await streams.as(shop)('POST', '/ssf/verify', { stream_id: id })
    await streams.as(shop)('POST', '/ssf/status', { stream_id: id, status: 'paused' })
    expect(await service.store.outbox.waiting(TENANT, `stream:${id}`)).toBe(1)
    const answer = await streams.as(shop)('DELETE', `/ssf/streams?stream_id=${id}`)
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([204, 'no-store'])
    expect(await service.store.outbox.waiting(TENANT, `stream:${id}`)).toBe(0)
    expect(await service.store.outbox.status(TENANT, `stream:${id}`)).toBeUndefined()
    for (const [method, path, json] of endpoints(String(id)))
      expect([method, path, (await streams.as(shop)(method, path, json)).status]).toEqual([method, path, 404])
    expect((await streams.as(shop)('DELETE', '/ssf/streams')).status).toBe(400)
  })

  test('it ends with its client', async () => {
    const gone = await streams.add('gone')
    const { stream_id: id } = await streams.make({}, gone)
    await service.store.clients.delete(TENANT, 'gone')
    expect(await service.store.streams.find(TENANT, String(id))).toBeUndefined()
  })
})

describe('who may (decided by `signal`)', () => {
  test('another client neither reads nor changes it: 403; nobody does without a token: 401', async () => {
    const made = await streams.make()
    for (const [method, path, json] of endpoints(String(made.stream_id))) {
      const { status, body } = await streams.as(other)(method, path, json)
      expect([method, path, status, body.error]).toEqual([method, path, 403, 'insufficient_scope'])
      expect((await callWith(service.issuer, 'nobody')(method, path, json)).status).toBe(401)
    }
    expect((await callWith(service.issuer, 'nobody')('POST', '/ssf/streams', {})).status).toBe(401)
    expect(await streams.read(made.stream_id)).toEqual(made)
  })

  test('ssf.read makes, changes and deletes none', async () => {
    const reader = callWith(service.issuer, await clientToken(service.issuer, shop, 'ssf.read'))
    const { stream_id: id } = await streams.make()
    expect((await reader('POST', '/ssf/streams', {})).status).toBe(403)
    for (const [method, path, json] of endpoints(String(id))) {
      const reads = method === 'GET' || path.includes('poll')
      expect([method, path, (await reader(method, path, json)).status]).toEqual([method, path, reads ? 200 : 403])
    }
  })

  test('what the configuration made is not changed here: 403', async () => {
    for (const [method, path, json] of endpoints('fixed').filter(([one]) => /PATCH|PUT|DELETE/.test(one)))
      expect([method, (await streams.as(shop)(method, path, json)).status]).toEqual([method, 403])
    expect((await streams.as(shop)('GET', '/ssf/status?stream_id=fixed')).status).toBe(200)
  })

  test('what was made, changed and deleted is in the audit log, by whom', async () => {
    const { stream_id: id } = await streams.make(streams.toSink())
    await streams.as(shop)('PUT', '/ssf/streams', { stream_id: id })
    await streams.as(shop)('DELETE', `/ssf/streams?stream_id=${id}`)
    const of = service.audits.filter(({ resource }) => resource === `stream:${id}`)
    expect(of.map(({ event, client_id, detail }) => [event, client_id, detail])).toEqual([
      ['stream_created', 'shop', 'push'],
      ['stream_configured', 'shop', 'poll'],
      ['stream_deleted', 'shop', undefined],
    ])
    for (const { decision_id } of of) expect(decision_id).toBeTruthy()
  })
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
