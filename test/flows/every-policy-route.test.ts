/** The policy API: over every route that the server has, none answers a question without a decision in the log. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createPolicyApi } from '../../src/policy-engine/api/server.ts'
import { openDecisionLog } from '../../src/policy-engine/decision-log/log.ts'
import { createNode, type PolicyNode } from '../../src/policy-engine/node.ts'
import { BundleTracker, policyStatus } from '../../src/policy-engine/status.ts'
import { signedBundle } from '../servers/auth-service.ts'

const TOKEN = 'a-token-of-the-operator'
const folder = mkdtempSync(join(tmpdir(), 'policy-routes-'))
const served = new Map<string, Set<string>>()
let app: FastifyInstance
let node: PolicyNode

/** Fastify tells of each server that is made, before any route is added to it. */
function onServer(message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url }) => {
    const methods = served.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    served.set(url, methods)
  })
}

beforeAll(async () => {
  const metrics = createMetrics('api')
  const log = openDecisionLog({ directory: folder, labels: { id: 'test', version: '0', node: 'api' }, metrics })
  node = createNode({ name: 'api', log, metrics })
  subscribe('fastify.initialization', onServer)
  app = createPolicyApi({
    node,
    credentials: [{ identity: 'operator', token: TOKEN }],
    loopback: true,
    version: '0',
    logger: createLogger({ level: 'silent' }),
    metrics,
    status: () => policyStatus([new BundleTracker('sallyport').status], [node.status()], true),
    metricsText: () => metrics.registry.metrics(),
    purge: () => {},
  })
  unsubscribe('fastify.initialization', onServer)
  await app.ready()
})
afterAll(async () => {
  await app.close()
  await node.close()
  rmSync(folder, { recursive: true })
})

/** What may succeed; every other method of these addresses is refused. */
const QUESTIONS = ['GET /v1/data', 'GET /v1/data/*', 'POST /v1/data', 'POST /v1/data/*']
const OPERATIONS = ['GET /health', 'GET /metrics', 'GET /v1/status', 'POST /v1/cache/purge']

interface Tried {
  readonly route: string
  readonly status: number
  readonly decisionId: unknown
}

/** Each route with each of its methods, asked by one who may do everything. */
async function tryAll(): Promise<Tried[]> {
  const routes = [...served].flatMap(([url, methods]) => [...methods].map((method) => ({ url, method })))
  return Promise.all(
    routes.map(async ({ url, method }) => {
      const answer = await app.inject({
        method: method as 'GET',
        url: url.replace('*', 'authz/token/decision'),
        headers: { authorization: `Bearer ${TOKEN}`, host: 'localhost' },
        ...(method === 'POST' && { payload: '{}' }),
      })
      const json: unknown = /json/.test(String(answer.headers['content-type'])) ? JSON.parse(answer.body || '{}') : {}
      const decisionId = typeof json === 'object' && json !== null ? Reflect.get(json, 'decision_id') : undefined
      return { route: `${method} ${url}`, status: answer.statusCode, decisionId }
    }),
  )
}

const logged = () =>
  readFileSync(join(folder, 'decisions-api.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line).decision_id)

test('without a bundle nothing but health and metrics says anything', async () => {
  for (const { route, status } of await tryAll()) {
    if (route === 'GET /metrics') expect(status).toBe(200)
    else expect([route, status < 400]).toEqual([route, false])
  }
})

test('every answer to a question is in the log under the decision id that it names; no other address answers one', async () => {
  await node.activate([await signedBundle()])
  const tried = await tryAll()
  const successes = tried.filter(({ status }) => status < 400)
  expect(successes.map(({ route }) => route).sort()).toEqual([...QUESTIONS, ...OPERATIONS].sort())
  const ids = logged()
  for (const { route, decisionId } of successes) {
    if (QUESTIONS.includes(route)) expect(ids).toContain(decisionId)
    else expect([route, decisionId]).toEqual([route, undefined])
  }
})

test('a stranger may ask for health only', async () => {
  for (const [url, methods] of served) {
    for (const method of methods) {
      const answer = await app.inject({
        method: method as 'GET',
        url: url.replace('*', 'rbac'),
        headers: { host: 'localhost' },
        remoteAddress: '203.0.113.7',
      })
      expect([method, url, answer.statusCode < 400]).toEqual([method, url, url === '/health' && method === 'GET'])
    }
  }
})
