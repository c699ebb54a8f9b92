/** Notices over real HTTP: the event stream with what was missed, its subscriber, and signed webhooks. */
import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEgress } from '../../egress/open.ts'
import { createLogger } from '../../observability/logger.ts'
import { eventsRoute } from '../api/events.ts'
import type { ApiRequest } from '../api/exchange.ts'
import { createNoticeHub, type NoticeHub } from './hub.ts'
import { subscribeToNotices } from './subscriber.ts'
import { sendToWebhook } from './webhooks.ts'

const logger = createLogger({ level: 'silent' })
const egress = openEgress({ allow: ['127.0.0.1'], unlisted: 'none' })
afterAll(() => egress.close())
let ends: (() => unknown)[]
let notices: NoticeHub
beforeEach(() => {
  ends = []
  notices = createNoticeHub()
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
})

const listening = async (server: Server, port = 0): Promise<string> => {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The route of the policy API on a server of its own. */
const serveEvents = async (hub: () => NoticeHub, port = 0) => {
  const seen: IncomingHttpHeaders[] = []
  const server = createServer(async (request, response) => {
    seen.push(request.headers)
    const reply = await eventsRoute(hub()).answer({ headers: request.headers } as ApiRequest)
    response.writeHead(200, { 'content-type': reply.type ?? '' })
    reply.stream?.(response)
  })
  return { url: await listening(server, port), server, seen }
}

describe('the event stream (HTML, "Server-sent events")', () => {
  const read = async (url: string, lastId: string | undefined, enough: RegExp): Promise<string> => {
    const stop = new AbortController()
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
    const answer = await fetch(`${url}/v1/events`, { headers, signal: stop.signal })
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk)
      if (enough.test(text)) break
    }
    stop.abort()
    return text
  }

  it('tells each notice with an id, and what was missed to who says what it heard last', async () => {
    const { url } = await serveEvents(() => notices)
    const first = notices.publish('bundle.activated', { bundle: 'sallyport', revision: 'r1', version: 1 })
    notices.publish('bundle.activated', { bundle: 'sallyport', revision: 'r2', version: 2 })
    const text = await read(url, first.id, /r2/)
    expect(text).toMatch(/^retry: \d+\n\n/)
    expect(text).toContain('event: bundle.activated\ndata: {"type":"bundle.activated"')
    expect(text).not.toContain('r1')
  })

  it('tells who heard something else to forget everything', async () => {
    const { url } = await serveEvents(() => notices)
    notices.publish('bundle.activated', { bundle: 'sallyport' })
    expect(await read(url, 'of-another-run', /resync/)).toContain('event: resync\ndata: {}\n\n')
    const old = notices.publish('cache.purged', {})
    for (let count = 0; count < 300; count++) notices.publish('cache.purged', {})
    expect(await read(url, old.id, /resync/)).toContain('event: resync')
  })

  it('lets its subscriber forget: at first, at each notice, and after each time that it could not hear', async () => {
    const { url, server, seen } = await serveEvents(() => notices)
    const purges: (string | undefined)[] = []
    let wake = () => {}
    const until = async (count: number) => {
      while (purges.length < count) await new Promise<void>((resolve) => (wake = resolve))
    }
    const subscriber = subscribeToNotices({
      url,
      token: async () => 'a-token-of-the-operator',
      onPurge: (subject) => {
        purges.push(subject)
        wake()
      },
      logger,
      maxDelayMs: 20,
    })
    ends.push(() => subscriber.close())
    await until(1)
    const activated = notices.publish('bundle.activated', { bundle: 'sallyport' })
    await until(2)
    notices.publish('cache.purged', { subject: 'sub-1' })
    await until(3)
    expect(purges).toEqual([undefined, undefined, 'sub-1'])
    expect(seen[0]).toMatchObject({ authorization: 'Bearer a-token-of-the-operator' })
    server.closeAllConnections()
    await until(4)
    while (seen.length < 2) await new Promise<void>((resolve) => server.once('request', () => resolve()))
    expect(seen[1]?.['last-event-id']).toBe(activated.id.replace(/1$/, '2'))
    notices.publish('cache.purged', { subject: 'sub-2' })
    await until(5)
    expect(purges.at(-1)).toBe('sub-2')
  })
})

describe('webhooks (Standard Webhooks 1.0)', () => {
  const secret = randomBytes(32)
  interface Heard {
    readonly id: string
    readonly type: string
    readonly data: object
    readonly isGenuine: boolean
  }
  const receive = async (answer: (count: number) => number) => {
    const heard: Heard[] = []
    let wake = () => {}
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      const id = String(request.headers['webhook-id'])
      const signed = `${id}.${request.headers['webhook-timestamp']}.${body}`
      const mac = createHmac('sha256', secret).update(signed).digest('base64')
      heard.push({ id, ...JSON.parse(body), isGenuine: request.headers['webhook-signature'] === `v1,${mac}` })
      response.writeHead(answer(heard.length)).end()
      wake()
    })
    const url = new URL('/hook', await listening(server))
    const until = async (count: number) => {
      while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve))
    }
    return { heard, url, until }
  }
  const send = (url: URL, queue?: number) => {
    const sender = sendToWebhook({
      webhook: { url, secret },
      egress,
      notices,
      logger,
      maxDelayMs: 20,
      ...(queue !== undefined && { queue }),
    })
    ends.push(() => sender.close())
  }

  it('tell of each activation in order, signed over id, time and body', async () => {
    const { heard, url, until } = await receive(() => 204)
    send(url)
    for (const version of [1, 2, 3]) notices.publish('bundle.activated', { bundle: 'sallyport', version })
    await until(3)
    expect(heard.map(({ isGenuine }) => isGenuine)).toEqual([true, true, true])
    expect(heard.map(({ data }) => data)).toEqual([1, 2, 3].map((version) => ({ bundle: 'sallyport', version })))
  })

  it('are tried again, the same id and the same order, until they are taken', async () => {
    const { heard, url, until } = await receive((count) => (count < 4 ? 500 : 200))
    send(url)
    const [one, two] = [1, 2].map((version) => notices.publish('bundle.activated', { bundle: 'sallyport', version }))
    await until(5)
    expect(heard.map(({ id }) => id)).toEqual([one?.id, one?.id, one?.id, one?.id, two?.id])
  })

  it('that are too many to wait become one, to forget all decisions', async () => {
    const { heard, url, until } = await receive((count) => (count < 2 ? 500 : 200))
    send(url, 3)
    for (let version = 1; version <= 4; version++) notices.publish('bundle.activated', { bundle: 'sallyport', version })
    await until(2)
    expect(heard.at(-1)).toMatchObject({ type: 'resync', data: {}, isGenuine: true })
  })

  it('are no longer sent to who answers 410 Gone', async () => {
    const { heard, url, until } = await receive(() => 410)
    send(url)
    notices.publish('cache.purged', {})
    await until(1)
    notices.publish('cache.purged', {})
    const other = await receive(() => 200)
    send(other.url)
    notices.publish('cache.purged', {})
    await other.until(1)
    expect(heard).toHaveLength(1)
  })
})
