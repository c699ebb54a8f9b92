/**
 * A bundle from an HTTP service (OPA, "Bundle Service API"): polled with the ETag of what is active, or waited for where the
 * service answers long polls. A service may be slow, lie or fail; what it says is never more than an offer.
 */
import { EgressError, type EgressResponse } from '../../egress/egress.ts'
import type { RemoteService } from '../../egress/service.ts'
import { BundleError } from '../engine.ts'
import { backOff, between, Pause, type Random } from './delay.ts'
import type { Feed, FeedListener, Outcome } from './feed.ts'

export interface ServiceSource {
  readonly service: RemoteService
  /** Below the service's address; default `bundles/<name>`. */
  readonly resource: string
  /** `manual`: only when it is asked to, by command. */
  readonly trigger?: 'periodic' | 'manual'
  /** Default 60 and 120 s. */
  readonly minDelayMs?: number
  readonly maxDelayMs?: number
  /** The service is asked to hold its answer for so long; absent: no long polls. */
  readonly longPollSeconds?: number
  /** For a whole download; default 60 s. */
  readonly deadlineMs?: number
  readonly random?: Random
}

export interface ServiceFeedOptions {
  readonly source: ServiceSource
  readonly listener: FeedListener
  readonly maxBytes: number
  /** Of what was activated from the copy on disk. */
  readonly etag?: string | undefined
}

const LONG_POLL_TYPE = 'application/vnd.openpolicyagent.bundles'
/** A service that answers long polls at once, with nothing new, is not asked in a tight circle. */
const NOTHING_NEW_MS = 1000

type Polled = Outcome | 'unchanged' | 'failed' | 'stopped'

export function serviceFeed({ source, listener, maxBytes, etag: known }: ServiceFeedOptions): Feed {
  const { service, resource, minDelayMs = 60_000, maxDelayMs = 120_000, deadlineMs = 60_000, random } = source
  const longPoll = source.longPollSeconds
  const pause = new Pause()
  let etag = known
  let holdsAnswers = longPoll !== undefined
  let inFlight: AbortController | undefined
  let closed = false
  let running: Promise<void> | undefined
  let failures = 0
  /** Each is settled by the first poll that began after it was asked for. */
  let asked: PromiseWithResolvers<void>[] = []

  const ask = async (waits: boolean): Promise<EgressResponse> => {
    inFlight = new AbortController()
    const prefer = waits ? `modes=snapshot;wait=${longPoll}` : 'modes=snapshot'
    return service.request({
      method: 'GET',
      path: resource,
      headers: { prefer, ...(etag !== undefined && { 'if-none-match': etag }) },
      deadlineMs: deadlineMs + (waits ? (longPoll ?? 0) * 1000 : 0),
      maxBytes,
      signal: inFlight.signal,
    })
  }
  const judge = async ({ status, headers, body }: EgressResponse): Promise<Polled> => {
    if (status === 304 && etag !== undefined) {
      listener.unchanged()
      return 'unchanged'
    }
    if (status !== 200) {
      listener.failed(new BundleError('source_refused', `the service answers ${status}`), status)
      return 'failed'
    }
    holdsAnswers = longPoll !== undefined && single(headers['content-type']) === LONG_POLL_TYPE
    if (body.byteLength === 0) {
      listener.empty()
      return 'unchanged'
    }
    const offered = single(headers.etag)
    const outcome = await listener.offered(body, offered)
    // Only what was accepted is remembered: whatever was refused is offered again, and may be fit by then.
    if (outcome === 'active' || outcome === 'held') etag = offered
    return outcome
  }
  const poll = async (waits: boolean): Promise<Polled> => {
    listener.requested()
    try {
      return await judge(await ask(waits))
    } catch (error) {
      if (closed || inFlight?.signal.aborted) return 'stopped'
      listener.failed(asRefusal(error))
      return 'failed'
    }
  }
  const delayAfter = (polled: Polled, tookMs: number): number => {
    if (polled === 'stopped') return 0
    if (polled === 'failed' || polled === 'refused' || polled === 'again') {
      failures += 1
      return backOff(failures - 1, maxDelayMs, random)
    }
    failures = 0
    if (!holdsAnswers) return between(minDelayMs, maxDelayMs, random)
    return polled === 'unchanged' && tookMs < NOTHING_NEW_MS ? NOTHING_NEW_MS : 0
  }
  const once = async (): Promise<number> => {
    const waiting = asked
    asked = []
    const began = performance.now()
    const polled = await poll(holdsAnswers && waiting.length === 0)
    for (const { resolve } of waiting) resolve()
    return delayAfter(polled, performance.now() - began)
  }
  const follow = async (): Promise<void> => {
    while (!closed) {
      const delayMs = await once()
      if (asked.length === 0 && !closed) await pause.wait(delayMs)
    }
    for (const { resolve } of asked) resolve()
  }
  const tryAgain = (): Promise<void> => {
    etag = undefined
    const turn = Promise.withResolvers<void>()
    asked.push(turn)
    if (source.trigger === 'manual') {
      running = (running ?? Promise.resolve()).then(async () => void (await once()))
    } else {
      inFlight?.abort()
      pause.wake()
    }
    return turn.promise
  }
  return {
    open: async () => {
      if (source.trigger === 'manual') return
      const first = Promise.withResolvers<void>()
      asked.push(first)
      running = follow()
      await first.promise
    },
    tryAgain,
    close: async () => {
      closed = true
      inFlight?.abort()
      pause.wake()
      await running
    },
  }
}

const single = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : header?.[0]

function asRefusal(error: unknown): BundleError {
  if (!(error instanceof EgressError)) {
    return new BundleError('source_unreachable', 'the bundle cannot be had', { cause: error })
  }
  if (error.code === 'too_large') return new BundleError('too_large', 'the service sends more than a bundle may have')
  return new BundleError('source_unreachable', `the service cannot be asked: ${error.code}`, { cause: error })
}
