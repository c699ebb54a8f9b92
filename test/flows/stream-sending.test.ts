/**
 * What is sent over streams that receivers made by themselves, to HTTPS servers and by poll: OpenID Shared Signals Framework
 * 1.0 8.1, RFC 8935, RFC 8936.
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { type EventSink, startEventSink } from '../servers/event-sink.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import { ALL, type ManagedStreams, OF_PEOPLE, PUSH, startManagedStreams } from './managed-streams.ts'
import { addReceiver, callWith, QUICK, verifySet } from './security-events.ts'
import { signIn } from './signed-in.ts'

let streams: ManagedStreams
let service: TestService
let sink: EventSink
let shop: TestClient

beforeAll(async () => {
  streams = await startManagedStreams()
  ;({ service, sink, shop } = streams)
})
afterAll(() => streams?.close())
beforeEach(() => streams.clear())

describe('what is sent over it', () => {
  test('polled: events of the types that it carries, acknowledged and gone (RFC 8936 2)', async () => {
    const { stream_id: id } = await streams.make({ events_requested: [ALL[0]] })
    const { stream_id: deaf } = await streams.make({ events_requested: [ALL[2]] })
    await streams.revokeOne()
    const [told, ...more] = await streams.polled(id)
    expect([told?.type, told?.claims.aud, more]).toEqual(['session-revoked', 'shop', []])
    expect(await streams.polled(deaf)).toEqual([])
    await streams.as(shop)('POST', `/ssf/poll/${id}`, { maxEvents: 0, ack: [told?.claims.jti] })
    expect(await streams.polled(id)).toEqual([])
  })

  test('pushed, with the credential of its client, and by another one once that is turned (RFC 8935 2.1)', async () => {
    const { stream_id: id } = await streams.make(streams.toSink({ authorization_header: 'Bearer one' }))
    await streams.revokeOne()
    await until(async () => sink.kept.length === 1, 'one is pushed')
    const set = await verifySet(service.issuer, sink.kept[0]?.body ?? '', 'shop')
    expect([set.type, sink.kept[0]?.headers.authorization]).toEqual(['session-revoked', 'Bearer one'])
    await streams.as(shop)('PATCH', '/ssf/streams', {
      stream_id: id,
      ...streams.toSink({ authorization_header: 'Bearer two' }),
    })
    await streams.as(shop)('POST', '/ssf/verify', { stream_id: id, state: 's' })
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
    const { stream_id: id } = await streams.make()
    await streams.revokeOne()
    const [waits] = await streams.polled(id)
    await streams.as(shop)('PATCH', '/ssf/streams', { stream_id: id, ...streams.toSink() })
    await until(async () => sink.kept.length === 1, 'it is pushed')
    expect((await verifySet(service.issuer, sink.kept[0]?.body ?? '', 'shop')).claims.jti).toBe(waits?.claims.jti)

    sink.feel(500)
    await streams.as(shop)('POST', '/ssf/verify', { stream_id: id, state: 'x' })
    await until(async () => sink.asked > 1, 'it is pushed in vain')
    expect((await streams.as(shop)('POST', `/ssf/poll/${id}`, {})).status).toBe(404)
    await streams.as(shop)('PUT', '/ssf/streams', { stream_id: id })
    expect((await streams.polled(id)).map(({ event }) => event.state)).toEqual(['x'])
  })

  test('one receiver that never answers holds up no other', async () => {
    const slow = await startEventSink(streams.certificates, 202)
    slow.feel('hang')
    await streams.make({ delivery: { method: PUSH, endpoint_url: slow.url } })
    await streams.make(streams.toSink())
    for (let index = 0; index < 6; index += 1) await streams.revokeOne()
    await until(async () => sink.kept.length === 6, 'the other one has all')
    expect([slow.kept.length, slow.asked]).toEqual([0, 4])
    await slow.shut()
  })

  test('paused, events wait; its status is its own (8.1.2)', async () => {
    const { stream_id: id } = await streams.make(streams.toSink())
    const change = (status: string) => streams.as(shop)('POST', '/ssf/status', { stream_id: id, status })
    expect((await streams.as(shop)('GET', `/ssf/status?stream_id=${id}`)).body).toEqual({
      stream_id: id,
      status: 'enabled',
    })
    await change('paused')
    await streams.revokeOne()
    await streams.settled()
    expect([sink.kept.length, await service.store.outbox.waiting(TENANT, `stream:${id}`)]).toEqual([0, 1])
    await change('enabled')
    await until(async () => sink.kept.length === 1, 'it is pushed')
  })

  test('from then on its client’s ID tokens name sessions, so that it knows which one has ended', async () => {
    const app = await streams.add('app', OF_PEOPLE)
    const sid = async () =>
      decodeJwt(String((await signIn(service, new Browser(service.issuer), app, 'openid')).id_token)).sid
    expect(await sid()).toBeUndefined()
    await streams.make({}, app)
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
  const { body } = await call('POST', '/ssf/streams', streams.toSink())
  await call('POST', '/ssf/verify', { stream_id: body.stream_id })
  const asked = sink.asked
  const said = () => own.audits.filter(({ event }) => event === 'signal_not_delivered')
  await until(async () => said().length > 0, 'it is given up')
  expect([said().map(({ detail }) => detail), sink.asked]).toEqual([['denied'], asked])
  await own.close()
})
