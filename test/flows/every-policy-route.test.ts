/** The policy API: over every route that the server has, none answers a question without a decision in the log. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileChains } from '../../src/audit/file-chains.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createPolicyApi, type PolicyApi } from '../../src/policy-engine/api/server.ts'
import { openDecisionLog } from '../../src/policy-engine/decision-log/log.ts'
import { ACTIONS, createBundleDesk, type Handled } from '../../src/policy-engine/life/desk.ts'
import { createNode, type PolicyNode } from '../../src/policy-engine/node/node.ts'
import { createNoticeHub } from '../../src/policy-engine/notices/hub.ts'
import { BundleTracker, policyStatus } from '../../src/policy-engine/status.ts'
import { signedBundle } from '../servers/auth-service.ts'

const TOKEN = 'a-token-of-the-operator'
const folder = mkdtempSync(join(tmpdir(), 'policy-routes-'))
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']
const kept = [1, 0].map((version) => ({
  version,
  digest: String(version).repeat(64),
  revision: `r${version}`,
  key_id: 'test',
  size: 1,
  activated_at: '2026-01-01T00:00:00Z',
}))
/** Acts on the bundle, as its audit log has them. */
const acts: string[] = []
let app: PolicyApi
let node: PolicyNode
let port = 0

beforeAll(async () => {
  const metrics = createMetrics('api')
  const log = openDecisionLog({ directory: folder, labels: { id: 'test', version: '0', node: 'api' }, metrics })
  node = createNode({ name: 'api', log, metrics })
  const tracker = new BundleTracker('sallyport')
  const handled: Handled = {
    get active() {
      return node.active?.platform
    },
    kept,
    pin: { version: 1, digest: '1'.repeat(64), by: 'operator', since: '2026-01-01T00:00:00Z' },
    tryAgain: async () => {},
    setPin: async () => {},
    unpin: async () => {},
  }
  app = createPolicyApi({
    node,
    desk: createBundleDesk({
      bundles: () => [{ status: tracker.status, handled }],
      audit: async ({ event }) => void acts.push(event),
      now: () => '2026-01-01T00:00:00Z',
    }),
    notices: createNoticeHub(),
    heads: fileChains(join(folder, 'heads.json')).list,
    credentials: [{ identity: 'operator', token: TOKEN }],
    // Beyond loopback a caller without credential is a stranger.
    loopback: false,
    version: '0',
    logger: createLogger({ level: 'silent' }),
    metrics,
    status: () => policyStatus([tracker.status], [node.status()], true),
    metricsText: () => metrics.registry.metrics(),
    purge: () => {},
  })
  port = await app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await app.close()
  await node.close()
  rmSync(folder, { recursive: true })
})

/** What may succeed; every other method of these addresses is refused. */
const QUESTIONS = ['GET /v1/data', 'GET /v1/data/{path}', 'POST /v1/data', 'POST /v1/data/{path}']
/** The answer is the document alone. */
const BARE_QUESTIONS = ['POST /v0/data', 'POST /v0/data/{path}']
/** The decision ids stand with the answers. */
const BATCH_QUESTIONS = ['POST /v1/batch/data/{path}']
const OPERATIONS = [
  'GET /health',
  'GET /metrics',
  'HEAD /metrics',
  'GET /openapi.json',
  'GET /v1/audit/heads',
  'GET /v1/bundles',
  'GET /v1/config',
  'GET /v1/events',
  'GET /v1/status',
  'POST /v1/cache/purge',
  ...ACTIONS.map((action) => `POST /v1/bundles/sallyport/${action}`),
]

interface Tried {
  readonly route: string
  readonly status: number
  readonly decisionId: unknown
}

async function ask(method: string, path: string, authorization: Record<string, string>): Promise<Tried> {
  const answer = await request(`http://127.0.0.1:${port}${path.replace('{path}', 'authz/token/decision')}`, {
    method: method as 'GET',
    headers: authorization,
    ...(method === 'POST' && { body: path.startsWith('/v1/batch') ? '{"inputs":{"one":{}}}' : '{}' }),
  })
  const type = String(answer.headers['content-type'])
  // A stream of events never ends by itself.
  if (type === 'text/event-stream') answer.body.on('error', () => {}).destroy()
  const text = answer.body.destroyed ? '' : await answer.body.text()
  const json: unknown = /json/.test(type) ? JSON.parse(text || '{}') : {}
  const decisionId = typeof json === 'object' && json !== null ? Reflect.get(json, 'decision_id') : undefined
  return { route: `${method} ${path}`, status: answer.statusCode, decisionId }
}

/** Each address with each method, asked by one who may do everything. */
function tryAll(authorization: Record<string, string> = { authorization: `Bearer ${TOKEN}` }): Promise<Tried[]> {
  const paths = [...new Set(app.routes.map(({ path }) => path))].flatMap((path) =>
    path === '/v1/bundles/{path}' ? ACTIONS.map((action) => `/v1/bundles/sallyport/${action}`) : [path],
  )
  return Promise.all(paths.flatMap((path) => METHODS.map((method) => ask(method, path, authorization))))
}

const logged = () =>
  readFileSync(join(folder, 'decisions-api.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line).decision_id)

test('without a bundle nothing but health and metrics says anything', async () => {
  for (const { route, status } of await tryAll()) {
    if (/^(GET|HEAD) \/metrics$/.test(route)) expect(status).toBe(200)
    else expect([route, status < 400]).toEqual([route, false])
  }
})

test('every answer to a question is in the log under the decision id that it names; no other address answers one', async () => {
  await node.activate([await signedBundle()])
  const before = logged().length
  acts.length = 0
  const tried = await tryAll()
  const successes = tried.filter(({ status }) => status < 400)
  const asked = [...QUESTIONS, ...BARE_QUESTIONS, ...BATCH_QUESTIONS]
  expect(successes.map(({ route }) => route).sort()).toEqual([...asked, ...OPERATIONS].sort())
  expect(acts.sort()).toEqual(['bundle_activation_asked', 'bundle_pinned', 'bundle_rolled_back', 'bundle_unpinned'])
  const ids = logged()
  // The default decision, which this bundle lacks, is a question too.
  expect(ids.length - before).toBe(asked.length + 1)
  for (const { route, decisionId } of successes) {
    if (QUESTIONS.includes(route)) expect(ids).toContain(decisionId)
    else expect([route, decisionId]).toEqual([route, undefined])
  }
})

test('a stranger may ask for health only, and acts on nothing', async () => {
  acts.length = 0
  for (const { route, status } of await tryAll({})) {
    expect([route, status < 400]).toEqual([route, route === 'GET /health'])
  }
  expect(acts).toEqual([])
})
