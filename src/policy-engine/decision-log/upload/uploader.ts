/**
 * Uploads a decision log to a service that takes OPA's (OPA, "Decision Logs"): the log's files are the write-ahead, a cursor
 * says how far they were taken, and a file that was taken whole is removed once a newer one is under way. Nothing is passed
 * over: a service that is down, slow or refuses is asked again, with growing delays. After a crash the last chunk may be sent
 * twice; whoever reads them knows events by `decision_id`.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { ChainedLog } from '../../../audit/chained-log.ts'
import type { RemoteService } from '../../../egress/service.ts'
import type { Logger } from '../../../observability/logger.ts'
import type { Metrics } from '../../../observability/metrics.ts'
import { ChunkSize, packEvents, withoutCache, withoutContent } from './chunk.ts'
import { type CursorKey, inodeOf, keepCursor, readCursor, segmentsOf, withRemoved } from './cursor.ts'
import { chainEnds } from './ends.ts'
import { filesFrom, type Portion, readPortion } from './reader.ts'

export interface UploadTimes {
  /** Path below the service's address. */
  readonly resource: string
  /** Of a chunk, compressed. */
  readonly sizeLimitBytes: number
  readonly minDelayMs: number
  /** Also between attempts that fail. */
  readonly maxDelayMs: number
}

