/** What `http.send` keeps between decisions: beside OPA's inter-query cache, on the same real server. */
import type { IncomingMessage, RequestListener } from 'node:http'
import { describe, expect, it } from 'vitest'
import { atEnd, serve } from '../../../egress/egress-fixture.ts'
import { createAnswerCache } from './answer-cache.ts'
import { bothSides, openOurs, type Side } from './both-sides-fixture.ts'
import { freshUntil } from './freshness.ts'

const sides = bothSides()

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toUTCString()

interface Scenario {
  /** Members of the request, besides method and address; one for each question. */
  readonly asks: readonly Readonly<Record<string, unknown>>[]
  readonly answer: (request: IncomingMessage, count: number) => readonly [number, Record<string, string>]
}

const twice = (request: object = { cache: true }) => [request, request] as Scenario['asks']
const always =
  (headers: Record<string, string>, status = 200): Scenario['answer'] =>
  () => [status, headers]

/** The first answer is stale at once; then each question is whether it still holds. */
const validated =
  (validator: Record<string, string>, second: readonly [number, Record<string, string>]): Scenario['answer'] =>
  (_, count) =>
    count === 0 ? [200, { 'cache-control': 'max-age=0', ...validator }] : second

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'what is fresh by max-age': { asks: twice(), answer: always({ 'cache-control': 'max-age=60' }) },
  'what is fresh by max-age among other directives': {
    asks: twice(),
    answer: always({ 'cache-control': 'public, max-age=60, must-revalidate' }),
  },
  'what was fresh by max-age': { asks: twice(), answer: always({ 'cache-control': 'max-age=60', date: ago(90) }) },
  'a max-age beyond all bounds': { asks: twice(), answer: always({ 'cache-control': 'max-age=99999999999' }) },
  'a max-age that is none': { asks: twice(), answer: always({ 'cache-control': 'max-age=soon' }) },
  'what is fresh by Expires': { asks: twice(), answer: always({ expires: ago(-60) }) },
  'what was fresh by Expires': { asks: twice(), answer: always({ expires: ago(60) }) },
  'an Expires that is no date': { asks: twice(), answer: always({ expires: '9999' }) },
  'max-age before Expires': { asks: twice(), answer: always({ 'cache-control': 'max-age=60', expires: ago(60) }) },
  'no-store': { asks: twice(), answer: always({ 'cache-control': 'no-store, max-age=60' }) },
  'no directive at all': { asks: twice(), answer: always({}) },
  'an answer without a date': { asks: twice(), answer: always({ 'cache-control': 'max-age=60', date: '' }) },
  'a question that does not ask for it': { asks: twice({}), answer: always({ 'cache-control': 'max-age=60' }) },
  force_cache: {
    asks: twice({ force_cache: true, force_cache_duration_seconds: 60 }),
    answer: always({ 'cache-control': 'no-store' }),
  },
  'force_cache for no time': {
    asks: twice({ force_cache: true, force_cache_duration_seconds: 0 }),
    answer: always({ 'cache-control': 'max-age=60' }),
  },
  'force_cache before cache': {
    asks: twice({ cache: true, force_cache: true, force_cache_duration_seconds: 60 }),
    answer: always({}),
  },
  'caching_mode deserialized': {
    asks: twice({ cache: true, caching_mode: 'deserialized' }),
    answer: always({ 'cache-control': 'max-age=60' }),
  },
  'another question': {
    asks: [{ cache: true }, { cache: true, timeout: '3s' }],
    answer: always({ 'cache-control': 'max-age=60' }),
  },
  'other headers': {
    asks: [
      { cache: true, headers: { a: '1' } },
      { cache: true, headers: { a: '2' } },
    ],
    answer: always({ 'cache-control': 'max-age=60' }),
  },
  'other headers that do not count': {
    asks: [
      { cache: true, headers: { a: '1' }, cache_ignored_headers: ['a'] },
      { cache: true, headers: { a: '2', b: '1' }, cache_ignored_headers: ['b', 'a'] },
      { cache: true, headers: {} },
    ],
    answer: always({ 'cache-control': 'max-age=60' }),
  },
  ...Object.fromEntries(
    [201, 203, 206, 300, 301, 302, 400, 401, 404, 405, 410, 414, 429, 500, 501, 503].map((status) => [
      `status ${status}`,
      { asks: twice(), answer: always({ 'cache-control': 'max-age=60' }, status) },
    ]),
  ),
  'a tag that still holds': {
    asks: [...twice(), { cache: true }],
    answer: validated({ etag: '"one"' }, [304, { 'cache-control': 'max-age=60', 'x-new': 'yes' }]),
  },
  'a tag that holds and is stale again': {
    asks: [...twice(), { cache: true }],
    answer: validated({ etag: '"one"' }, [304, { 'cache-control': 'max-age=0' }]),
  },
  'a date that still holds': {
    asks: [...twice(), { cache: true }],
    answer: validated({ 'last-modified': ago(1000) }, [304, { expires: ago(-60) }]),
  },
  'a tag that holds no more': {
    asks: [...twice(), { cache: true }],
    answer: validated({ etag: '"one"' }, [200, { 'cache-control': 'max-age=60', etag: '"two"' }]),
  },
  'a tag that the server chokes on': {
    asks: [...twice(), { cache: true }],
    answer: validated({ etag: '"one"' }, [503, {}]),
  },
  'a tag under force_cache that has not ended': {
    asks: twice({ force_cache: true, force_cache_duration_seconds: 60 }),
    answer: validated({ etag: '"one"' }, [304, {}]),
  },
}

