/** The Data API over a real socket: OPA’s answers, and limits. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type FixtureSource, SMALL } from '../bundle/bundle-fixture.ts'
import type { VerifiedBundle } from '../engine.ts'
import { type ApiUnderTest, loadFixture, openApi, post, send } from './api-fixture.ts'
import type { PolicyApiOptions } from './server.ts'

let bundle: VerifiedBundle
let api: ApiUnderTest

beforeAll(async () => {
  bundle = await loadFixture(SMALL)
})
afterEach(() => api.close())

async function serve(over: Partial<PolicyApiOptions> = {}, active = true): Promise<number> {
  api = await openApi(active ? bundle : undefined, over)
  return api.port
}

describe('Data API (OPA, Data API)', () => {
  it('answers a document, names decision and revision, and 200 without result for what is undefined', async () => {
    const port = await serve()
    const answer = await post(port, '/v1/data/probe/echo', '{"input":{"a":1}}', { 'content-type': 'application/json' })
    expect(answer).toMatchObject({ status: 200, json: { result: { input: { a: 1 }, answer: 42 } } })
    expect(answer.json.decision_id).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer.headers['sallyport-revision']).toBe(bundle.revision)
    for (const path of ['/v1/data/probe/none', '/v1/data/unknown', '/v1/data/rbac/answer/0']) {
      const undefinedAnswer = await post(port, path, '{"input":{}}')
      expect(undefinedAnswer.status).toBe(200)
      expect(undefinedAnswer.json).not.toHaveProperty('result')
    }
  })

  it.each<[string, string]>([
    ['0', '0'],
    ['false', 'false'],
    ['""', '""'],
    ['1E400', '1E400'],
    ['12345678901234567890', '12345678901234567890'],
  ])('takes the input %s', async (input) => {
    const port = await serve()
    const answer = await post(port, '/v1/data/probe/echo', `{"input":${input}}`)
    expect(answer.json).toHaveProperty('result')
    expect(answer.json).not.toHaveProperty('warning')
  })

  it('warns where the input is missing or null in a body, and takes null from the query', async () => {
    const port = await serve()
    for (const body of ['', ' ', 'null', '{}', '{"input":null}', '{"INPUT":1}']) {
      const answer = await post(port, '/v1/data/probe/echo', body)
      expect(answer).toMatchObject({ status: 200, json: { warning: { code: 'api_usage_warning' } } })
      expect(answer.json).not.toHaveProperty('result')
    }
    const query = await send(port, `/v1/data/probe/echo?input=1&input=null`)
    expect(query.json).toMatchObject({ result: { input: null } })
    expect((await send(port, '/v1/data/probe/echo')).json).not.toHaveProperty('warning')
  })

  it.each([
    ['POST', '/v1/data/probe/echo', '{"input":'],
    ['POST', '/v1/data/probe/echo', '[]'],
    ['POST', '/v1/data/probe/echo', '"x"'],
    ['POST', '/v1/data/probe/echo', '\ufeff{}'],
    ['POST', '/v1/data/probe/echo', '{"input":1} trailing'],
    ['GET', '/v1/data/probe/echo?input=%7B', ''],
    ['GET', '/v1/data/%zz', ''],
  ])('answers 400 with code and message to %s %s %s', async (method, path, body) => {
    const port = await serve()
    const answer = await send(port, path, { method, body })
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_parameter', message: expect.any(String) } })
  })

  it('answers 405 to other methods, 404 elsewhere, 500 where rules conflict', async () => {
    const port = await serve()
    for (const method of ['PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
      expect(await send(port, '/v1/data/probe', { method })).toMatchObject({ status: 405 })
    }
    expect(await send(port, '/v1/nothing')).toMatchObject({ status: 404, json: { code: 'resource_not_found' } })
    const conflict = await post(port, '/v1/data/probe/conflict', '{"input":{"x":"canary-7"}}')
    expect(conflict).toMatchObject({ status: 500, json: { code: 'internal_error' } })
    expect(conflict.text + api.lines.join()).not.toContain('canary-7')
  })

  it('splits the path on raw slashes and unescapes after, and takes a trailing slash', async () => {
    const port = await serve()
    expect((await send(port, '/v1/data/rbac/answer/')).json).toMatchObject({ result: 42 })
    expect((await send(port, '/v1/data/rbac%2Fanswer')).json).not.toHaveProperty('result')
    expect((await send(port, '/v1/data/rb%61c/answer')).json).toMatchObject({ result: 42 })
    expect((await send(port, '/v1/data')).json).toMatchObject({ result: { rbac: { answer: 42 } } })
    expect((await send(port, '/v1/data/rbac/__proto__')).json).not.toHaveProperty('result')
  })

  it('gives provenance, metrics and pretty text when asked, and not for `=1`', async () => {
    const port = await serve()
    const answer = await send(port, '/v1/data/rbac?provenance&metrics=true&pretty')
    expect(answer.json).toMatchObject({
      provenance: { version: '1.0.0', bundles: { sallyport: { revision: bundle.revision } } },
      metrics: { timer_rego_query_eval_ns: expect.any(Number), timer_server_handler_ns: expect.any(Number) },
    })
    expect(answer.text).toContain('\n  "')
    expect((await send(port, '/v1/data/rbac?provenance=1')).json).not.toHaveProperty('provenance')
  })

  it('reads gzip, and answers 400 to what only says so and 413 to a bomb', async () => {
    const port = await serve({ limits: { bodyBytes: 4096 } })
    const zip = { 'content-encoding': 'gzip' }
    const good = await post(port, '/v1/data/probe/echo', gzipSync('{"input":"z"}'), zip)
    expect(good.json).toMatchObject({ result: { input: 'z' } })
    expect(await post(port, '/v1/data/probe/echo', '{"input":1}', zip)).toMatchObject({ status: 400 })
    const bomb = gzipSync(JSON.stringify({ input: 'x'.repeat(100_000) }))
    expect(await post(port, '/v1/data/probe/echo', bomb, zip)).toMatchObject({ status: 413 })
    expect(await post(port, '/v1/data/probe/echo', 'x'.repeat(5000))).toMatchObject({ status: 413 })
  })

  it('answers gzip from 1,024 bytes to who takes it, and only then (RFC 9110 12.5.3)', async () => {
    const port = await serve()
    const echo = (length: number, accepted?: string) => {
      const headers = accepted === undefined ? {} : { 'accept-encoding': accepted }
      return post(port, '/v1/data/probe/echo', JSON.stringify({ input: 'x'.repeat(length) }), headers)
    }
    for (const accepted of ['gzip', 'br, gzip;q=0.5', 'GZIP', '*']) {
      const { headers, bytes } = await echo(20_000, accepted)
      expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' })
      expect(JSON.parse(gunzipSync(bytes).toString())).toMatchObject({ result: { input: 'x'.repeat(20_000) } })
    }
    for (const accepted of [undefined, 'br', 'gzip;q=0', 'identity', 'gzip; q=0.000']) {
      expect((await echo(20_000, accepted)).headers).not.toHaveProperty('content-encoding')
    }
    expect((await echo(10, 'gzip')).headers).not.toHaveProperty('content-encoding')
  })

  it('refuses input that is nested without end, wherever it comes (checklist 52)', async () => {
    const port = await serve()
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    const posted = (input: string) => post(port, '/v1/data/probe/echo', `{"input":${input}}`)
    expect(await posted(nested(100))).toMatchObject({ status: 200 })
    expect(await posted(JSON.stringify({ brackets: `\\"${'['.repeat(1000)}\\` }))).toMatchObject({ status: 200 })
    expect(await posted(nested(200))).toMatchObject({ status: 400, json: { code: 'invalid_parameter' } })
    expect(await posted('{"a":'.repeat(3000) + 1 + '}'.repeat(3000))).toMatchObject({ status: 400 })
    expect(await send(port, `/v1/data/probe/echo?input=${nested(200)}`)).toMatchObject({ status: 400 })
  })
})

describe('a request that makes host built-ins work', () => {
  const DECODING: FixtureSource = {
    ...SMALL,
    roots: [...SMALL.roots, 'decoding'],
    entrypoints: [...SMALL.entrypoints, 'decoding/once', 'decoding/often', 'decoding/fine'],
    rego: {
      ...SMALL.rego,
      'decoding.rego': `package decoding

once if io.jwt.decode(input.token)

often := [1 | some _ in numbers.range(1, 5000); io.jwt.decode(input.token)]

fine := input.x
`,
    },
  }
  const hostile = JSON.stringify({ input: { token: `${'____'.repeat(300_000)}.e30.x` } })

  it('is undefined where that takes moments, and 503 where it takes longer than its deadline; healthy ones are answered', async () => {
    // Once takes some 20 ms, often a hundred times the deadline.
    const limits = { bodyBytes: 2 * 1024 * 1024 }
    api = await openApi(await loadFixture(DECODING), { limits }, { deadlineMs: 1000 })
    const ask = (rule: string, body: string) => post(api.port, `/v1/data/decoding/${rule}`, body)
    expect((await ask('once', hostile)).status).toBe(200)
    const healthy = Array.from({ length: 5 }, (_, x) => ask('fine', JSON.stringify({ input: { x } })))
    const [refused, ...answered] = await Promise.all([ask('often', hostile), ...healthy])
    expect(refused).toMatchObject({ status: 503 })
    expect(answered.map(({ status, json }) => [status, json.result])).toEqual([0, 1, 2, 3, 4].map((x) => [200, x]))
    expect((await ask('fine', '{"input":{"x":"after"}}')).json.result).toBe('after')
  })
})
