/** For tests: the policy API of one node on a real socket, and a client that sends what it is told, byte for byte. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '../../observability/logger.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { writeArchive } from '../bundle/archive.ts'
import { buildFixture, FIXTURE_KEYS, type FixtureSource, signFixture } from '../bundle/bundle-fixture.ts'
import { loadBundle } from '../bundle/load.ts'
import { decisionLogPath, openDecisionLog } from '../decision-log/log.ts'
import type { VerifiedBundle } from '../engine.ts'
import { createNode, type PolicyNode } from '../node/node.ts'
import { BundleTracker, policyStatus } from '../status.ts'
import type { EvaluatorOptions } from '../wasm/open.ts'
import { createPolicyApi, type PolicyApi, type PolicyApiOptions } from './server.ts'

export const loadFixture = async (source: FixtureSource): Promise<VerifiedBundle> =>
  loadBundle(await writeArchive(signFixture(await buildFixture(source), 1)), {
    name: 'sallyport',
    keys: FIXTURE_KEYS,
    requiredEntrypoints: [],
  })

export interface ApiUnderTest {
  readonly port: number
  readonly app: PolicyApi
  readonly node: PolicyNode
  /** Of the operational log. */
  readonly lines: readonly string[]
  readonly purged: readonly (string | undefined)[]
  /** Of the decision log. */
  events(): Promise<readonly Readonly<Record<string, unknown>>[]>
  close(): Promise<void>
}

/** `bundle` is active; undefined: none is. */
export async function openApi(
  bundle: VerifiedBundle | undefined,
  over: Partial<PolicyApiOptions> = {},
  evaluation: EvaluatorOptions = {},
): Promise<ApiUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'api-'))
  const metrics = createMetrics('api')
  const log = openDecisionLog({ directory, labels: { id: 'i', version: '1', node: 'api' }, metrics })
  const node = createNode({ name: 'api', metrics, log, evaluation })
  const tracker = new BundleTracker('sallyport')
  if (bundle !== undefined) {
    await node.activate([bundle])
    tracker.activated(bundle, new Date().toISOString())
  }
  const lines: string[] = []
  const purged: (string | undefined)[] = []
  let closed = false
  const app = createPolicyApi({
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
  return {
    port: await app.listen({ host: '127.0.0.1', port: 0 }),
    app,
    node,
    lines,
    purged,
    events: async () =>
      (await readFile(decisionLogPath(directory, 'api'), 'utf8'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((event) => 'decision_id' in event),
    close: async () => {
      if (closed) return
      closed = true
      await app.close()
      await node.close()
      await rm(directory, { recursive: true })
    },
  }
}

export interface Sent {
  readonly method?: string
  readonly body?: string | Uint8Array | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export interface Received {
  readonly status: number
  readonly text: string
  readonly bytes: Buffer
  /** The body, where it is an object; else empty. */
  readonly json: Readonly<Record<string, unknown>>
  readonly headers: IncomingHttpHeaders
}

export function send(port: number, path: string, { method = 'GET', body, headers = {} }: Sent = {}): Promise<Received> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const chunks: Uint8Array[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const text = bytes.toString()
        const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
        resolve({ status: response.statusCode ?? 0, text, bytes, json, headers: response.headers })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export const post = (
  port: number,
  path: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Received> => send(port, path, { method: 'POST', body, headers })
