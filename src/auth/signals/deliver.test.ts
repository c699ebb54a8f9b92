/**
 * When a receiver is sent what: on a real store whose clock the test moves, to a real HTTPS server that fails as it is told to.
 * What a webhook is sent and what a stream is: test/flows/webhooks.test.ts, streams-delivery.test.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type EventSink, type Mood, startEventSink } from '../../../test/servers/event-sink.ts'
import { until } from '../../../test/servers/until.ts'
import type { AuditEvent } from '../../audit/events.ts'
import { atEnd, certificatesOf, openTo } from '../../egress/egress-fixture.ts'
import { orderedId, randomId } from '../../kernel/ids.ts'
import { createLogger } from '../../observability/logger.ts'
import { ManualClock } from '../../storage/conformance/subject.ts'
import type { OutboxTask } from '../../storage/outbox-port.ts'
import { openSqliteStore } from '../../storage/sqlite/open.ts'
import { deliverTo, type Pace } from './deliver.ts'
import { queueOf, type WebhookReceiver } from './receivers.ts'
import { sendWebhook } from './webhook.ts'

const TENANT = 'default'
const KEEP_SECONDS = 3 * 24 * 60 * 60
const HOUR_MS = 60 * 60_000
/** As the service has it, but for how often a look is taken: looks run by real time. */
const PACE: Pace = { idleMs: 5, backOffMs: 1_000, maxBackOffMs: 15 * 60_000, attempts: 1_000 }
const [LEAST, MOST] = [() => 0, () => 1 - Number.EPSILON / 2]

const folder = mkdtempSync(join(tmpdir(), 'deliver-'))
afterAll(() => rmSync(folder, { recursive: true }))
const certificates = certificatesOf()

interface Options {
  readonly random?: () => number
  readonly pace?: Partial<Pace>
  /** The clock goes on by each wait, so that the next try comes at once. */
  readonly hurries?: boolean
  /** Events that wait from the start; default 1. */
  readonly waiting?: number
  /** How the receiver answers, one after the other, the last one for ever. */
  readonly moods?: readonly Mood[]
}

interface Sender {
  readonly sink: EventSink
  readonly clock: ManualClock
  readonly audits: AuditEvent[]
  readonly counts: string[]
  readonly log: string[]
  /** For how long what was not taken was put off, in order. */
  readonly waits: number[]
  /** Milliseconds from the start to each request, in order. */
  readonly times: number[]
  /** Of those that waited from the start. */
  readonly ids: readonly string[]
  /** More events wait to be sent; their ids. */
  add(count: number): Promise<string[]>
  left(): Promise<number>
  /** Ids of what the receiver took, in order. */
  took(): string[]
  /** The sender has looked, as of now, for what it may send. */
  looked(): Promise<void>
}

