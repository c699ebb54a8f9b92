/**
 * Security events by webhook, to HTTPS servers that fail, are slow or away and come back: each event arrives at least once,
 * signed so that a library we did not write verifies it. Standard Webhooks 1.0.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Receiver, WebhookReceiver } from '../../src/auth/signals/receivers.ts'
import type { SignalOptions } from '../../src/auth/signals/service.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { MAX_OUTBOX_TASKS } from '../../src/storage/outbox-port.ts'
import { signedBundle, type TestService, type TestServiceOptions } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { type Certificates, makeCertificates } from '../servers/certificates.ts'
import { type EventSink, type Received, startEventSink } from '../servers/event-sink.ts'
import { TENANT } from '../servers/population.ts'
import { until } from '../servers/until.ts'
import { begin, discover } from './relying-party.ts'
import { post } from './requests.ts'
import { startWithReceivers } from './security-events.ts'
import { signIn } from './signed-in.ts'

const SECRET = Buffer.from('0123456789abcdef0123456789abcdef')
const OTHER = Buffer.from('fedcba9876543210fedcba9876543210')
const whsec = (secret: Uint8Array) => `whsec_${Buffer.from(secret).toString('base64')}`

let folder: string
let certificates: Certificates
let sink: EventSink
let service: TestService | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'webhooks-'))
  certificates = await makeCertificates(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(async () => {
  await service?.close()
  service = undefined
  await sink?.shut()
})

async function start(
  parts: Partial<WebhookReceiver> = {},
  options: Partial<SignalOptions> = {},
  more: TestServiceOptions = {},
): Promise<TestService> {
  sink = await startEventSink(certificates)
  const receiver: Receiver = { kind: 'webhook', name: 'siem', url: new URL(sink.url), secrets: [SECRET], ...parts }
  service = await startWithReceivers(certificates, { receivers: [receiver], ...options }, more)
  return service
}

interface Body {
  readonly id: string
  readonly type: string
  readonly timestamp: string
  readonly tenant: string
  readonly data: Readonly<Record<string, unknown>>
}

const bodies = (kept: readonly Received[] = sink.kept): Body[] => kept.map(({ body }) => JSON.parse(body))
const ofType = (type: string) => bodies().filter((body) => body.type === type)

/** Somebody fails `times` to prove that they are a client: as many events. */
async function fail(times: number): Promise<void> {
  const { issuer, population } = service as TestService
  const wrong = { id: population.web.id, secret: 'x'.repeat(43) }
  for (let index = 0; index < times; index += 1)
    await post({ issuer }, '/oauth/token', wrong, { grant_type: 'client_credentials' })
}

/** The person fails at sign-in. */
async function failSignIn(): Promise<void> {
  const browser = new Browser((service as TestService).issuer)
  const page = await browser.visit(await urlOfSignIn())
  const { userName: username } = (service as TestService).population.user
  await browser.submit(page, { username, password: 'wrong wrong wrong' })
}

async function urlOfSignIn(): Promise<string> {
  const { issuer, population } = service as TestService
  return (await begin(await discover(issuer, population.own), 'openid')).url
}

const left = () => (service as TestService).store.outbox.waiting(TENANT, 'webhook:siem')

