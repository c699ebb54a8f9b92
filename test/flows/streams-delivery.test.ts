/** How Security Event Tokens reach a client: polled (RFC 8936 2) and pushed (RFC 8935 2). */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import type { EventSink } from '../servers/event-sink.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { until } from '../servers/redis.ts'
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
})
