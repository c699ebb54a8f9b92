/** A question of the Data API: any document under `data`, judged as OPA does, without contract, and logged. */
import { setImmediate } from 'node:timers/promises'
import { PolicyUnavailable } from '../../kernel/errors.ts'
import { CACHED } from '../cache/through-cache.ts'
import type { DecisionEvent } from '../decision-log/event.ts'
import { EvaluationError, EvaluationTimeout, type Revisions } from '../engine.ts'
import { revisionOf } from '../remote/remotes.ts'
import { newTurn } from '../wasm/settle.ts'
import { type Document, documentAt, type Found } from './document.ts'
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
  /** Of the request that asks this together with others. */
  readonly batchDecisionId?: string | undefined
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

/** What became of one question among several: an answer, or what `evaluate` would have thrown. */
export interface Outcome {
  readonly decisionId: string
  readonly answer?: Answer
  readonly error?: unknown
}

export interface Answers {
  one(question: Question): Promise<Answer>
  /** All under what is active now, whatever comes meanwhile; others get their turn in between. */
  all(questions: readonly Question[]): Promise<readonly Outcome[]>
}

/** Of the thread, before others get their turn. */
const SLICE_MS = 8
/** What is not begun by then is not answered. */
const ALL_MS = 5000

export function createAnswers(judge: Judge): Answers {
  const count = counterOf(judge)

  const record = async (on: Active, event: DecisionEvent, outcome: string): Promise<void> => {
    try {
      await judge.log.record(event, on.evaluator)
    } catch (cause) {
      count('audit')
      throw new PolicyUnavailable('audit', 'data_api', { cause })
    }
    count(outcome)
  }

  const eventOf = (on: Active, { path, input, requestedBy, requestId, batchDecisionId }: Question): DecisionEvent => ({
    ...newEvent(judge, on, path.join('/'), requestId),
    input,
    requestedBy,
    batchDecisionId,
  })

  const answer = async (on: Active, find: Document, question: Question, event: DecisionEvent): Promise<Answer> => {
    const started = performance.now()
    const turn = newTurn(event.timestampMs)
    let found: Found
    try {
      const { decisionId } = event
      const asked = find(question.input, { strict: question.strict === true, decisionId, ...turn })
      // Without a wait where there is none: the log's rules go on with the input that the module still holds.
      found = asked instanceof Promise ? await asked : asked
    } catch (cause) {
      if (cause instanceof PolicyUnavailable) {
        await record(on, { ...event, error: { code: cause.reason } }, cause.reason)
        throw cause
      }
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
    const { result, text = JSON.stringify(result), cached, recorded, elsewhere, maxAgeSeconds, ageSeconds } = found
    const marked = { ...(cached && { custom: CACHED }), ...elsewhere }
    const answered = { ...event, result, evaluationNs, cached, recorded, ...marked }
    await record(on, answered, result === undefined ? 'undefined' : 'defined')
    const { bundles, revision } = elsewhere ? { ...elsewhere, revision: revisionOf(elsewhere.bundles) } : on
    return { result: text, decisionId: event.decisionId, bundles, revision, evaluationNs, maxAgeSeconds, ageSeconds }
  }

  const outcome = async (on: Active, find: Document, question: Question, late: boolean): Promise<Outcome> => {
    const event = eventOf(on, question)
    const { decisionId } = event
    try {
      if (!late) return { decisionId, answer: await answer(on, find, question, event) }
      const { input: _input, ...rest } = event
      // Nothing was judged by it: a batch that takes too long must not fill the log besides.
      await record(on, { ...rest, erased: ['/input'], error: { code: 'timeout' } }, 'timeout')
      return { decisionId, error: new PolicyUnavailable('timeout', 'data_api') }
    } catch (error) {
      return { decisionId, error }
    }
  }

  return {
    one: async (question) => {
      const on = judge.take('data_api')
      try {
        return await answer(on, documentAt(judge, on, question.path), question, eventOf(on, question))
      } finally {
        on.lease.done()
      }
    },
    all: async (questions) => {
      const on = judge.take('data_api')
      try {
        const outcomes: Promise<Outcome>[] = []
        const startedMs = performance.now()
        let sliceMs = startedMs
        let path: readonly string[] | undefined
        let find: Document | undefined
        for (const question of questions) {
          if (find === undefined || path !== question.path) find = documentAt(judge, on, question.path)
          path = question.path
          outcomes.push(outcome(on, find, question, sliceMs - startedMs > ALL_MS))
          if (performance.now() - sliceMs < SLICE_MS) continue
          await setImmediate()
          sliceMs = performance.now()
        }
        return await Promise.all(outcomes)
      } finally {
        on.lease.done()
      }
    },
  }
}

/** The counter of each outcome is looked up once. */
function counterOf({ metrics }: Judge): (outcome: string) => void {
  const counters = new Map<string, { inc(): void }>()
  return (outcome) => {
    const counter = counters.get(outcome) ?? metrics.decisions.labels({ decision: 'data_api', outcome })
    counters.set(outcome, counter)
    counter.inc()
  }
}
