/** The policy API over a real socket: OPA's answers, access, and limits. */
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createLogger } from '../../observability/logger.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { writeArchive } from '../bundle/archive.ts'
import { buildFixture, FIXTURE_KEYS, SMALL, signFixture } from '../bundle/bundle-fixture.ts'
import { loadBundle } from '../bundle/load.ts'
import { openDecisionLog } from '../decision-log/log.ts'
import type { VerifiedBundle } from '../engine.ts'
import { createNode, type PolicyNode } from '../node.ts'
import { BundleTracker, policyStatus } from '../status.ts'
import { createPolicyApi, type PolicyApi, type PolicyApiOptions } from './server.ts'

let bundle: VerifiedBundle
let directory: string
let node: PolicyNode
let app: PolicyApi
let purged: (string | undefined)[] = []
const lines: string[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'api-'))
  bundle = await loadBundle(await writeArchive(signFixture(await buildFixture(SMALL), 1)), {
    name: 'sallyport',
    keys: FIXTURE_KEYS,
    requiredEntrypoints: [],
  })
})
afterAll(() => rm(directory, { recursive: true }))
afterEach(async () => {
  await app.close()
  await node.close()
})

async function serve(over: Partial<PolicyApiOptions> = {}, active = true): Promise<number> {
  const metrics = createMetrics('api')
  node = createNode({
    name: 'api',
    metrics,
    log: openDecisionLog({ directory, labels: { id: 'i', version: '1', node: 'api' }, metrics }),
  })
  const tracker = new BundleTracker('sallyport')
  if (active) {
    await node.activate([bundle])
    tracker.activated(bundle, new Date().toISOString())
  }
  purged = []
  app = createPolicyApi({
    node,
    credentials: [],
    loopback: true,
    version: '1.0.0',
    logger: createLogger({ destination: { write: (line) => lines.push(line) } }),
    metrics,
    status: () => policyStatus([tracker.status], [node.status()], true),
    metricsText: () => metrics.registry.metrics(),
    purge: (subject) => purged.push(subject),
    ...over,
  })
  return app.listen({ host: '127.0.0.1', port: 0 })
}

interface Sent {
  method?: string
  body?: string | Uint8Array
  headers?: Record<string, string>
}
function send(port: number, path: string, { method = 'GET', body, headers = {} }: Sent = {}) {
  return new Promise<{
    status: number
    text: string
    json: Record<string, unknown>
    headers: NodeJS.Dict<string | string[]>
  }>((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const chunks: Uint8Array[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
        resolve({ status: response.statusCode ?? 0, text, json, headers: response.headers })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
const post = (port: number, path: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
  send(port, path, { method: 'POST', body, headers })

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
    expect(conflict.text + lines.join()).not.toContain('canary-7')
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

describe('access', () => {
  const credentials = [
    { identity: 'auth-service', token: 'secret-a' },
    { identity: 'other', token: 'secret-b' },
  ]

  it('lets system.authz judge every request by the identity of the credential', async () => {
    const port = await serve({ credentials, loopback: false })
    const as = (authorization?: string) =>
      send(port, '/v1/data/rbac', authorization ? { headers: { authorization } } : {})
    expect(await as('Bearer secret-a')).toMatchObject({ status: 200 })
    expect(await as()).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    for (const wrong of ['Bearer secret-c', 'Bearer ', 'Basic secret-a', 'secret-a']) {
      expect(await as(wrong)).toMatchObject({ status: 401 })
    }
    for (const path of ['/health', '/v1/status', '/metrics', '/v1/cache/purge', '/v1/nothing']) {
      expect((await send(port, path)).status).toBe(401)
    }
  })

  it('refuses foreign hosts, origins and sites on a loopback listener without credentials', async () => {
    const port = await serve()
    const status = async (headers: Record<string, string>) =>
      (await post(port, '/v1/data/rbac', '{"input":1}', headers)).status
    expect(await status({ host: `localhost:${port}` })).toBe(200)
    expect(await status({ host: `127.0.0.1:${port}`, origin: `http://127.0.0.1:${port}` })).toBe(200)
    expect(await status({ host: 'evil.example' })).toBe(403)
    expect(await status({ host: `localhost.evil.example:${port}` })).toBe(403)
    expect(await status({ host: `localhost:${port}`, origin: 'https://evil.example' })).toBe(403)
    expect(await status({ host: `localhost:${port}`, origin: 'null' })).toBe(403)
    expect(await status({ host: `localhost:${port}`, 'sec-fetch-site': 'cross-site' })).toBe(403)
  })

  it('refuses them also where credentials are configured, but from callers that show one', async () => {
    const port = await serve({ credentials })
    const status = async (headers: Record<string, string>) =>
      (await post(port, '/v1/data/rbac', '{"input":1}', headers)).status
    expect(await status({ host: 'evil.example' })).toBe(403)
    expect(await status({ host: `localhost:${port}`, origin: 'https://evil.example' })).toBe(403)
    expect(await status({ host: 'evil.example', authorization: 'Bearer secret-a' })).toBe(200)
  })

  it('answers nothing but health and metrics without a bundle', async () => {
    const port = await serve({}, false)
    expect(await send(port, '/health')).toMatchObject({ status: 500 })
    expect(await send(port, '/metrics')).toMatchObject({ status: 200 })
    for (const path of ['/v1/data/rbac', '/v1/status', '/v1/nothing']) {
      expect(await send(port, path)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    }
  })

  it('shows metrics without a bundle to nobody unknown beyond loopback, where no policy can say who may', async () => {
    const port = await serve({ credentials, loopback: false }, false)
    expect(await send(port, '/health')).toMatchObject({ status: 500 })
    expect(await send(port, '/metrics')).toMatchObject({ status: 401 })
    const headers = { authorization: 'Bearer secret-a' }
    expect(await send(port, '/metrics', { headers })).toMatchObject({ status: 200 })
  })
})

describe('operations', () => {
  it('shows health, status and metrics', async () => {
    const port = await serve()
    expect(await send(port, '/health?bundles&plugins')).toMatchObject({ status: 200, text: '{}' })
    expect((await send(port, '/v1/status')).json).toMatchObject({
      result: {
        bundles: { sallyport: { active_revision: bundle.revision, version: 1 } },
        nodes: [{ node: 'api', revision: bundle.revision }],
        plugins: { bundle: { state: 'OK' }, decision_logs: { state: 'OK' } },
      },
    })
    await send(port, '/v1/data/canary-path/x')
    const { text } = await send(port, '/metrics')
    expect(text).toContain(
      'http_request_duration_seconds_count{node="api",code="200",handler="v1/data",method="get"} 1',
    )
    expect(text).not.toContain('canary-path')
  })

  it('purges caches on request', async () => {
    const port = await serve()
    expect(await post(port, '/v1/cache/purge', '')).toMatchObject({ status: 204 })
    expect(await post(port, '/v1/cache/purge', '{"subject":"s"}')).toMatchObject({ status: 204 })
    expect(await post(port, '/v1/cache/purge', '{"sub":"s"}')).toMatchObject({ status: 400 })
    expect(purged).toEqual([undefined, 's'])
  })

  it('answers 503 over its capacity, and goes on after', async () => {
    const port = await serve({ limits: { inFlight: 0 } })
    expect(await send(port, '/v1/data/rbac')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    const headers = { cookie: 'x'.repeat(20_000) }
    expect(await send(port, '/health', { headers })).toMatchObject({ status: 431 })
  })
})