/** What the server saw and what the policy got, one after the other. */
async function play(side: Side, { asks, answer }: Scenario): Promise<unknown> {
  const seen: unknown[] = []
  const listener: RequestListener = (request, response) => {
    const { 'if-none-match': tag, 'if-modified-since': since } = request.headers
    const [status, { date, ...headers }] = answer(request, seen.length)
    seen.push({ tag, since: since !== undefined })
    if (date !== undefined) response.sendDate = false
    if (date !== undefined && date !== '') response.setHeader('date', date)
    response
      .writeHead(status, { 'content-type': 'text/plain', ...headers })
      .end(status === 304 ? '' : `body ${seen.length}`)
  }
  const url = `http://127.0.0.1:${await serve(listener)}/`
  const got: unknown[] = []
  for (const ask of asks) {
    const value = (await side.ask('send', { method: 'get', url, ...ask })) as Record<string, unknown> | undefined
    const { status_code, raw_body, headers } = value ?? {}
    got.push({ status_code, raw_body, new: (headers as Record<string, unknown> | undefined)?.['x-new'] })
  }
  return { seen, got }
}

describe('http.send keeps, beside OPA,', () => {
  it.each(Object.entries(SCENARIOS))('%s', async (_, scenario) => {
    const { ours, theirs } = sides()
    expect(await play(ours, scenario)).toEqual(await play(theirs, scenario))
  })
})

