/** Upload of a decision log to a real service on loopback, which fails in each way that there is (OPA, "Decision Logs"). */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LogSink, startLogSink } from '../../../../test/servers/log-sink.ts'
import { until } from '../../../../test/servers/until.ts'
import { type ChainedLog, type ChainedLogOptions, openChainedLog } from '../../../audit/chained-log.ts'
import { rotatedSegments } from '../../../audit/segments.ts'
import { makeLogKey, readSigner, signatureCheck } from '../../../audit/signer.ts'
import { verifyLog } from '../../../audit/verify/verify.ts'
import { openEgress } from '../../../egress/open.ts'
import { openService, type RemoteService } from '../../../egress/service.ts'
import { createLogger } from '../../../observability/logger.ts'
import { createMetrics, type Metrics } from '../../../observability/metrics.ts'
import type { CursorKey } from './cursor.ts'
import { startUploader, type Uploader, type UploaderOptions, type UploadTimes } from './uploader.ts'

let folder: string
let sink: LogSink
let log: ChainedLog
let metrics: Metrics
let uploader: Uploader | undefined
const ids: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upload-'))
  sink = await startLogSink()
  ids.length = 0
})
afterEach(async () => {
  await uploader?.close()
  uploader = undefined
  await log.close()
  await sink.stop()
  await rm(folder, { recursive: true })
})

const openLog = (options: ChainedLogOptions = {}) => {
  log = openChainedLog(join(folder, 'decisions-t.jsonl'), options)
}
const serviceAt = (url: string): RemoteService =>
  openService(
    { name: 'sink', url: new URL(url), deadlineMs: 2000 },
    { egress: openEgress({ allow: [new URL(url).host], unlisted: 'none' }) },
  )
const start = (times: Partial<UploadTimes & Pick<UploaderOptions, 'random' | 'sleep'>> = {}, key?: CursorKey) => {
  metrics = createMetrics('t')
  const service = serviceAt(sink.url)
  uploader = startUploader({
    log,
    service: async () => service,
    metrics,
    logger: createLogger({ destination: { write: () => {} } }),
    resource: 'logs',
    sizeLimitBytes: 32_768,
    minDelayMs: 1,
    maxDelayMs: 20,
    key,
    ...times,
  })
}
async function decide(count: number, more: object = {}): Promise<void> {
  const events = Array.from({ length: count }, () => {
    const decision_id = randomUUID()
    const event = { labels: { id: 'i' }, decision_id, input: { x: randomBytes(30).toString('hex') }, ...more }
    const text = JSON.stringify(event)
    return log.append(`${text.slice(0, -1)},"custom":{`, '}}').then(() => ids.push(decision_id))
  })
  await Promise.all(events)
}
const taken = () => until(async () => new Set(sink.decisionIds()).size === ids.length, 'all events in the sink')
const count = async (name: string): Promise<number> =>
  Number(new RegExp(`^${name}\\S* ([\\d.]+)$`, 'm').exec(await metrics.registry.metrics())?.[1])

