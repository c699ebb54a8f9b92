/** One limit over two processes on one Redis (AUTH, TLS), in batches and exactly. docs/adr/0016; RFC 6585 4; checklist 20. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../../src/kernel/ids.ts'
import { Keys } from '../../src/storage/redis/keys.ts'
import { makeCertificates } from '../servers/certificates.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { until } from '../servers/until.ts'
import { startFurtherNode } from './nodes.ts'
import { type Answer, post } from './requests.ts'

const WINDOW_SECONDS = 3600
const LIMIT = 100
const BATCH_SHARE = 0.1
const BATCH = LIMIT * BATCH_SHARE
/** Under 10, so that a batch is one hit. */
const EXACT_LIMIT = 8

const folder = mkdtempSync(join(tmpdir(), 'sallyport-rates-'))
let deployment: Deployment
let nodes: readonly [string, string]

beforeAll(async () => {
  const tls = await makeCertificates(folder)
  const rate = {
    mode: 'on',
    window_seconds: WINDOW_SECONDS,
    batch_percent: BATCH_SHARE * 100,
    token: { client: LIMIT },
    introspect: { client: EXACT_LIMIT },
  }
  deployment = await deploy('redis', { redis: { tls }, settings: { limits: { rate } } })
  nodes = [deployment.issuer, (await startFurtherNode(deployment)).address]
})
afterAll(async () => {
  await deployment?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const at = (index: number) => ({ issuer: nodes[index % 2 === 0 ? 0 : 1] })
const tokenOf = (index: number, client: TestClient, scope: string): Promise<Answer> =>
  post(at(index), '/oauth/token', client, { grant_type: 'client_credentials', scope })
/** What the nodes have told the store of this client, in the window of now. */
async function toldOf({ id }: TestClient): Promise<number> {
  const window = Math.floor(Date.now() / 1000 / WINDOW_SECONDS)
  const key = new Keys('sallyport:').limit(TENANT, `rate:token:client:${window}:${digestOf(id)}`)
  return Number(await deployment.redis?.command('HGET', key, 'hits'))
}

const admitted = (answers: readonly Answer[]): number => answers.filter(({ status }) => status === 200).length

function expectRefusals(answers: readonly Answer[]): void {
  for (const { status, headers, body } of answers.filter((answer) => answer.status !== 200)) {
    expect([status, body.error]).toEqual([429, 'slow_down'])
    const seconds = Number(headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(WINDOW_SECONDS)
  }
}

test('two processes on one Redis admit a client about as often as its limit says, together, and tell the rest when to come again (checklist 20)', async () => {
  const { web, admin } = deployment.population
  // No window turns meanwhile.
  const leftMs = () => WINDOW_SECONDS * 1000 - (Date.now() % (WINDOW_SECONDS * 1000))
  await until(async () => leftMs() > 30_000, 'a window with time left')
  const answers: Answer[] = []
  while (answers.length < 2 * LIMIT) {
    for (const index of Array(nodes.length * BATCH).keys()) answers.push(await tokenOf(index, web, 'orders:read'))
    // What comes while a report is on its way is admitted beyond that: here none is.
    const untold = nodes.length * (BATCH - 1)
    await until(async () => (await toldOf(web)) >= admitted(answers) - untold, 'both nodes have told their batches')
  }
  const total = admitted(answers)
  console.log(`limit ${LIMIT}: two nodes admitted ${total} of ${answers.length}`)
  expect(total).toBeGreaterThanOrEqual(LIMIT)
  // Each node may have admitted a batch that it had not told.
  expect(total).toBeLessThanOrEqual(LIMIT * (1 + nodes.length * BATCH_SHARE))
  expectRefusals(answers)
  // Both know, and nobody else is meant.
  for (const index of nodes.keys()) {
    expect((await tokenOf(index, web, 'orders:read')).status).toBe(429)
    expect((await tokenOf(index, admin, 'scim')).status).toBe(200)
  }
})

test('a limit whose batch is one hit is exact over both, however many come at once (docs/adr/0016; checklist 20)', async () => {
  const { resourceServer } = deployment.population
  const ask = (index: number) => post(at(index), '/oauth/introspect', resourceServer, { token: 'unknown' })
  const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => ask(index)))
  expect(admitted(answers)).toBe(EXACT_LIMIT)
  expectRefusals(answers)
})
