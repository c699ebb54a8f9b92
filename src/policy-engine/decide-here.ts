/**
 * `Decide` on this thread: input validated → cache → evaluated → result validated → logged → answered. Whatever goes wrong
 * is PolicyUnavailable, and logged as that; no answer leaves that is not in the log.
 */
import { PolicyUnavailable, type UnavailableReason } from '../kernel/errors.ts'
import { cacheKey, MAX_TTL_SECONDS, roundTime } from './cache.ts'
import type { DecisionName } from './contract/index.ts'
import type { Decide, DecideContext, Verdict } from './decide.ts'
import type { DecisionEvent } from './decision-log/event.ts'
import { EvaluationTimeout } from './engine.ts'
import { type Active, type Judge, newEvent } from './judge.ts'
import { CONTRACT, isResultOf } from './validate.ts'

export function createDecide(judge: Judge): Decide {
  const { log, metrics } = judge

  /** Logs a question that got no answer and gives the error to throw. The log's own failure changes nothing: it denies. */
  const unavailable = async (
    on: Active,
    name: DecisionName,
    reason: UnavailableReason,
    event: DecisionEvent,
    why: { cause?: unknown; detail?: string } = {},
  ): Promise<PolicyUnavailable> => {
    metrics.decisions.inc({ decision: name, outcome: reason })
    await log.record({ ...event, error: { code: reason } }, on.evaluator).catch(() => {})
    return new PolicyUnavailable(reason, name, why)
  }

  const answer = async <N extends DecisionName>(
    on: Active,
    name: N,
    asked: unknown,
    context: DecideContext,
  ): Promise<Verdict<N>> => {
    const contract = CONTRACT[name]
    const event = newEvent(judge, on, contract.entrypoint, context.requestId)
    // An input out of contract may hold anything: nothing of it is logged.
    if (!contract.isInput(asked)) throw await unavailable(on, name, 'wrong_input', event)
    const prepared = prepare(on, contract.entrypoint, asked)
    const started = performance.now()
    const found = consult(judge, on, contract.entrypoint, prepared)
    const seconds = (performance.now() - started) / 1000
    metrics.decisionSeconds.observe({ decision: name }, seconds)
    const logged: DecisionEvent = {
      ...event,
      input: prepared.input,
      result: found.result,
      evaluationNs: Math.round(seconds * 1e9),
      cached: found.cached,
    }
    if (found.trap !== undefined) {
      const reason = found.trap instanceof EvaluationTimeout ? 'timeout' : 'trap'
      throw await unavailable(on, name, reason, logged, { cause: found.trap })
    }
    const { result } = found
    if (result === undefined) throw await unavailable(on, name, 'undefined', logged)
    if (!isResultOf(name, result)) {
      throw await unavailable(on, name, 'wrong_result', logged, { detail: contract.resultFault(result) })
    }
    if (prepared.key !== undefined && !found.cached) {
      judge.cache.set(prepared.key, found, prepared.ttlSeconds, subjectOf(asked))
    }
    try {
      await log.record(logged, on.evaluator)
    } catch (cause) {
      metrics.decisions.inc({ decision: name, outcome: 'audit' })
      throw new PolicyUnavailable('audit', name, { cause })
    }
    metrics.decisions.inc({ decision: name, outcome: result.allow ? 'allow' : 'deny' })
    return { ...result, decisionId: event.decisionId, revision: on.revision }
  }
  const decide = async <N extends DecisionName>(
    name: N,
    asked: unknown,
    context: DecideContext = {},
  ): Promise<Verdict<N>> => {
    const on = judge.take(name)
    try {
      return await answer(on, name, asked, context)
    } finally {
      on.lease.done()
    }
  }
  return decide as Decide
}

interface Prepared {
  /** As it is evaluated and logged. */
  readonly input: unknown
  readonly ttlSeconds: number
  /** Only where the entrypoint declares a ttl. */
  readonly key: string | undefined
}

function prepare({ platform, digest }: Active, entrypoint: string, asked: unknown): Prepared {
  const ttlSeconds = Math.min(platform.cacheTtlSeconds[entrypoint] ?? 0, MAX_TTL_SECONDS)
  if (ttlSeconds === 0) return { input: asked, ttlSeconds, key: undefined }
  const input = roundTime(asked, ttlSeconds)
  return { input, ttlSeconds, key: cacheKey(digest, entrypoint, input) }
}

interface Found {
  readonly result?: unknown
  readonly cached: boolean
  readonly trap?: unknown
}

function consult({ cache, metrics }: Judge, on: Active, entrypoint: string, { key, input }: Prepared): Found {
  if (key !== undefined) {
    const found = cache.get(key) as Found | undefined
    metrics.cache.inc({ outcome: found === undefined ? 'miss' : 'hit' })
    if (found !== undefined) return { ...found, cached: true }
  }
  try {
    return { result: on.evaluator.evaluate(entrypoint, input), cached: false }
  } catch (trap) {
    return { cached: false, trap }
  }
}

/** Whose cached answers go when their rights change: the person of the input, else of its token. */
function subjectOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined
  for (const key of ['subject', 'token']) {
    const facts: unknown = Reflect.get(input, key)
    const sub: unknown = typeof facts === 'object' && facts !== null ? Reflect.get(facts, 'sub') : undefined
    if (typeof sub === 'string') return sub
  }
  return undefined
}