describe('what is sent', () => {
  test('names event, time, tenant and person by pseudonym; nothing personal, and no session’s own id', async () => {
    const { audits, population, issuer } = await start()
    await signIn({ issuer, population }, new Browser(issuer), population.own, 'openid')
    await until(async () => ofType('sign_in').length > 0, 'the sign-in is told')
    const [body] = ofType('sign_in') as [Body]
    const event = audits.find((one) => one.event === 'sign_in')
    expect(body).toMatchObject({ tenant: 'default', data: { sub: population.user.sub, request_id: event?.request_id } })
    expect(Math.abs(Date.parse(body.timestamp) - Date.now())).toBeLessThan(60_000)
    expect(JSON.stringify(bodies())).not.toMatch(/alice|@|127\.0\.0\.1/)

    const sids = (await (service as TestService).store.sessions.list(TENANT, {}, 0, 10)).records.map(({ sid }) => sid)
    expect(sids.length).toBeGreaterThan(0)
    for (const sid of sids) expect(JSON.stringify(bodies())).not.toContain(sid)
  })

  test('is verified by a library that we did not write, and not once a byte differs (Standard Webhooks 1.0)', async () => {
    await start()
    await fail(1)
    await until(async () => sink.kept.length > 0, 'a webhook')
    const [{ body, headers }] = sink.kept as [Received]
    const sent = headers as Record<string, string>
    const verified = new Webhook(whsec(SECRET)).verify(body, sent)
    expect(verified).toMatchObject({ type: 'client_authentication_failed', id: sent['webhook-id'] })
    expect(() => new Webhook(whsec(SECRET)).verify(`${body} `, sent)).toThrow()
    expect(() => new Webhook(whsec(OTHER)).verify(body, sent)).toThrow()
    const later = { ...sent, 'webhook-timestamp': String(Number(sent['webhook-timestamp']) + 1) }
    expect(() => new Webhook(whsec(SECRET)).verify(body, later)).toThrow()
  })

  test('is signed by both secrets while one takes the place of the other', async () => {
    await start({ secrets: [OTHER, SECRET] })
    await fail(1)
    await until(async () => sink.kept.length > 0, 'a webhook')
    const [{ body, headers }] = sink.kept as [Received]
    for (const secret of [SECRET, OTHER])
      expect(new Webhook(whsec(secret)).verify(body, headers as Record<string, string>)).toBeTruthy()
  })

  test('is what the list of events names, and nothing else', async () => {
    const { issuer, population } = await start({ events: ['sign_in'] })
    await fail(1)
    await signIn({ issuer, population }, new Browser(issuer), population.own, 'openid')
    await until(async () => sink.kept.length > 0 && (await left()) === 0, 'the sign-in is told')
    expect(bodies().map(({ type }) => type)).toEqual(['sign_in'])
  })
})

describe('a receiver that does not take it gets it again, under the same id', () => {
  test.each([
    ['500', 500],
    ['429', 429],
    ['a redirect, which is not followed', 302],
    ['a broken connection', 'drop'],
    ['an answer that is lost after it was taken', 'lost'],
  ] as const)('after %s', async (_what, mood) => {
    await start()
    sink.feel(mood, mood, 200)
    await fail(1)
    await until(async () => sink.kept.length > 0 && (await left()) === 0, 'it is taken')
    expect(sink.asked).toBe(3)
    expect(new Set(bodies().map(({ id }) => id)).size).toBe(1)
    const signed = sink.kept.map(({ headers }) => headers['webhook-id'])
    expect(new Set(signed).size).toBe(1)
  })

  test('dead for a while: all events of that time arrive once it is back', async () => {
    await start()
    await sink.shut()
    await fail(12)
    await until(async () => (await left()) === 12, 'all wait')
    await sink.open()
    // How long it rests depends on how often it was tried meanwhile.
    await until(async () => (await left()) === 0, 'all are taken', 50_000)
    expect(new Set(ofType('client_authentication_failed').map(({ id }) => id)).size).toBe(12)
  })

  test('one that is slow gets at most four at once, and requests go on meanwhile', async () => {
    await start()
    sink.feel('slow')
    await fail(10)
    expect((await left()) > 0).toBe(true)
    await until(async () => (await left()) === 0, 'all are taken')
    expect(new Set(ofType('client_authentication_failed').map(({ id }) => id)).size).toBe(10)
    expect(sink.atOnce).toBeLessThanOrEqual(4)
  })

  test('one event that it never takes holds up no other', async () => {
    await start()
    let bad: string | undefined
    sink.refuse((body) => {
      bad ??= JSON.parse(body).id
      return JSON.parse(body).id === bad
    })
    await fail(4)
    await until(async () => ofType('client_authentication_failed').length === 3, 'all others are taken')
    expect(ofType('client_authentication_failed').map(({ id }) => id)).not.toContain(bad)
    sink.refuse(() => false)
    await until(async () => (await left()) === 0, 'that one is taken too')
  })
})

describe('goes nowhere that the way out does not lead to (SSRF; checklist 48)', () => {
  test.each([
    ['loopback by name', () => sink.url],
    ['loopback by address', () => sink.url.replace('localhost', '127.0.0.1')],
    ['a private address', () => 'https://10.0.0.1/hook'],
    ['the metadata address of clouds', () => 'https://169.254.169.254/latest/meta-data'],
    ['loopback as IPv6 that maps IPv4', () => sink.url.replace('localhost', '[::ffff:127.0.0.1]')],
  ])('%s', async (_what, url) => {
    sink = await startEventSink(certificates)
    const receiver: Receiver = { kind: 'webhook', name: 'siem', url: new URL(url()), secrets: [SECRET] }
    service = await startWithReceivers(
      certificates,
      { receivers: [receiver], attempts: 2 },
      { service: { clientsReach: { allow: [], unlisted: 'public' } } },
    )
    await fail(1)
    const said = () => service?.audits.filter(({ event }) => event === 'signal_not_delivered') ?? []
    await until(async () => said().length > 0, 'it is given up')
    expect([said().map(({ detail }) => detail), sink.asked]).toEqual([['denied'], 0])
  })
})

