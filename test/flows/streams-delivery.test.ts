/** How Security Event Tokens reach a client: polled (RFC 8936 2) and pushed (RFC 8935 2). */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { StreamReceiver } from '../../src/auth/signals/receivers.ts'
import { createLogger } from '../../src/observability/logger.ts'
import type { TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import type { EventSink } from '../servers/event-sink.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import { callWith, startWithReceivers, verifySet } from './security-events.ts'
import { type Streams, setsOf, startStreams } from './told-by-streams.ts'

let streams: Streams
let service: TestService
let sink: EventSink
let shop: TestClient
let crm: TestClient

beforeAll(async () => {
  streams = await startStreams()
  ;({ service, sink, shop, crm } = streams)
})
afterAll(() => streams?.close())
beforeEach(() => streams.clear())

describe('poll (RFC 8936 2)', () => {
  const three = async () => {
    for (let index = 0; index < 3; index += 1) await streams.endOne(shop)
    await streams.settled()
  }

  test('gives again what was not acknowledged, under the same jti, and never what was', async () => {
    await three()
    const first = setsOf(await streams.poll(shop, { returnImmediately: true, maxEvents: 2 }))
    const jtis = Object.keys(first)
    expect(jtis).toHaveLength(2)
    for (const [jti, set] of Object.entries(first)) expect(decodeJwt(set).jti).toBe(jti)
    expect(Object.keys(setsOf(await streams.poll(shop, { returnImmediately: true, maxEvents: 2 })))).toEqual(jtis)
    const rest = await streams.poll(shop, { returnImmediately: true, ack: jtis })
    expect(Object.keys(setsOf(rest))).toHaveLength(1)
    expect(rest.body.moreAvailable).toBeUndefined()
    await streams.poll(shop, { returnImmediately: true, ack: Object.keys(setsOf(rest)) })
    expect((await streams.poll(shop)).body).toEqual({ sets: {} })
  })

  test('says that there is more, and with maxEvents 0 only acknowledges (2.2, 2.3)', async () => {
    await three()
    const { body } = await streams.poll(shop, { returnImmediately: true, maxEvents: 1 })
    expect(body.moreAvailable).toBe(true)
    const ack = Object.keys(Object(body.sets))
    expect((await streams.poll(shop, { maxEvents: 0, ack })).body).toEqual({ sets: {}, moreAvailable: true })
    expect(Object.keys(setsOf(await streams.poll(shop)))).toHaveLength(2)
  })

  test('what the receiver cannot take is forgotten, and audit says so, in words of the RFC alone (2.6)', async () => {
    await three()
    const [bad = '', odd = '', good = ''] = Object.keys(setsOf(await streams.poll(shop)))
    const setErrs = {
      [bad]: { err: 'invalid_key', description: 'unknown kid' },
      [odd]: { err: 'x'.repeat(50), description: 'alice@example.com' },
    }
    const { body } = await streams.poll(shop, { returnImmediately: true, setErrs, ack: [good, 'never-heard-of'] })
    expect(body).toEqual({ sets: {} })
    const said = service.audits.filter(({ event }) => event === 'signal_not_delivered')
    expect(said.map(({ detail, client_id }) => [detail, client_id])).toEqual([
      ['invalid_key', 'shop'],
      ['other', 'shop'],
    ])
  })

  test('waits for an event unless it is to return at once (2.2)', async () => {
    expect((await streams.poll(shop)).body).toEqual({ sets: {} })
    const browser = new Browser(service.issuer)
    const own = await streams.signInAt(shop, browser)
    const waiting = streams.poll(shop, {})
    await streams.signOut(browser, own)
    const [set = ''] = Object.values(setsOf(await waiting))
    expect((await verifySet(service.issuer, set, 'shop')).type).toBe('session-revoked')
  })

  test('of many that wait at once only some are kept waiting, and each that waits hears of the event', async () => {
    const waiting = Array.from({ length: 6 }, () => streams.poll(shop, {}))
    // Two of them found four waiting.
    const first = await Promise.race(waiting)
    expect(first.body).toEqual({ sets: {} })
    await streams.endOne(shop)
    const answers = await Promise.all(waiting)
    expect(answers.filter((answer) => Object.keys(setsOf(answer)).length > 0).length).toBeGreaterThanOrEqual(4)
  })

  test('who waits is answered when the service ends, and the service ends at once', async () => {
    const own = await startWithReceivers(streams.certificates, {
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
    const answer = await streams.poll(shop, json as object)
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
  })
})

describe('push (RFC 8935 2)', () => {
  const toSink = (name: string, clientId: string): StreamReceiver => ({
    kind: 'stream',
    name,
    clientId,
    delivery: {
      method: 'push',
      url: new URL(`${sink.url}/in-the-path?token=in-the-query`),
      authorization: async () => 'Bearer let-me-in',
    },
  })
  const left = () => service.store.outbox.waiting(TENANT, 'stream:crm')

  test('posts the token with the receiver’s own credential', async () => {
    await streams.endOne(crm)
    await streams.pushed(1)
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
    await streams.endOne(crm)
    await until(async () => sink.asked >= before + 2 && (await left()) === 0, 'it is taken')
    const jtis = (await streams.pushed(1)).map(({ claims }) => claims.jti)
    expect(new Set(jtis).size).toBe(1)
  })

  test('gives up what the receiver finds wrong for good, and audit says so (2.4)', async () => {
    const before = service.audits.length
    sink.feel([400, { err: 'invalid_audience', description: 'not me' }])
    await streams.endOne(crm)
    await until(
      async () => service.audits.slice(before).some(({ event }) => event === 'signal_not_delivered'),
      'given up',
    )
    expect(await left()).toBe(0)
  })

  test('leaves a receiver alone for as long as it asks, with all that waits for it (RFC 9110 10.2.3)', async () => {
    const own = await startWithReceivers(streams.certificates, { receivers: [toSink('test', 'receiver')] })
    const call = callWith(own.issuer, await clientToken(own.issuer, own.population.receiver, 'ssf.manage'))
    const verify = (state: string) => call('POST', '/ssf/verify', { stream_id: 'test', state })
    const waiting = () => own.store.outbox.peek(TENANT, 'stream:test', 10)
    const before = sink.asked
    sink.feel([503, {}, { 'retry-after': '1800' }], 202)
    await verify('one')
    await until(async () => (await waiting())[0]?.attempts === 1, 'it was asked once')
    await verify('two')
    expect([sink.asked - before, (await waiting()).length]).toEqual([1, 2])
    own.advance(1801 + 180)
    await until(async () => (await waiting()).length === 0, 'both are taken')
    const sets = await Promise.all(sink.kept.map(({ body }) => verifySet(own.issuer, body, 'receiver')))
    expect(sets.map(({ event }) => event.state).toSorted()).toEqual(['one', 'two'])
    await own.close()
  })

  test('what is given up is logged without the token, the receiver’s credential or its address', async () => {
    const lines: string[] = []
    const logger = createLogger({ level: 'trace', destination: { write: (line) => void lines.push(line) } })
    const receivers = [toSink('test', 'receiver')]
    const own = await startWithReceivers(streams.certificates, { receivers, attempts: 2 }, { logger })
    const call = callWith(own.issuer, await clientToken(own.issuer, own.population.receiver, 'ssf.manage'))
    sink.feel([500, { said: 'by-the-receiver' }])
    await call('POST', '/ssf/verify', { stream_id: 'test', state: 'of-the-receiver' })
    const said = () => own.audits.filter(({ event }) => event === 'signal_not_delivered')
    await until(async () => said().length > 0, 'it is given up')
    const errors = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 50)
    expect(errors).toEqual([
      expect.objectContaining({ receiver: 'stream:test', event: 'verification', outcome: 'refused' }),
    ])
    const secrets = /let-me-in|in-the-path|in-the-query|by-the-receiver|of-the-receiver|ey[\w-]{20,}\./
    expect([...lines, JSON.stringify(said())].join()).not.toMatch(secrets)
    await own.close()
  })
})
