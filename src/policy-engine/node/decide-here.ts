/**
 * `Decide` on this thread: input validated → cache → evaluated → result validated → logged → answered. Whatever goes wrong
 * is PolicyUnavailable, and logged as that; no answer leaves that is not in the log.
 */
import { PolicyUnavailable, type UnavailableReason } from '../../kernel/errors.ts'
import { seriesOf } from '../../observability/series.ts'
import { MAX_TTL_SECONDS, roundTime } from '../cache/round-time.ts'
import { scopeOf, subjectOf } from '../cache/rule.ts'
import { type Answered, CACHED, type Cacheable, type Evaluated, throughCache } from '../cache/through-cache.ts'
import type { DecisionName, DecisionResult } from '../contract/index.ts'
import type { Decide, DecideContext, Verdict } from '../decide.ts'
import { type DecisionEvent, eventError } from '../decision-log/event.ts'
import { EvaluationError, EvaluationTimeout, type RecordedCall } from '../engine.ts'
import { type Elsewhere, judgedBy, revisionOf } from '../remote/remotes.ts'
import { CONTRACT, isResultOf } from '../validate.ts'
import { newTurn, settle, type Turn } from '../wasm/settle.ts'
import type { Found } from './found.ts'
import { type Active, type Judge, newEvent } from './judge.ts'

export function createDecide(judge: Judge): Decide {
  const { log, metrics } = judge
  const counter = seriesOf((decision = '', outcome = '') => metrics.decisions.labels({ decision, outcome }))
  const duration = seriesOf((decision = '') => metrics.decisionSeconds.labels({ decision }))

  /** Logs a question that got no answer and gives the error to throw. The log's own failure changes nothing: it denies. */
  const unavailable = async (
    on: Active,
    name: DecisionName,
    reason: UnavailableReason,
    event: DecisionEvent,
    why: { cause?: unknown; detail?: string } = {},
  ): Promise<PolicyUnavailable> => {
    counter(name, reason).inc()
    await log.record({ ...event, error: eventError(reason, why.cause) }, on.evaluator).catch(() => {})
    return new PolicyUnavailable(reason, name, why)
  }

  const answer = async <N extends DecisionName>(
    on: Active,
    name: N,
    facts: unknown,
    context: DecideContext,
  ): Promise<Verdict<N>> => {
    const contract = CONTRACT[name]
    const event = newEvent(judge, on, contract.entrypoint, context.requestId)
    // An input out of contract may hold anything: nothing of it is logged.
    if (!contract.isInput(facts)) throw await unavailable(on, name, 'wrong_input', event)
    const elsewhere = judge.remotes.decisions.get(contract.entrypoint)
    const { input, cacheable } = elsewhere
      ? { input: facts, cacheable: undefined }
      : prepare(judge, on, contract.entrypoint, facts)
    const started = performance.now()
    const { decisionId } = event
    const turn = { ...newTurn(event.timestampMs), decisionId }
    const asked = elsewhere
      ? consultElsewhere(elsewhere, name, input)
      : consult(judge, on, { name, input, cacheable, turn })
    // Without a wait where there is none: the log's rules go on with the input that the module still holds.
    const found = asked instanceof Promise ? await asked : asked
    const seconds = (performance.now() - started) / 1000
    duration(name).observe(seconds)
    const logged: DecisionEvent = { ...event, input, recorded: turn.recorded, evaluationNs: Math.round(seconds * 1e9) }
    if ('trap' in found) {
      const reason = reasonOf(found.trap)
      // Where in the policy; what the engine says of itself holds no value of the decision.
      const detail = reason === 'trap' && found.trap instanceof EvaluationError ? { detail: found.trap.message } : {}
      throw await unavailable(on, name, reason, logged, { cause: found.trap, ...detail })
    }
    const { result, cached, isFit, recorded } = found
    const marked = { ...(cached && { custom: CACHED }), ...found.elsewhere }
    const answered: DecisionEvent = { ...logged, result, cached, recorded, ...marked }
    if (result === undefined) throw await unavailable(on, name, 'undefined', answered)
    if (!isFit) {
      throw await unavailable(on, name, 'wrong_result', answered, { detail: contract.resultFault(result) })
    }
    const verdict = result as DecisionResult<N>
    try {
      await log.record(answered, on.evaluator)
    } catch (cause) {
      counter(name, 'audit').inc()
      throw new PolicyUnavailable('audit', name, { cause })
    }
    counter(name, verdict.allow ? 'allow' : 'deny').inc()
    return {
      ...verdict,
      decisionId: event.decisionId,
      revision: found.elsewhere ? revisionOf(found.elsewhere.bundles) : on.revision,
    }
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
  readonly cacheable: Cacheable | undefined
}

/** Every input carries the time of its request: where the rule declares a ttl, that time is rounded. */
export function prepare(judge: Pick<Judge, 'cache'>, on: Active, entrypoint: string, asked: unknown): Prepared {
  const rule = on.cacheRules.get(entrypoint)
  const scope = rule && scopeOf(judge, rule, 'contract')
  if (rule === undefined || scope === undefined) return { input: asked, cacheable: undefined }
  const ttlSeconds = Math.min(rule.ttlSeconds, MAX_TTL_SECONDS)
  const input = roundTime(asked, ttlSeconds)
  const { nondeterministic } = rule
  return {
    input,
    cacheable: { scope, text: JSON.stringify(input), ttlSeconds, subject: subjectOf(asked), nondeterministic },
  }
}

interface Consulted extends Prepared {
  readonly name: DecisionName
  readonly turn: Turn & { readonly decisionId: string }
}

type Consultation = (Answered & Pick<Found, 'elsewhere'>) | { readonly trap: unknown }

function consult(
  { cache, deadlineMs }: Judge,
  on: Active,
  { name, input, cacheable, turn }: Consulted,
): Consultation | Promise<Consultation> {
  const evaluate = (): Evaluated => {
    const result = on.evaluator.evaluate(CONTRACT[name].entrypoint, input, turn)
    return { result, isFit: isResultOf(name, result), recorded: turn.recorded }
  }
  const trapped = (trap: unknown) => ({ trap })
  const settled = () => settle(turn, evaluate, { deadlineMs })
  if (cacheable !== undefined) return throughCache(cache, cacheable, settled).catch(trapped)
  try {
    const found = settled()
    const answered = (evaluated: Evaluated): Answered => ({ ...evaluated, cached: false })
    return found instanceof Promise ? found.then(answered).catch(trapped) : answered(found)
  } catch (trap) {
    return { trap }
  }
}

const NOTHING_RECORDED: ReadonlyMap<string, RecordedCall> = new Map()

/** Judged by another server, held against the contract here. */
async function consultElsewhere(elsewhere: Elsewhere, name: DecisionName, input: unknown): Promise<Consultation> {
  try {
    const answer = await elsewhere.ask(input)
    const { result, bundles } = answer
    const judged = { result, isFit: isResultOf(name, result), recorded: NOTHING_RECORDED, cached: false }
    return { ...judged, elsewhere: { bundles, custom: judgedBy(elsewhere, answer) } }
  } catch (trap) {
    return { trap }
  }
}

function reasonOf(trap: unknown): UnavailableReason {
  if (trap instanceof PolicyUnavailable) return trap.reason
  return trap instanceof EvaluationTimeout ? 'timeout' : 'trap'
}
