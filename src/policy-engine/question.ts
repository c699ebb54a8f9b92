/** A question of the Data API: any document under `data`, judged as OPA does, without contract, and logged. */
import { PolicyUnavailable } from '../kernel/errors.ts'
import { scopeOf, subjectOf } from './cache/rule.ts'
import { type Answered, throughCache } from './cache/through-cache.ts'
import { longestEntrypoint, lookUp, walk } from './data-path.ts'
import type { DecisionEvent } from './decision-log/event.ts'
import { EvaluationError, EvaluationTimeout, type Revisions } from './engine.ts'
import { type Active, type Judge, newEvent } from './judge.ts'
import { newTurn, settle, type Turn } from './wasm/settle.ts'

export interface Question {
  /** Segments below `data`, unescaped. */
  readonly path: readonly string[]
  /** JSON value as `parseExact` reads it; undefined means that the input is. */
  readonly input: unknown
  /** A failing built-in ends the evaluation (OPA's `strict-builtin-errors`). */
  readonly strict?: boolean
  readonly requestedBy?: string | undefined
  readonly requestId?: string | undefined
}

export interface Answer {
  /** JSON text; undefined where the document is. */
  readonly result: string | undefined
  readonly decisionId: string
  readonly bundles: Revisions
  /** The platform bundle's. */
  readonly revision: string
  readonly evaluationNs: number
  /** How long callers may take it for fresh from when it was decided, and how long ago that was; absent: not at all. */
  readonly maxAgeSeconds?: number | undefined
  readonly ageSeconds?: number | undefined
}

export function createAnswer(judge: Judge): (question: Question) => Promise<Answer> {
  const { metrics } = judge

  const record = async (on: Active, event: DecisionEvent, outcome: string): Promise<void> => {
    try {
      await judge.log.record(event, on.evaluator)
    } catch (cause) {
      metrics.decisions.inc({ decision: 'data_api', outcome: 'audit' })
      throw new PolicyUnavailable('audit', 'data_api', { cause })
    }
    metrics.decisions.inc({ decision: 'data_api', outcome })
  }

  const answer = async (on: Active, question: Question): Promise<Answer> => {
    const { input } = question
    const event = {
      ...newEvent(judge, on, question.path.join('/'), question.requestId),
      input,
      requestedBy: question.requestedBy,
    }
    const started = performance.now()
    const turn = newTurn(judge.clock)
    let found: Found
    try {
      found = await find(judge, on, question, turn)
    } catch (cause) {
      const outOfTime = cause instanceof EvaluationTimeout
      const { recorded } = turn
      await record(
        on,
        { ...event, recorded, error: { code: outOfTime ? 'timeout' : 'internal_error' } },
        outOfTime ? 'timeout' : 'trap',
      )
      if (outOfTime) throw new PolicyUnavailable('timeout', 'data_api', { cause })
      throw cause instanceof EvaluationError ? cause : new EvaluationError('no such document can be had', { cause })
    }
    const evaluationNs = Math.round((performance.now() - started) * 1e6)
    const { result, text = JSON.stringify(result), recorded, cached, maxAgeSeconds, ageSeconds } = found
    await record(on, { ...event, result, recorded, evaluationNs, cached }, result === undefined ? 'undefined' : 'defined')
    const { bundles, revision } = on
    return { result: text, decisionId: event.decisionId, bundles, revision, evaluationNs, maxAgeSeconds, ageSeconds }
  }
  return async (question) => {
    const on = judge.take('data_api')
    try {
      return await answer(on, question)
    } finally {
      on.lease.done()
    }
  }
}

type Found = Pick<Answered, 'result' | 'text' | 'recorded' | 'cached' | 'maxAgeSeconds' | 'ageSeconds'>

/** Only the value of an entrypoint that declares it is kept, whole; what was asked of it is looked up in it. */
async function find(
  judge: Judge,
  on: Active,
  { path, input, strict = false }: Question,
  turn: Turn,
): Promise<Found> {
  const { recorded } = turn
  const { deadlineMs } = judge
  const length = longestEntrypoint(on.evaluator, path)
  const entrypoint = path.slice(0, length).join('/')
  const rule = length > 0 ? on.cacheRules.get(entrypoint) : undefined
  const scope = rule && scopeOf(judge, rule, `${strict ? 'strict' : 'data'}${input === undefined ? ', no input' : ''}`)
  if (rule === undefined || scope === undefined) {
    const result = await settle(turn, () => lookUp(on.evaluator, path, input, { strict, ...turn }), { deadlineMs })
    return { result, recorded, cached: false }
  }
  const { ttlSeconds, nondeterministic } = rule
  const text = JSON.stringify(input) ?? 'null'
  const question = { scope, text, ttlSeconds, subject: subjectOf(input), nondeterministic }
  const options = { exact: true, strict, ...turn }
  const answered = await throughCache(judge.cache, question, async () => {
    const result = await settle(turn, () => on.evaluator.evaluate(entrypoint, input, options), { deadlineMs })
    return { result, isFit: result !== undefined, recorded }
  })
  if (length === path.length) return answered
  const { text: _whole, ...rest } = answered
  return { ...rest, result: walk(answered.result, path.slice(length)) }
}