async function startSender({
  random = LEAST,
  pace = {},
  hurries = false,
  waiting = 1,
  moods = [200],
}: Options = {}): Promise<Sender> {
  const { files, ca } = certificates()
  const sink = await startEventSink(files)
  sink.feel(...moods)
  atEnd(() => sink.shut())
  const clock = new ManualClock()
  const store = await openSqliteStore({ path: join(folder, `${randomId(8)}.sqlite`), clock })
  atEnd(() => store.close())
  const secrets = [Buffer.from('0123456789abcdef0123456789abcdef')]
  const url = new URL(`${sink.url}/in-the-path?token=in-the-query`)
  const receiver: WebhookReceiver = { kind: 'webhook', name: 'siem', url, secrets }
  const queue = queueOf(receiver)
  const [waits, audits, counts, log]: [number[], AuditEvent[], string[], string[]] = [[], [], [], []]
  const times: number[] = []
  const begun = clock.nowMs()
  let looks = 0
  const counting = {
    nowMs: () => {
      looks += 1
      return clock.nowMs()
    },
  }
  const outbox = {
    ...store.outbox,
    putOff: async (tenant: string, name: string, task: OutboxTask, delayMs: number) => {
      await store.outbox.putOff(tenant, name, task, delayMs)
      waits.push(delayMs)
      if (hurries) clock.advance(delayMs / 1000)
    },
  }
  const add = async (count: number): Promise<string[]> => {
    const ids = Array.from({ length: count }, () => orderedId())
    for (const id of ids) {
      const event = { id, name: 'sign_in', at: clock.seconds(), sub: 'ada' }
      const kept = { createdAt: clock.seconds(), expiresAt: clock.seconds() + KEEP_SECONDS }
      await store.outbox.add(TENANT, queue, { v: 1, id, event, attempts: 0, ...kept }, 0)
    }
    return ids
  }
  const ids = await add(waiting)
  const toReceiver = { egress: openTo(), egressTls: { ca }, clock }
  const work = deliverTo(
    {
      store: { outbox },
      audit: async (event) => void audits.push(event),
      clock: counting,
      logger: createLogger({ level: 'trace', destination: { write: (line) => void log.push(line) } }),
      send: (task, signal) => {
        times.push(clock.nowMs() - begun)
        return sendWebhook(toReceiver, TENANT, receiver, task, signal)
      },
      count: (outcome) => void counts.push(outcome),
      random,
    },
    TENANT,
    receiver,
    { ...PACE, ...pace },
  )
  atEnd(() => work.close())
  return {
    sink,
    clock,
    audits,
    counts,
    log,
    waits,
    times,
    ids,
    add,
    left: () => store.outbox.waiting(TENANT, queue),
    took: () => sink.kept.map(({ headers }) => String(headers['webhook-id'])),
    looked: async () => {
      const before = looks
      await until(async () => looks > before + 2, 'the sender looks')
    },
  }
}

describe('a single event that is not taken', () => {
  test.each([
    ['half of it at least', LEAST, 500, 450_000],
    ['all of it at most', MOST, 1_000, 900_000],
  ])('is tried again after a time that doubles up to 15 minutes: %s', async (_what, random, first, longest) => {
    const moods = [...Array.from({ length: 13 }, () => 503), 200]
    const { waits, ids, left, took } = await startSender({ random, hurries: true, moods })
    await until(async () => (await left()) === 0, 'it is taken')
    expect(waits).toEqual(Array.from({ length: 13 }, (_, tried) => Math.min(longest, first * 2 ** tried)))
    expect(took()).toEqual(ids)
  })

  test('waits anew at random each time, for one node as for another', async () => {
    const draws = [0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.3, 0.3, 0.3]
    const random = () => draws.shift() ?? 0
    const { waits, left } = await startSender({ random, hurries: true, moods: [500, 500, 500, 200] })
    await until(async () => (await left()) === 0, 'it is taken')
    expect(waits).toEqual([550, 1_900, 2_600])
  })
})

describe('Retry-After (RFC 9110 10.2.3)', () => {
  test.each([
    ['in seconds', '120', [120_000, 132_000]],
    ['less than the wait that is due', '0', [500, 1_000]],
    ['of a day: an hour', '86400', [HOUR_MS, HOUR_MS + 6 * 60_000]],
    ['as a date, by a clock that is not ours: none', 'Fri, 31 Dec 2999 23:59:59 GMT', [500, 1_000]],
    ['below nothing: none', '-120', [500, 1_000]],
    ['of ten digits: none', '9999999999', [500, 1_000]],
    ['in words: none', 'soon', [500, 1_000]],
  ])('%s', async (_what, value, bounds) => {
    const found: number[] = []
    for (const random of [LEAST, MOST]) {
      const moods: Mood[] = [[503, {}, { 'retry-after': value }], 200]
      const { waits, left } = await startSender({ random, hurries: true, moods })
      await until(async () => (await left()) === 0, 'it is taken')
      found.push(...waits)
    }
    expect(found).toEqual(bounds)
  })

  test('holds for all that waits for this receiver: none of it is sent before that', async () => {
    const moods: Mood[] = [[429, {}, { 'retry-after': '120' }], 200]
    const { sink, clock, ids, waits, add, took, looked } = await startSender({ moods })
    await until(async () => waits.length === 1, 'it is asked once')
    const others = await add(3)
    clock.advance(119)
    await looked()
    expect(sink.asked).toBe(1)
    clock.advance(1)
    await until(async () => took().length === 4, 'all are taken')
    expect(new Set(took())).toEqual(new Set([...ids, ...others]))
  })
})