describe('upload of a decision log', () => {
  it('sends gzipped arrays of events as they stand in the file, in order, each once', async () => {
    openLog()
    await decide(3)
    await log.append('{"decision_id":"dropped","labels":{},"custom":{"dropped":true,', '}}')
    start()
    await decide(50)
    await taken()
    await decide(2)
    await taken()
    expect(sink.decisionIds()).toEqual(ids)
    expect(sink.chunks[0]).toMatchObject({ path: '/logs', headers: { 'content-encoding': 'gzip' } })
    const lines = (await readFile(log.path, 'utf8')).split('\n')
    expect(lines).toEqual(expect.arrayContaining([...sink.events()]))
  })

  it('fills chunks up to their size, compressed, and never beyond', async () => {
    openLog()
    await decide(3000)
    start({ sizeLimitBytes: 8192 })
    await taken()
    expect(sink.decisionIds()).toEqual(ids)
    const sizes = sink.chunks.map(({ bytes }) => bytes)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8192)
    const settled = sizes.slice(3, -1)
    expect(settled.reduce((sum, bytes) => sum + bytes, 0) / settled.length).toBeGreaterThan(8192 * 0.6)
  })

  it.each([
    ['answers 500', [500, 500, 200]],
    ['answers 429', [429, 200]],
    ['redirects', [302, 200]],
    ['breaks connections', ['drop', 'drop', 200]],
    ['is slow', ['slow', 'slow', 200]],
    ['flaps', [500, 200, 'drop', 200, 503, 200, 429, 200]],
  ] as const)('loses and repeats nothing where the service %s', async (_what, moods) => {
    openLog()
    sink.feel(...moods)
    start({ sizeLimitBytes: 1024 })
    for (let n = 0; n < 10; n += 1) await decide(10)
    await taken()
    expect(sink.decisionIds()).toEqual(ids)
  })

  it('sends again what the service may not have kept', async () => {
    openLog()
    sink.feel('lost', 200)
    await decide(10)
    start()
    await until(async () => sink.chunks.length === 2, 'the chunk again')
    expect(sink.chunks.map(({ events }) => events.length)).toEqual([10, 10])
  })

  it('tells how much waits and how old it is while the service is down, and sends it once it is back', async () => {
    openLog()
    await sink.shut()
    start()
    await decide(20, { timestamp: new Date(Date.now() - 60_000).toISOString() })
    await until(async () => (await count('decision_logs_chunks_upload_failed')) > 2, 'failed attempts')
    expect(await count('decision_logs_waiting_bytes')).toBeGreaterThan(1000)
    expect(await count('decision_logs_oldest_waiting_seconds')).toBeGreaterThan(59)
    await sink.open()
    await taken()
    await until(async () => (await count('decision_logs_waiting_bytes')) === 0, 'nothing waits')
    expect(await count('decision_logs_oldest_waiting_seconds')).toBe(0)
  })

  it('loses nothing while the service is down for an hour, and asks it less and less often', async () => {
    openLog({ rotateBytes: 4096 })
    await sink.shut()
    const [hourMs, maxDelayMs] = [3_600_000, 300_000]
    const slept: number[] = []
    const passedMs = () => slept.reduce((sum, ms) => sum + ms, 0)
    /** An hour of waiting passes at once; decisions are made all the while. */
    const sleep = async (ms: number, signal: AbortSignal) => {
      if (signal.aborted) return
      if (passedMs() >= hourMs) return pause(1, undefined, { signal }).catch(() => {})
      slept.push(ms)
      await decide(20)
      if (passedMs() >= hourMs) await sink.open()
    }
    start({ minDelayMs: 1000, maxDelayMs, random: () => 1, sleep })
    await until(async () => passedMs() >= hourMs, 'an hour')
    await decide(20)
    await taken()
    expect(sink.decisionIds()).toEqual(ids)
    const retries = slept.slice(1)
    expect(retries.slice(0, 4)).toEqual([500, 1000, 2000, 4000])
    expect(Math.max(...retries)).toBe(maxDelayMs)
    expect(ids).toHaveLength(20 * (slept.length + 1))
    await until(async () => (await count('decision_logs_waiting_bytes')) === 0, 'nothing waits')
    await uploader?.close()
    await log.close()
    expect((await verifyLog([...rotatedSegments(log.path), log.path])).findings).toEqual([])
  })

  it('goes on behind the last chunk after a restart', async () => {
    openLog()
    start()
    await decide(30)
    await taken()
    await uploader?.close()
    await log.close()
    openLog()
    await decide(30)
    start()
    await taken()
    expect(sink.decisionIds()).toEqual(ids)
  })

  it('sends what waits when it ends, and keeps what the service does not take', async () => {
    openLog()
    start({ minDelayMs: 60_000, maxDelayMs: 60_000 })
    await decide(5)
    await uploader?.close()
    expect(sink.decisionIds()).toEqual(ids)
    sink.feel(500)
    start({ minDelayMs: 60_000, maxDelayMs: 60_000 })
    await decide(5)
    await uploader?.close()
    expect(uploader?.trouble).toMatchObject({ code: 'decision_log_error', http_code: 500 })
    sink.feel(200)
    start()
    await taken()
    expect(sink.decisionIds()).toEqual(ids)
    await until(async () => uploader?.trouble === undefined, 'no trouble')
  })

  it('drops nd_builtin_cache of an event that is too large alone, and nothing else of it', async () => {
    openLog()
    const noise = randomBytes(6000).toString('base64')
    await decide(1, { nd_builtin_cache: { 'http.send': { '[]': noise } } })
    await decide(1, { result: randomBytes(6000).toString('base64') })
    start({ sizeLimitBytes: 4096 })
    await taken()
    const [first, second] = sink.events().map((event) => JSON.parse(event))
    expect(first).toMatchObject({
      input: expect.anything(),
      erased: ['/nd_builtin_cache'],
      custom: { chain: { seq: 1 } },
    })
    expect(first).not.toHaveProperty('nd_builtin_cache')
    expect(second).toHaveProperty('result')
    expect(await count('decision_logs_nd_builtin_cache_dropped')).toBe(1)
  })

  it('sends smaller chunks to a service that takes less, and an event that it will not take without its content', async () => {
    await sink.stop()
    sink = await startLogSink({ maxBytes: 2048 })
    openLog()
    await decide(200)
    await decide(1, { result: randomBytes(6000).toString('base64') })
    start()
    await taken()
    expect(sink.decisionIds()).toEqual(ids)
    const last = JSON.parse(sink.events().at(-1) ?? '')
    expect(last).toMatchObject({ decision_id: ids.at(-1), erased: ['/input', '/result', '/nd_builtin_cache'] })
  })

  it('removes files that were taken whole, so that a log that was full goes on, and the chain says so', async () => {
    openLog({ budgetBytes: 20_000 })
    await sink.shut()
    start()
    for (let n = 0; n < 30; n += 1) await decide(10).catch(() => {})
    expect(log.healthy).toBe(false)
    const before = rotatedSegments(log.path).length
    expect(before).toBeGreaterThan(1)
    await sink.open()
    await until(async () => rotatedSegments(log.path).length <= 1, 'files removed')
    await decide(10)
    expect(log.healthy).toBe(true)
    await taken()
    expect(sink.decisionIds()).toEqual(ids)
    await uploader?.close()
    await log.close()
    const result = await verifyLog([...rotatedSegments(log.path), log.path])
    expect(result.findings).toEqual([])
    expect(result.notes.filter((note) => note.includes('was removed')).length).toBeGreaterThanOrEqual(before - 1)
  })

  it('believes no cursor that its key did not sign, or that is of another file: all is sent again rather than none', async () => {
    const file = join(folder, 'key.pem')
    makeLogKey(file)
    const key = { signer: readSigner(file), check: signatureCheck(await readFile(file, 'utf8')) }
    openLog()
    start({}, key)
    await decide(5)
    await taken()
    await uploader?.close()
    const cursorFile = join(folder, 'decisions-t.cursor')
    const kept = JSON.parse(await readFile(cursorFile, 'utf8'))
    const sent = sink.chunks.length
    start({}, key)
    await decide(1)
    await taken()
    expect(sink.chunks.slice(sent).flatMap(({ events }) => events)).toHaveLength(1)
    await uploader?.close()
    for (const changed of [
      { ...kept, seq: 2 },
      { ...kept, offset: 10 },
      { ...kept, inode: 1 },
    ]) {
      await writeFile(cursorFile, JSON.stringify(changed))
      const before = sink.events().length
      start({}, key)
      await until(async () => sink.events().length === before + 6, 'all events again')
      await uploader?.close()
    }
  })
})