test('what happened and what became of it is counted, and logged without anybody’s name', async () => {
  const lines: string[] = []
  const registry = createMetrics('webhooks')
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  const { population } = await start({}, {}, { logger, service: { metrics: registry } })
  sink.feel(500, 200)
  await failSignIn()
  await until(async () => sink.kept.length > 0 && (await left()) === 0, 'it is taken')
  const metrics = await registry.registry.metrics()
  expect(metrics).toMatch(/security_events_total\{event="sign_in_failed",.*\} 1/)
  expect(metrics).toMatch(/signals_total\{receiver="webhook:siem",outcome="again",.*\} 1/)
  expect(metrics).toMatch(/signals_total\{receiver="webhook:siem",outcome="delivered",.*\} [1-9]/)
  expect(metrics).toMatch(/signals_waiting\{receiver="webhook:siem",.*\} 0/)
  const events = lines.filter((line) => line.includes('security event'))
  expect(events.join()).toContain('"event":"sign_in_failed"')
  expect(lines.join()).not.toMatch(/alice|wrong wrong|0123456789abcdef/)
  expect(lines.join()).not.toContain(population.user.sub)
})

test('while policy cannot be asked an event goes to nobody and is kept; once it can, it goes (checklist 49)', async () => {
  const { node, store } = await start()
  node.deactivate()
  await fail(1)
  const [first] = await store.outbox.peek(TENANT, 'events', 10)
  await until(async () => {
    const [task] = await store.outbox.peek(TENANT, 'events', 10)
    return (task?.attempts ?? 0) > 1
  }, 'policy was asked in vain')
  expect([first?.event.name, sink.asked]).toEqual(['client_authentication_failed', 0])
  await node.activate([await signedBundle()])
  await until(async () => ofType('client_authentication_failed').length === 1, 'it is told')
})

describe('given up, which audit says', () => {
  const givenUp = () =>
    (service as TestService).audits.filter(({ event }) => event === 'signal_not_delivered').map(({ detail }) => detail)

  test('after so many tries', async () => {
    await start({}, { attempts: 3 })
    sink.feel(500)
    await fail(1)
    await until(async () => givenUp().length > 0, 'it is given up')
    expect([givenUp(), sink.asked, await left()]).toEqual([['refused'], 3, 0])
    const about = (service as TestService).audits.find(({ event }) => event === 'signal_not_delivered')
    expect(about?.resource).toMatch(/^webhook:siem:client_authentication_failed:/)
  })

  test('at once where the receiver says that it is gone (410)', async () => {
    await start()
    sink.feel(410)
    await fail(1)
    await until(async () => givenUp().length > 0, 'it is given up')
    expect([givenUp(), sink.asked]).toEqual([['gone'], 1])
  })

  test('what finds no room where 10,000 wait: the request goes on, and those that wait stay', async () => {
    const registry = createMetrics('full')
    await start({}, {}, { service: { metrics: registry } })
    const { store } = service as TestService
    await sink.shut()
    const task = { v: 1, attempts: 0, createdAt: 1, expiresAt: 4_000_000_000 } as const
    const event = { id: 'waits', name: 'sign_in', at: 1 }
    const waits = Array.from({ length: MAX_OUTBOX_TASKS }, (_, index) => ({ ...task, id: `waits-${index}`, event }))
    await Promise.all(waits.map((one) => store.outbox.add(TENANT, 'webhook:siem', one, 3_600_000)))
    await fail(1)
    await until(async () => givenUp().length > 0, 'it is given up')
    expect([givenUp(), await left(), sink.asked]).toEqual([['queue_full'], MAX_OUTBOX_TASKS, 0])
    expect(await registry.registry.metrics()).toMatch(/signals_total\{receiver="webhook:siem",outcome="dropped",.*\} 1/)
  })

  test('once it is too old', async () => {
    await start({}, { keepSeconds: 60 })
    sink.feel(500)
    await fail(1)
    await until(async () => sink.asked > 0, 'it was tried')
    ;(service as TestService).advance(61)
    await until(async () => givenUp().length > 0, 'it is given up')
    expect([givenUp(), await left()]).toEqual([['too_old'], 0])
  })
})
