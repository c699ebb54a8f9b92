/** Streams that the operator configured, as the clients that they are for read and change them. OpenID SSF 1.0 7.1 and 8.1. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { TestService } from '../servers/auth-service.ts'
import type { EventSink } from '../servers/event-sink.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { CAEP, callWith } from './security-events.ts'
import { type Streams, startStreams } from './told-by-streams.ts'

const ALL = ['session-revoked', 'credential-change', 'token-claims-change', 'assurance-level-change'].map(
  (type) => `${CAEP}/${type}`,
)

let streams: Streams
let service: TestService
let sink: EventSink
let shop: TestClient
let crm: TestClient
let monitor: TestClient
let stranger: TestClient

beforeAll(async () => {
  streams = await startStreams()
  ;({ service, sink, shop, crm, monitor, stranger } = streams)
})
afterAll(() => streams?.close())
beforeEach(() => streams.clear())

describe('configured streams as their clients manage them (SSF 1.0 8.1)', () => {
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
    const { body } = await streams.as(shop)('GET', '/ssf/streams')
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
    const own = await streams.as(crm)('GET', '/ssf/streams?stream_id=crm')
    expect(own.body.delivery).toEqual({ method: 'urn:ietf:rfc:8935', endpoint_url: sink.url })
    expect(JSON.stringify(own.body)).not.toContain('let-me-in')
    expect((await streams.as(monitor)('GET', '/ssf/streams?stream_id=monitor')).body.events_delivered).toEqual([
      `${CAEP}/session-revoked`,
    ])
  })

  test('paused, events wait and are told once it goes on; disabled, they are not kept (8.1.2)', async () => {
    const change = (status: string) =>
      streams.as(shop)('POST', '/ssf/status', { stream_id: 'shop', status, reason: 'maintenance' })
    expect((await streams.as(shop)('GET', '/ssf/status?stream_id=shop')).body).toEqual({
      stream_id: 'shop',
      status: 'enabled',
    })
    expect((await change('paused')).body).toEqual({ stream_id: 'shop', status: 'paused', reason: 'maintenance' })
    await streams.endOne(shop)
    expect(await streams.polled(shop)).toEqual([])
    expect((await change('enabled')).status).toBe(200)
    expect(await streams.polled(shop)).toHaveLength(1)

    await change('disabled')
    await streams.endOne(shop)
    await streams.settled()
    const refused = await streams.as(shop)('POST', '/ssf/verify', { stream_id: 'shop' })
    expect([refused.status, refused.body.error]).toEqual([400, 'invalid_request'])
    await change('enabled')
    expect(await streams.polled(shop)).toEqual([])
    expect((await change('on fire')).status).toBe(400)
  })

  test('a paused push stream is not pushed to, and goes on by itself', async () => {
    const change = (status: string) => streams.as(crm)('POST', '/ssf/status', { stream_id: 'crm', status })
    await change('paused')
    await streams.endOne(crm)
    await streams.settled()
    expect([sink.kept.length, await service.store.outbox.waiting(TENANT, 'stream:crm')]).toEqual([0, 1])
    await change('enabled')
    await streams.pushed(1)
  })

  test('a verification event carries the state that was sent, pushed and polled (8.1.4)', async () => {
    for (const [client, id] of [
      [shop, 'shop'],
      [crm, 'crm'],
    ] as const) {
      const answer = await streams.as(client)('POST', '/ssf/verify', {
        stream_id: id,
        state: 'VGhpcyBpcyBhbiBleGFtcGxl',
      })
      expect(answer.status).toBe(204)
    }
    for (const [told] of [await streams.polled(shop), await streams.pushed(1)]) {
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
      const { status, body } = await streams.as(stranger)(method, path, json)
      expect([path, status, body.error]).toEqual([path, 403, 'insufficient_scope'])
    }
    for (const [method, path, json] of endpoints('nowhere'))
      expect([path, (await streams.as(stranger)(method, path, json)).status]).toEqual([path, 404])
    expect((await streams.as(shop)('GET', '/ssf/status?stream_id=shop')).body.status).toBe('enabled')
  })

  test('ssf.read reads and polls, and changes nothing; without a token, or with a person’s, nothing is told', async () => {
    const read = callWith(service.issuer, await clientToken(service.issuer, shop, 'ssf.read'))
    const persons = callWith(service.issuer, String((await streams.signInAt(shop)).access_token))
    for (const [method, path, json] of endpoints('shop')) {
      const changes = method === 'POST' && !path.includes('poll')
      expect([path, (await read(method, path, json)).status]).toEqual([path, changes ? 403 : 200])
      expect([path, (await persons(method, path, json)).status]).toEqual([path, 403])
      expect([path, (await callWith(service.issuer, 'nobody')(method, path, json)).status]).toEqual([path, 401])
    }
  })
})