describe('a receiver that is down', () => {
  test('while 40 events wait an hour costs it a few requests; once it is back it gets each of them', async () => {
    const sender = await startSender({ hurries: true, waiting: 40, moods: [503] })
    const { sink, clock, counts, times, ids, left, took } = sender
    await until(async () => Math.max(...times) > HOUR_MS, 'an hour goes by')
    expect(times.filter((ms) => ms <= HOUR_MS).length).toBeLessThan(30)
    sink.feel(200)
    clock.advance(60 * 60)
    await until(async () => (await left()) === 0, 'all are taken')
    expect(took().toSorted()).toEqual(ids.toSorted())
    expect(counts.filter((outcome) => outcome === 'delivered')).toHaveLength(40)
    expect(sink.atOnce).toBeLessThanOrEqual(4)
  })

  test('fails once where four that were under way together fail', async () => {
    const { waits } = await startSender({ random: MOST, waiting: 4, moods: [500] })
    await until(async () => waits.length === 4, 'all four are put off')
    expect(waits).toEqual([1_000, 1_000, 1_000, 1_000])
  })

  test('gets them with the longest due first when it takes one at a time again', async () => {
    const { clock, ids, waits, add, left, took } = await startSender({ waiting: 4, moods: [500, 500, 500, 500, 200] })
    await until(async () => waits.length === 4, 'all four are put off')
    const late = await add(2)
    clock.advance(60)
    await until(async () => (await left()) === 0, 'all are taken')
    expect(late).toContain(took()[0])
    expect(new Set(took())).toEqual(new Set([...ids, ...late]))
  })
})

describe('given up', () => {
  test('an answer of more than 64 KiB is not read on: it is sent again, and given up after so many tries', async () => {
    const moods: Mood[] = [[200, { more: 'x'.repeat(64 * 1024) }]]
    const { sink, audits, left } = await startSender({ pace: { attempts: 3 }, hurries: true, moods })
    await until(async () => (await left()) === 0, 'it is given up')
    expect([sink.asked, audits.map(({ detail }) => detail)]).toEqual([3, ['too_large']])
  })

  test('is logged as an error, by receiver, event and reason alone: no secret, no address, nobody', async () => {
    const moods: Mood[] = [[500, { said: 'by-the-receiver' }]]
    const { ids, audits, counts, log, left } = await startSender({ pace: { attempts: 2 }, hurries: true, moods })
    await until(async () => (await left()) === 0, 'it is given up')
    const errors = log.map((line) => JSON.parse(line)).filter(({ level }) => level === 50)
    expect(errors).toEqual([
      expect.objectContaining({ receiver: 'webhook:siem', event: 'sign_in', outcome: 'refused' }),
    ])
    expect(counts).toEqual(['again', 'given_up'])
    expect(audits).toEqual([
      {
        event: 'signal_not_delivered',
        tenant: TENANT,
        detail: 'refused',
        resource: `webhook:siem:sign_in:${ids[0]}`,
        sub: 'ada',
      },
    ])
    const secrets = /in-the-path|in-the-query|localhost|by-the-receiver|0123456789abcdef|MDEyMzQ1Njc4/
    expect([...log, JSON.stringify(audits)].join()).not.toMatch(secrets)
    expect(log.join()).not.toContain('ada')
  })
})
