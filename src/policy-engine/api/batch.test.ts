/** `POST /v1/batch/data/{path}` over a real socket (Enterprise OPA, "Batch Query API"). */
import { gzipSync } from 'node:zlib'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type FixtureSource, SMALL } from '../bundle/bundle-fixture.ts'
import type { VerifiedBundle } from '../engine.ts'
import { type ApiUnderTest, loadFixture, openApi, post } from './api-fixture.ts'

/** The revision of the policy is in each answer, so that a mix would show. */
const OTHER: FixtureSource = { ...SMALL, data: { rbac: { answer: 43 } } }

let bundle: VerifiedBundle
let other: VerifiedBundle
let api: ApiUnderTest
beforeAll(async () => {
  bundle = await loadFixture(SMALL)
  other = await loadFixture(OTHER)
})
afterEach(() => {
  vi.restoreAllMocks()
  return api.close()
})

const ask = (path: string, body: object, query = '') =>
  post(api.port, `/v1/batch/data/${path}${query}`, JSON.stringify(body))
type Responses = Record<string, Record<string, unknown>>
const responsesOf = (json: Readonly<Record<string, unknown>>) => json.responses as Responses

describe('a batch', () => {
  it('answers each input under its id, and logs each as a decision of its own', async () => {
    api = await openApi(bundle)
    const inputs = { a: { n: 1 }, b: null, 'c/d': [1.5], __proto__x: 0 }
    const answer = await ask('probe/echo', { inputs })
    expect(answer.status).toBe(200)
    const { batch_decision_id: batch } = answer.json
    const responses = responsesOf(answer.json)
    expect(Object.keys(responses)).toEqual(Object.keys(inputs))
    for (const [id, input] of Object.entries(inputs)) {
      expect(responses[id]).toMatchObject({ result: { input, answer: 42 } })
      expect(responses[id]).not.toHaveProperty('http_status_code')
    }
    const events = await api.events()
    expect(events.map((event) => event.batch_decision_id)).toEqual(events.map(() => batch))
    expect(events.map((event) => event.decision_id)).toEqual(
      Object.values(responses).map((response) => response.decision_id),
    )
    expect(new Set(events.map((event) => event.decision_id)).size).toBe(4)
  })

  it('merges common_input into each input, deeply, and the input’s own members count', async () => {
    api = await openApi(bundle)
    const common_input = { user: { role: 'viewer', id: 7 }, action: 'read', list: [1] }
    const answer = await ask('probe/echo', {
      common_input,
      inputs: { a: { user: { role: 'admin' } }, b: 'text', c: { list: [2] } },
    })
    const responses = responsesOf(answer.json)
    expect(responses.a?.result).toMatchObject({ input: { user: { role: 'admin', id: 7 }, action: 'read', list: [1] } })
    expect(responses.b?.result).toMatchObject({ input: 'text' })
    expect(responses.c?.result).toMatchObject({ input: { ...common_input, list: [2] } })
  })

  it('merges members that every object inherits as members like any', async () => {
    api = await openApi(bundle)
    const body = '{"common_input":{"__proto__":{"a":1},"constructor":1},"inputs":{"x":{"__proto__":{"b":2}}}}'
    const answer = await post(api.port, '/v1/batch/data/probe/echo', body)
    expect(answer.text).toMatch(/"__proto__":{("a":1,"b":2|"b":2,"a":1)}/)
    expect(answer.text).toContain('"constructor":1')
    expect(Object.hasOwn(Object.prototype, 'a')).toBe(false)
  })

  it('answers 207 where some inputs fail and 500 where all do, with code and place of each', async () => {
    api = await openApi(bundle)
    const mixed = await ask('probe/conflict', { inputs: { bad: { x: 2 }, good: { x: 1 } } })
    expect(mixed.status).toBe(207)
    expect(responsesOf(mixed.json)).toMatchObject({
      good: { http_status_code: '200', result: { a: 1 }, decision_id: expect.any(String) },
      bad: {
        http_status_code: '500',
        code: 'internal_error',
        decision_id: expect.any(String),
        errors: [{ code: 'eval_conflict_error', location: { row: expect.any(Number) } }],
      },
    })
    const all = await ask('probe/conflict', { inputs: { bad: { x: 2 } } })
    expect(all).toMatchObject({ status: 500, json: { responses: { bad: { code: 'internal_error' } } } })
    expect(responsesOf(all.json).bad).not.toHaveProperty('http_status_code')
    const errors = (await api.events()).map((event) => event.error !== undefined)
    expect(errors).toEqual([true, false, true])
  })

  it('ends the one input that runs out of its deadline, and answers the others', async () => {
    api = await openApi(bundle)
    const hay = 'a'.repeat(200_000)
    const spin = { hay, needle: `${'a'.repeat(100_000)}b` }
    const answer = await ask('probe/spin', { inputs: { spin, fine: { hay: 'xay', needle: 'a' } } })
    expect(answer).toMatchObject({
      status: 207,
      json: { responses: { spin: { code: 'unavailable' }, fine: { result: true } } },
    })
  })

  it('warns where no inputs are named, and answers an empty batch', async () => {
    api = await openApi(bundle)
    for (const body of ['', '{}', 'null', '{"inputs":null}']) {
      const answer = await post(api.port, '/v1/batch/data/probe/echo', body)
      expect(answer).toMatchObject({ status: 200, json: { warning: { code: 'api_usage_warning' } } })
    }
    expect(await ask('probe/echo', { inputs: {} })).toMatchObject({ status: 200, json: { responses: {} } })
    expect(await api.events()).toEqual([])
  })

  it.each([['[]'], ['1'], ['{"inputs":[]}'], ['{"inputs":"x"}'], ['{"inputs":']])(
    'answers 400 to the body %s',
    async (body) => {
      api = await openApi(bundle)
      const answer = await post(api.port, '/v1/batch/data/probe/echo', body)
      expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_parameter' } })
    },
  )

  it('refuses more inputs than its limit', async () => {
    api = await openApi(bundle, { limits: { batchInputs: 2 } })
    expect((await ask('probe/echo', { inputs: { a: 1, b: 2 } })).status).toBe(200)
    expect((await ask('probe/echo', { inputs: { a: 1, b: 2, c: 3 } })).status).toBe(400)
  })

  it('refuses a small request whose common_input, merged into every input, would fill the log', async () => {
    api = await openApi(bundle)
    const inputs = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [at, {}]))
    const batchOf = (bytes: number) =>
      gzipSync(JSON.stringify({ common_input: { pad: 'x'.repeat(bytes) }, inputs }), { level: 9 })
    const asked = (body: Uint8Array) =>
      post(api.port, '/v1/batch/data/probe/nothing', body, { 'content-encoding': 'gzip' })
    const large = batchOf(1_000_000)
    expect(large.byteLength).toBeLessThan(5000)
    expect(await asked(large)).toMatchObject({
      status: 413,
      json: { code: 'payload_too_large', message: expect.stringMatching(/common_input.*1000 inputs.*16777216 bytes/) },
    })
    expect(await asked(batchOf(8000))).toMatchObject({ status: 200 })
    expect(await api.events()).toHaveLength(1000)
  })

  it('counts common_input for the inputs that it is merged into only', async () => {
    api = await openApi(bundle, { limits: { bodyBytes: 2000 } })
    const common_input = { pad: 'x'.repeat(1500) }
    const batch = (...inputs: unknown[]) => ask('probe/nothing', { common_input, inputs: { ...inputs } })
    expect((await batch({}, {}, {}, {}, {}, 1, [], null)).status).toBe(200)
    expect((await batch({}, {}, {}, {}, {}, {})).status).toBe(413)
  })

  it('logs what is not begun in time without its input', async () => {
    api = await openApi(bundle)
    let now = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 3000
      return now
    })
    const answer = await ask('probe/echo', { inputs: { a: { n: 'first' }, b: { n: 'late' } } })
    expect(answer).toMatchObject({ status: 207, json: { responses: { b: { code: 'unavailable' } } } })
    const [first, late] = await api.events()
    expect(first).toMatchObject({ input: { n: 'first' } })
    expect(late).toMatchObject({ erased: ['/input'], error: { code: 'timeout' } })
    expect(late).not.toHaveProperty('input')
  })

  it('gives provenance, metrics and pretty text when asked', async () => {
    api = await openApi(bundle)
    const answer = await ask('probe/echo', { inputs: { a: 1 } }, '?provenance&metrics&pretty')
    expect(answer.json).toMatchObject({
      metrics: { timer_server_handler_ns: expect.any(Number) },
      responses: {
        a: {
          provenance: { bundles: { sallyport: { revision: bundle.revision } } },
          metrics: { timer_rego_query_eval_ns: expect.any(Number) },
        },
      },
    })
    expect(answer.text).toContain('\n  "')
  })

  it('judges all inputs under one revision, whatever becomes active meanwhile', async () => {
    api = await openApi(bundle)
    // Long enough for other turns of the event loop in between.
    const inputs = Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`i${at}`, { pad: 'x'.repeat(400), at }]))
    let done = false
    const asked = Promise.all(Array.from({ length: 4 }, () => ask('probe/echo', { inputs }))).finally(() => {
      done = true
    })
    let swaps = 0
    while (!done) {
      await api.node.activate([swaps++ % 2 === 0 ? other : bundle])
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (const answer of await asked) {
      const seen = Object.values(responsesOf(answer.json)).map(({ result }) => (result as { answer: number }).answer)
      expect(seen).toHaveLength(900)
      expect(new Set(seen).size).toBe(1)
    }
    expect(swaps).toBeGreaterThan(1)
  })

  it('is unavailable without a bundle', async () => {
    api = await openApi(undefined)
    expect(await ask('probe/echo', { inputs: { a: 1 } })).toMatchObject({ status: 503 })
  })
})
