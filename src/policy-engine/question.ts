/** A question of the Data API: any document under `data`, judged as OPA does, without contract or cache, and logged. */
import { PolicyUnavailable } from '../kernel/errors.ts'
import { lookUp } from './data-path.ts'
import type { DecisionEvent } from './decision-log/event.ts'
import { EvaluationError, EvaluationTimeout, type Revisions } from './engine.ts'
import { type Active, type Judge, newEvent } from './judge.ts'

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
    const { input, strict } = question
    const event = {
      ...newEvent(judge, on, question.path.join('/'), question.requestId),
      input,
      requestedBy: question.requestedBy,
    }
    const started = performance.now()
    let result: unknown
    try {
      result = lookUp(on.evaluator, question.path, input, strict)
    } catch (cause) {
      const outOfTime = cause instanceof EvaluationTimeout
      await record(
        on,
        { ...event, error: { code: outOfTime ? 'timeout' : 'internal_error' } },
        outOfTime ? 'timeout' : 'trap',
      )
      if (outOfTime) throw new PolicyUnavailable('timeout', 'data_api', { cause })
      throw cause instanceof EvaluationError ? cause : new EvaluationError('no such document can be had', { cause })
    }
    const evaluationNs = Math.round((performance.now() - started) * 1e6)
    await record(on, { ...event, result, evaluationNs }, result === undefined ? 'undefined' : 'defined')
    const { bundles, revision } = on
    return { result: JSON.stringify(result), decisionId: event.decisionId, bundles, revision, evaluationNs }
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
