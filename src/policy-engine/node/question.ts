/** A question of the Data API: any document under `data`, judged as OPA does, without contract, and logged. */
import { setImmediate } from 'node:timers/promises'
import { PolicyUnavailable } from '../../kernel/errors.ts'
import { seriesOf } from '../../observability/series.ts'
import { CACHED } from '../cache/through-cache.ts'
import { type DecisionEvent, eventError } from '../decision-log/event.ts'
import { EvaluationError, EvaluationTimeout, type Revisions } from '../engine.ts'
import { revisionOf } from '../remote/remotes.ts'
import { newTurn, type Turn } from '../wasm/settle.ts'
import { documentAt } from './document.ts'
import type { Document, Found } from './found.ts'
import type { Active, Judge } from './judge.ts'

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

/** A question as it was judged: what the log is to say of it, and what whoever asked gets once that is written. */
interface Judged {
  readonly event: DecisionEvent
  /** Label in metrics. */
  readonly outcome: string
  readonly answer?: Answer
  readonly error?: unknown
}

interface Failure {
  readonly cause: unknown
}

const failureOf = (written: Promise<void>): Promise<Failure | undefined> =>
  written.then(
    () => undefined,
    (cause: unknown) => ({ cause }),
  )

/** Judged, and on its way into the log. */
interface Logged {
  readonly judged: Judged
  readonly written: Promise<void>
}

export function createAnswers(judge: Judge): Answers {
  const counter = seriesOf((outcome = '') => judge.metrics.decisions.labels({ decision: 'data_api', outcome }))

  const eventOf = (on: Active, { path, input, requestedBy, requestId, batchDecisionId }: Question): DecisionEvent => ({
    decisionId: judge.newId(),
    path: path.join('/'),
    bundles: on.bundles,
    requestId,
    timestampMs: judge.clock.nowMs(),
    evaluationNs: 0,
    input,
    requestedBy,
    batchDecisionId,
  })

  /** Without a wait where there is none: the log's rules go on with the input that the module still holds. */
  const judged = (on: Active, find: Document, question: Question): Judged | Promise<Judged> => {
    const event = eventOf(on, question)
    const { decisionId, timestampMs } = event
    const started = performance.now()
    const { nowNs, recorded } = newTurn(timestampMs)
    const answered = (found: Found) => answeredWith(on, event, found, started)
    const failed = (cause: unknown) => failedWith(event, cause, recorded)
    try {
      const found = find(question.input, { strict: question.strict === true, decisionId, nowNs, recorded })
      return found instanceof Promise ? found.then(answered).catch(failed) : answered(found)
    } catch (cause) {
      return failed(cause)
    }
  }

  let heard: Promise<void> | undefined
  const logged = (on: Active, one: Judged): Logged => {
    const written = judge.log.record(one.event, on.evaluator)
    // Several lines share one write. Whoever asked may hear of its failure later than it happens.
    if (written !== heard) written.catch(() => {})
    heard = written
    return { judged: one, written }
  }

  /** What leaves, once it is known whether the log has it. */
  const told = (one: Judged, failure: Failure | undefined): Outcome => {
    const { event, answer, outcome, error } = one
    const { decisionId } = event
    counter(failure ? 'audit' : outcome).inc()
    if (failure) return { decisionId, error: new PolicyUnavailable('audit', 'data_api', failure) }
    return answer === undefined ? { decisionId, error } : { decisionId, answer }
  }

  const ask = (on: Active, find: Document, question: Question): Logged | Promise<Logged> => {
    const one = judged(on, find, question)
    return one instanceof Promise ? one.then((late) => logged(on, late)) : logged(on, one)
  }

  /** Nothing was judged by its input: a batch that takes too long must not fill the log besides. */
  const unasked = (on: Active, question: Question): Logged => {
    const { input: _input, ...rest } = eventOf(on, question)
    const event = { ...rest, erased: ['/input'], error: { code: 'timeout' } }
    return logged(on, { event, outcome: 'timeout', error: new PolicyUnavailable('timeout', 'data_api') })
  }

  return {
    one: async (question) => {
      const on = judge.take('data_api')
      try {
        const asked = ask(on, documentAt(judge, on, question.path), question)
        const { judged, written } = asked instanceof Promise ? await asked : asked
        const { answer, error } = told(judged, await failureOf(written))
        if (answer === undefined) throw error
        return answer
      } finally {
        on.lease.done()
      }
    },
    all: async (questions) => {
      const on = judge.take('data_api')
      try {
        const asked: (Logged | Promise<Logged>)[] = []
        const startedMs = performance.now()
        let sliceMs = startedMs
        let path: readonly string[] | undefined
        let find: Document | undefined
        for (const question of questions) {
          if (find === undefined || path !== question.path) find = documentAt(judge, on, question.path)
          path = question.path
          asked.push(sliceMs - startedMs > ALL_MS ? unasked(on, question) : ask(on, find, question))
          if (performance.now() - sliceMs < SLICE_MS) continue
          await setImmediate()
          sliceMs = performance.now()
        }
        const outcomes: Outcome[] = []
        let last: Promise<void> | undefined
        let failure: Failure | undefined
        for (const one of asked) {
          const { judged, written } = one instanceof Promise ? await one : one
          if (written !== last) failure = await failureOf(written)
          last = written
          outcomes.push(told(judged, failure))
        }
        return outcomes
      } finally {
        on.lease.done()
      }
    },
  }
}

function answeredWith(on: Active, event: DecisionEvent, found: Found, started: number): Judged {
  const evaluationNs = Math.round((performance.now() - started) * 1e6)
  const { result, text = JSON.stringify(result), cached, recorded, elsewhere, maxAgeSeconds, ageSeconds } = found
  const { decisionId } = event
  const marked = cached || elsewhere ? { ...(cached && { custom: CACHED }), ...elsewhere } : undefined
  const { bundles, revision } = elsewhere ? { ...elsewhere, revision: revisionOf(elsewhere.bundles) } : on
  return {
    event: { ...event, result, evaluationNs, cached, recorded, ...marked },
    outcome: result === undefined ? 'undefined' : 'defined',
    answer: { result: text, decisionId, bundles, revision, evaluationNs, maxAgeSeconds, ageSeconds },
  }
}

function failedWith(event: DecisionEvent, cause: unknown, recorded: Turn['recorded']): Judged {
  if (cause instanceof PolicyUnavailable) {
    const { reason } = cause
    return { event: { ...event, error: { code: reason } }, outcome: reason, error: cause }
  }
  if (cause instanceof EvaluationTimeout) {
    const error = new PolicyUnavailable('timeout', 'data_api', { cause })
    return { event: { ...event, recorded, error: { code: 'timeout' } }, outcome: 'timeout', error }
  }
  const error = cause instanceof EvaluationError ? cause : new EvaluationError('no such document can be had', { cause })
  return { event: { ...event, recorded, error: eventError('internal_error', error) }, outcome: 'trap', error }
}
