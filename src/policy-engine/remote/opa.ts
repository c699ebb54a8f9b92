/**
 * A remote OPA server that answers a decision, by its Data API: one deadline over all tries, further tries only where nothing
 * was answered, a breaker before it. Whatever goes wrong is PolicyUnavailable; the result is judged by whoever asked.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { EgressError, type EgressRefusal, type EgressResponse } from '../../egress/egress.ts'
import type { RemoteService } from '../../egress/service.ts'
import { PolicyUnavailable } from '../../kernel/errors.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Revisions } from '../engine.ts'
import { parseExact } from '../exact-json.ts'
import { type Breaker, BreakerOpen, createBreaker } from './breaker.ts'
import { isGateway, NoAnswer, sayBreaker } from './outage.ts'

export interface RemoteQuestion {
  /** Of the decision, for the error. */
  readonly decision: string
  /** Below `data`: `authz/token/decision`. */
  readonly path: string
  readonly input: unknown
  /** Numbers keep their text. */
  readonly exact?: boolean
  readonly strict?: boolean
}

export interface RemoteAnswer {
  /** Undefined where the document is. */
  readonly result: unknown
  /** What the server says it judged by; where it has no bundle, its name with no revision. */
  readonly bundles: Revisions
  /** The server's own id, where it logs decisions itself. */
  readonly decisionId: string | undefined
}

export interface RemoteEngine {
  readonly name: string
  readonly breaker: Pick<Breaker, 'state' | 'stats'>
  /** Throws PolicyUnavailable. */
  ask(question: RemoteQuestion): Promise<RemoteAnswer>
  close(): void
}

export interface RemoteOptions {
  readonly name: string
  /** Over all tries. */
  readonly deadlineMs: number
  /** Further tries. */
  readonly retries: number
  readonly logger: Logger
  readonly onChange?: () => void
}

const PROBE_MS = 500
const RETRY_MS = 25
const MAX_ANSWER_BYTES = 1024 * 1024
const UNANSWERED: ReadonlySet<EgressRefusal> = new Set(['unreachable', 'timeout', 'tls'])

export function openRemote(service: RemoteService, options: RemoteOptions): RemoteEngine {
  const { name, deadlineMs, retries, logger, onChange = () => {} } = options
  const breaker = createBreaker({
    name,
    isOutage: (error) => error instanceof NoAnswer,
    probe: async () => {
      const { status } = await service.request({
        method: 'GET',
        path: 'health',
        deadlineMs: Math.min(PROBE_MS, deadlineMs),
      })
      if (isGateway(status)) throw new NoAnswer('unreachable', status)
    },
    onChange: (state) => {
      sayBreaker(logger, name, state)
      onChange()
    },
  })

  const once = async (path: string, body: string, leftMs: number): Promise<EgressResponse> => {
    const headers = { 'content-type': 'application/json' }
    try {
      const request = { method: 'POST', path, headers, body, deadlineMs: leftMs, maxBytes: MAX_ANSWER_BYTES } as const
      const answer = await service.request(request)
      if (isGateway(answer.status)) throw new NoAnswer('unreachable', answer.status)
      return answer
    } catch (error) {
      if (!(error instanceof EgressError) || !UNANSWERED.has(error.code)) throw error
      throw new NoAnswer(error.code === 'timeout' ? 'timeout' : 'unreachable', error)
    }
  }
  /** A question changes nothing over there, so that it may be asked twice. Jitter keeps callers from coming back together. */
  const send = async (path: string, body: string): Promise<EgressResponse> => {
    const endsMs = performance.now() + deadlineMs
    for (let tried = 0; ; tried++) {
      try {
        return await once(path, body, Math.max(1, Math.ceil(endsMs - performance.now())))
      } catch (error) {
        const waitMs = Math.random() * RETRY_MS * 2 ** tried
        const isWorthIt = error instanceof NoAnswer && error.reason === 'unreachable' && tried < retries
        if (!isWorthIt || performance.now() + waitMs >= endsMs) throw error
        await delay(waitMs)
      }
    }
  }
  const ask = async ({ decision, path, input, exact, strict }: RemoteQuestion): Promise<RemoteAnswer> => {
    const flags = `provenance=true${strict === true ? '&strict-builtin-errors=true' : ''}`
    const address = `v1/data/${path.split('/').map(encodeURIComponent).join('/')}?${flags}`
    let answer: EgressResponse
    try {
      answer = await breaker.run(() => send(address, JSON.stringify(input === undefined ? {} : { input })))
    } catch (cause) {
      throw unavailable(decision, cause)
    }
    if (answer.status === 200) return read(name, decision, parsed(decision, answer.body, exact === true))
    throw new PolicyUnavailable(answer.status === 500 ? 'trap' : 'unreachable', decision, {
      cause: answer.status,
      detail: `${name} answers ${answer.status}`,
    })
  }
  return { name, breaker, ask, close: () => breaker.close() }
}

function unavailable(decision: string, cause: unknown): PolicyUnavailable {
  if (cause instanceof NoAnswer) return new PolicyUnavailable(cause.reason, decision, { cause: cause.cause })
  if (cause instanceof BreakerOpen) return new PolicyUnavailable('unreachable', decision, { detail: cause.message })
  return new PolicyUnavailable('unreachable', decision, { cause })
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function parsed(decision: string, body: Uint8Array, exact: boolean): unknown {
  try {
    const text = decoder.decode(body)
    return exact ? parseExact(text) : JSON.parse(text)
  } catch (cause) {
    throw new PolicyUnavailable('wrong_result', decision, { cause })
  }
}

/** Throws PolicyUnavailable where it is no answer of the Data API. */
function read(name: string, decision: string, answer: unknown): RemoteAnswer {
  if (!isRecord(answer)) throw new PolicyUnavailable('wrong_result', decision)
  const provenance = isRecord(answer.provenance) ? answer.provenance : {}
  const bundles = revisions(isRecord(provenance.bundles) ? provenance.bundles : {})
  const id = answer.decision_id
  return {
    result: answer.result,
    bundles: Object.keys(bundles).length > 0 ? bundles : { [name]: { revision: '' } },
    decisionId: typeof id === 'string' && id.length <= MAX_NAME ? id : undefined,
  }
}

const MAX_NAME = 256
const MAX_BUNDLES = 64

/** What goes on into log and answers is bounded, whatever the server sends. */
function revisions(bundles: Record<string, unknown>): Revisions {
  const named = Object.entries(bundles).flatMap(([name, bundle]) => {
    const revision = isRecord(bundle) ? bundle.revision : undefined
    const isShort = name.length <= MAX_NAME && typeof revision === 'string' && revision.length <= MAX_NAME
    return isShort ? [[name, { revision }] as const] : []
  })
  return Object.fromEntries(named.slice(0, MAX_BUNDLES))
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