describe('kept answers', () => {
  it('are never of one that says no-store in whatever case (RFC 9111 5.2)', async () => {
    const scenario = { asks: twice(), answer: always({ 'cache-control': 'No-Store, max-age=60' }) }
    expect(await play(sides().ours, scenario)).toMatchObject({ got: [{ raw_body: 'body 1' }, { raw_body: 'body 2' }] })
  })

  it('are bounded in bytes; what was used longest ago goes first', () => {
    const cache = createAnswerCache(10_000)
    const kept = (bytes: number) => ({
      response: { status: 200, headers: {}, body: new Uint8Array(bytes) },
      value: null,
      freshUntilMs: 1,
    })
    for (const name of ['a', 'b', 'c']) cache.set(name, kept(300))
    expect(cache.get('a')).toBeDefined()
    cache.set('d', kept(300))
    expect([cache.get('a'), cache.get('b'), cache.get('d')].map((found) => found !== undefined)).toEqual([
      true,
      false,
      true,
    ])
    cache.set('huge', kept(2000))
    expect(cache.get('huge')).toBeUndefined()
    for (let count = 0; count < 1000; count++) cache.set(`k${count}`, kept(count % 500))
    expect(cache.bytes).toBeLessThanOrEqual(10_000)
    for (let count = 0; count < 1000; count++) cache.delete(`k${count}`)
    cache.delete('a')
    cache.delete('d')
    expect([cache.bytes, cache.size]).toEqual([0, 0])
  })

  it('are asked for once while equal questions wait, and by each that may not be kept', async () => {
    let asked = 0
    const waiting: (() => void)[] = []
    const port = await serve((_, response) => {
      asked++
      waiting.push(() => response.writeHead(200, { 'cache-control': 'max-age=60' }).end('ok'))
    })
    const ours = await openOurs()
    atEnd(ours.close)
    const request = { method: 'get', url: `http://127.0.0.1:${port}/` }
    const kept = Array.from({ length: 5 }, () => ours.ask('send', { ...request, cache: true }))
    const others = Array.from({ length: 3 }, () => ours.ask('send', request))
    await expect.poll(() => waiting.length).toBe(4)
    for (const go of waiting) go()
    for (const answer of await Promise.all([...kept, ...others])) expect(answer).toMatchObject({ raw_body: 'ok' })
    expect(asked).toBe(4)
    const counted = await ours.metrics.registry.getSingleMetricAsString('policy_calls_total')
    expect(counted).toMatch(/outcome="joined".*} 4/)
  })

  it('outlive a decision that could not wait for them', async () => {
    const waiting: (() => void)[] = []
    const port = await serve((_, response) => {
      waiting.push(() => response.writeHead(200, { 'cache-control': 'max-age=60' }).end('late'))
    })
    const ours = await openOurs({}, 100)
    atEnd(ours.close)
    const request = { method: 'get', url: `http://127.0.0.1:${port}/`, cache: true }
    await expect(ours.ask('send', request)).rejects.toMatchObject({ reason: 'timeout' })
    for (const go of waiting) go()
    await expect.poll(() => ours.outside.answers.size).toBe(1)
    expect(await ours.ask('send', request)).toMatchObject({ raw_body: 'late' })
    expect(waiting).toHaveLength(1)
  })

  it('make no more than so many questions outlive their decisions', async () => {
    const port = await serve(() => {})
    const ours = await openOurs({}, 300)
    atEnd(ours.close)
    const asking = Array.from({ length: 300 }, (_, at) =>
      ours.ask('send', { method: 'get', url: `http://127.0.0.1:${port}/${at}`, cache: true, timeout: '30s' }),
    )
    const reasons = (await Promise.allSettled(asking)).map(({ status }) => status)
    expect(new Set(reasons)).toEqual(new Set(['rejected']))
    expect(ours.outside.flights.size).toBe(256)
  })

  it('hold no key from which credentials could be read', async () => {
    const port = await serve((_, response) => response.writeHead(200, { 'cache-control': 'max-age=60' }).end())
    const ours = await openOurs()
    atEnd(ours.close)
    const keys: string[] = []
    const { answers } = ours.outside
    const set = answers.set.bind(answers)
    answers.set = (key, kept) => {
      keys.push(key)
      set(key, kept)
    }
    const headers = { authorization: 'Bearer secret' }
    await ours.ask('send', { method: 'get', url: `http://127.0.0.1:${port}/`, cache: true, headers })
    expect(keys).toHaveLength(1)
    expect(keys[0]).toMatch(/^[A-Za-z0-9+/]{43}=$/)
  })

  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 784_111_777_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 784_111_777_000],
    ['Sun Nov  6 08:49:37 1994', 784_111_777_000],
    ['1994-11-06T08:49:37Z', 0],
    ['0', 0],
  ])('read the date %s (RFC 9110 5.6.7)', (expires, time) => {
    expect(freshUntil({ status: 200, headers: { expires }, body: new Uint8Array() }, 0)).toBe(time)
  })
})