export interface UploaderOptions extends UploadTimes {
  readonly log: ChainedLog
  /** Opened when there is something to send. */
  readonly service: () => Promise<RemoteService>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly key?: CursorKey | undefined
  /** Between 0 and 1. */
  readonly random?: () => number
  /** Resolves after so many milliseconds, or earlier when the signal ends; in place of the system's timer. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Why the last attempt failed; OPA's members (OPA, "Status", `decision_logs`). */
export interface UploadTrouble {
  readonly code: 'decision_log_error'
  readonly message: string
  readonly http_code?: number
}

export interface Uploader {
  /** Undefined while the service takes what it is sent. */
  readonly trouble: UploadTrouble | undefined
  /** Sends what waits, if the service takes it at once; the rest is sent after the next start. */
  close(): Promise<void>
}

const FIRST_RETRY_MS = 500
/** Less than a thread is given to end. */
const FLUSH_MS = 1000
const ABORT_MS = 200
const TOO_LARGE = 413

export function startUploader(options: UploaderOptions): Uploader {
  const { log, metrics, logger, key, random = Math.random, sleep = timerSleep } = options
  const size = new ChunkSize(options.sizeLimitBytes)
  const closing = new AbortController()
  const abort = new AbortController()
  let closed = false
  let { position, removed } = readCursor(log.path, key)
  let underWay: Buffer | undefined
  let trouble: UploadTrouble | undefined
  metrics.upload.watch(() => ({
    bytes: filesFrom(log, position).reduce((sum, file) => sum + file.size - file.offset, 0),
    oldestSeconds: underWay === undefined ? 0 : Math.max(0, (Date.now() - timeOf(underWay)) / 1000),
  }))

  const wait = (ms: number): Promise<void> => sleep(ms, closing.signal)

  /** The status of the answer, 0 where there is none. */
  const send = async (body: Uint8Array): Promise<number> => {
    try {
      const service = await options.service()
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
      const request = { method: 'POST', path: options.resource, headers, body, signal: abort.signal } as const
      const { status } = await service.request(request)
      if (status < 200 || status > 299)
        logger.warn({ log: log.path, status }, 'decision log chunk refused; it is sent again')
      return status
    } catch (error) {
      logger.warn({ log: log.path, err: error }, 'decision log chunk not sent; it is sent again')
      return 0
    }
  }

  const deliver = async (events: readonly Buffer[]): Promise<'taken' | 'too_large' | 'closed'> => {
    const packed = await packWithin(events)
    if (packed === undefined) return 'too_large'
    let body = packed
    for (let failures = 0; ; failures += 1) {
      const status = await send(body)
      trouble = troubleOf(status)
      if (status >= 200 && status <= 299) {
        metrics.upload.chunks.inc()
        size.fitted(body.byteLength, textOf(events))
        return 'taken'
      }
      metrics.upload.failed.inc()
      if (status === TOO_LARGE && events.length > 1) {
        size.refused(body.byteLength)
        return 'too_large'
      }
      const [only] = events
      if (status === TOO_LARGE && only !== undefined) {
        metrics.upload.erased.inc()
        body = await packEvents([withoutContent(only)])
      }
      if (closed) return 'closed'
      await wait(Math.min(options.maxDelayMs, FIRST_RETRY_MS * 2 ** failures) * (0.5 + random() / 2))
    }
  }

  /** Undefined where fewer events must be tried; one alone is sent whatever its size. */
  const packWithin = async (events: readonly Buffer[]): Promise<Buffer | undefined> => {
    const packed = await packEvents(events)
    if (packed.byteLength <= size.limit) return packed
    if (events.length > 1) {
      size.tooLarge(packed.byteLength)
      return undefined
    }
    const smaller = events[0] && withoutCache(events[0])
    if (smaller === undefined) return packed
    metrics.upload.cacheDropped.inc()
    return packEvents([smaller])
  }

  const advance = async ({ end, lastLine }: Portion): Promise<void> => {
    const isNewFile = end.inode !== position.inode
    position = end
    underWay = undefined
    keepCursor(log.path, { position, removed }, lastLine, key)
    if (isNewFile) await removeTaken(lastLine)
  }
  /** Files before the one that the position is in. What was removed is kept first: each removal tells of those before too. */
  const removeTaken = async (lastLine: Buffer): Promise<void> => {
    const segments = segmentsOf(log.path)
    const at = segments.findIndex((path) => inodeOf(path) === position.inode)
    for (const segment of segments.slice(0, Math.max(0, at))) {
      removed = withRemoved(removed, await chainEnds(segment))
      keepCursor(log.path, { position, removed }, lastLine, key)
      await log.remove(segment, removed)
    }
  }

  const drain = async (): Promise<void> => {
    for (;;) {
      const portion = await readPortion(log, position, size.textBytes)
      if (portion === undefined) return
      underWay = portion.events[0]
      const outcome = portion.events.length === 0 ? 'taken' : await deliver(portion.events)
      if (outcome === 'closed') return
      if (outcome === 'taken') await advance(portion)
    }
  }
  const run = async (): Promise<void> => {
    do {
      await wait(options.minDelayMs + random() * Math.max(0, options.maxDelayMs - options.minDelayMs))
      try {
        await drain()
      } catch (error) {
        logger.error({ log: log.path, err: error }, 'the decision log cannot be uploaded; it is tried again')
      }
    } while (!closed)
  }
  const running = run()
  return {
    get trouble() {
      return trouble
    },
    close: async () => {
      closed = true
      closing.abort()
      const late = Promise.withResolvers<void>()
      const timers = [setTimeout(() => abort.abort(), FLUSH_MS), setTimeout(late.resolve, FLUSH_MS + ABORT_MS)]
      // A token endpoint that is asked for a credential hears of no abort.
      await Promise.race([running, late.promise])
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

const timerSleep = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { ref: false, signal }).catch(() => {})

function troubleOf(status: number): UploadTrouble | undefined {
  if (status >= 200 && status <= 299) return undefined
  const code = 'decision_log_error'
  if (status === 0) return { code, message: 'the service of the decision log does not answer' }
  return { code, message: `the service of the decision log answers ${status}`, http_code: status }
}

const textOf = (events: readonly Buffer[]): number => events.reduce((sum, { byteLength }) => sum + byteLength + 1, 0)

const timeOf = (event: Buffer): number => {
  const text = /"timestamp":"([^"]+)"/.exec(event.toString('utf8'))?.[1]
  const ms = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? Date.now() : ms
}
