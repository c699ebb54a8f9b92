/** The one-process shape with real parts: two threads, hot reload under load, a hung and a crashed policy API thread. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../observability/logger.ts'
import { FIXTURE_KEYS, packFixture, SMALL } from './bundle/bundle-fixture.ts'
import { fileMarks } from './life/file-marks.ts'
import { openPolicyPlatform, type PolicyPlatform } from './platform.ts'
import { askUserinfo } from './question-fixture.ts'
import type { Engine } from './wasm/open.ts'

let folder: string
let path: string
let platform: PolicyPlatform
const lines: string[] = []
/** A search that takes some 10^12 steps. */
const endless = { hay: 'a'.repeat(2_000_000), needle: `${'a'.repeat(1_000_000)}b` }
const source = (answer: number) => ({ ...SMALL, data: { rbac: { answer } } })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platform-'))
  path = join(folder, 'bundle.tar.gz')
  lines.length = 0
  await writeFile(path, await packFixture(source(0), 1))
  platform = await open('host')
})
const open = async (engine: Engine): Promise<PolicyPlatform> => {
  const opened = await openPolicyPlatform({
    bundles: {
      platform: { path, keys: FIXTURE_KEYS, minimumVersion: 0, requiredEntrypoints: ['system/log/mask'], engine },
    },
    marks: fileMarks(join(folder, 'marks.json')),
    logDirectory: join(folder, 'logs'),
    version: '1.0.0',
    api: { host: '127.0.0.1', port: 0 },
    logger: createLogger({ destination: { write: (line) => lines.push(line) } }),
    heartbeatMs: 1000,
    deadlineMs: 200,
  })
  await opened.ready
  return opened
}
afterEach(async () => {
  await platform.close()
  await rm(folder, { recursive: true })
})

interface DataAnswer {
  readonly result?: unknown
}
const ask = async (document: string, input: unknown) => {
  const response = await fetch(`http://127.0.0.1:${platform.port}/v1/data/${document}`, {
    method: 'POST',
    body: JSON.stringify({ input }),
  })
  return {
    status: response.status,
    revision: response.headers.get('sallyport-revision'),
    json: (await response.json()) as DataAnswer,
  }
}
/** Asks until the service answers again; bounded by a deadline. */
const recovered = async () => {
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; ) {
    const answer = await ask('probe/echo', 1).catch(() => undefined)
    if (answer?.status === 200) return answer
  }
  throw new Error('the policy API did not come back')
}

describe('policy platform', () => {
  it('decides on this thread and answers the Data API on another, both under the same revision', async () => {
    const verdict = await platform.decide('userinfo', askUserinfo())
    const answer = await ask('probe/echo', 'x')
    expect(answer).toMatchObject({ status: 200, revision: verdict.revision, json: { result: { answer: 0 } } })
    expect(platform.status()).toMatchObject({
      bundles: { sallyport: { active_revision: verdict.revision, version: 1 } },
      nodes: [
        { node: 'auth', revision: verdict.revision },
        { node: 'api', revision: verdict.revision },
      ],
      plugins: { bundle: { state: 'OK' }, decision_logs: { state: 'OK' } },
    })
    const status = (await (await fetch(`http://127.0.0.1:${platform.port}/v1/status`)).json()) as { result: object }
    expect(status.result).toMatchObject({ nodes: [{ node: 'auth' }, { node: 'api' }] })
    const metrics = await (await fetch(`http://127.0.0.1:${platform.port}/metrics`)).text()
    expect(metrics).toContain('decisions_total{decision="userinfo",outcome="allow",node="auth"} 1')
    expect(metrics).toContain('decisions_total{decision="data_api",outcome="defined",node="api"} 1')
  })

  it('swaps 20 times under load without a failed request, each answer true to the revision it names', async () => {
    const answers = new Map<string, number>()
    let asking = true
    let asked = 0
    const seen: { revision: string | null; answer: number }[] = []
    const load = Array.from({ length: 4 }, async () => {
      while (asking) {
        const { status, revision, json } = await ask('probe/echo', 1)
        expect(status).toBe(200)
        seen.push({ revision, answer: (json.result as { answer: number }).answer })
        asked += 1
      }
    })
    const revisions = () => platform.status().nodes.map(({ revision }) => revision)
    answers.set(revisions()[0] ?? '', 0)
    for (let version = 2; version <= 21; version++) {
      const bytes = await packFixture(source(version), version)
      if (version % 2 === 0) {
        await writeFile(`${path}.new`, bytes)
        await rename(`${path}.new`, path)
      } else await writeFile(path, bytes)
      await expect
        .poll(() => platform.status().nodes.map((node) => node.version), { timeout: 60_000, interval: 5 })
        .toEqual([version, version])
      answers.set(revisions()[0] ?? '', version)
    }
    asking = false
    await Promise.all(load)
    expect(asked).toBeGreaterThan(50)
    expect(answers.size).toBe(21)
    for (const { revision, answer } of seen) expect(answers.get(revision ?? '')).toBe(answer)
  })

  it('answers unavailable to a decision beyond its deadline, on a thread that serves on', async () => {
    expect(await ask('probe/spin', endless)).toMatchObject({ status: 503, json: { code: 'unavailable' } })
    expect(await ask('probe/echo', 1)).toMatchObject({ status: 200, json: { result: { input: 1, answer: 0 } } })
    expect(lines.join()).not.toContain('hangs')
  })

  it('ends a policy API thread whose decision never ends, and decides on meanwhile (engine: sdk)', async () => {
    await platform.close()
    platform = await open('sdk')
    const hung = ask('probe/spin', endless).catch(() => 'gone')
    expect(await platform.decide('userinfo', askUserinfo())).toMatchObject({ allow: true })
    expect(await hung).toBe('gone')
    expect(await platform.decide('userinfo', askUserinfo())).toMatchObject({ allow: true })
    expect((await recovered()).json).toMatchObject({ result: { input: 1, answer: 0 } })
    expect(lines.join()).toContain('hangs and is ended')
  })

  it('keeps the old bundle on both threads when a new one is refused, and says why', async () => {
    await writeFile(path, 'nonsense')
    await expect.poll(() => platform.status().bundles.sallyport?.code, { timeout: 60_000 }).toBe('not_a_bundle')
    expect(await ask('probe/echo', 1)).toMatchObject({ status: 200 })
    const status = (await (await fetch(`http://127.0.0.1:${platform.port}/v1/status`)).json()) as { result: object }
    expect(status.result).toMatchObject({
      bundles: { sallyport: { code: 'not_a_bundle', version: 1 } },
      plugins: { bundle: { state: 'ERROR' } },
    })
  })

  it('empties the caches of both threads by the API', async () => {
    const hits = async () =>
      (await platform.metrics.registry.getSingleMetricAsString('decision_cache_total')).match(/hit.* (\d+)/)?.[1]
    await platform.decide('userinfo', askUserinfo())
    await platform.decide('userinfo', askUserinfo())
    expect(await hits()).toBe('1')
    const misses = () => platform.metrics.registry.getSingleMetricAsString('decision_cache_total')
    await fetch(`http://127.0.0.1:${platform.port}/v1/cache/purge`, { method: 'POST' })
    await expect
      .poll(async () => {
        await platform.decide('userinfo', askUserinfo())
        return misses()
      })
      .toContain('outcome="miss",node="auth"} 2')
  })
})
