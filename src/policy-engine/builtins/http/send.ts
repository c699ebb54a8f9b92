/**
 * `http.send` (OPA, "HTTP"). What is wrong with the request, and what is kept and fresh, is known at once; all else waits for
 * the other side while no instance is held. Within a decision each question is asked once. Where it differs from OPA:
 * docs/administration.md, "What policies may ask".
 */
import type { EgressResponse } from '../../../egress/egress.ts'
import { equalValues, isObject, type RegoObject, type Value } from '../../wasm/value.ts'
import { type Builtin, type BuiltinContext, BuiltinError, type BuiltinTable, PendingAnswer } from '../builtin.ts'
import { asObject } from '../operands.ts'
import type { Outside } from '../outside.ts'
import { exchange } from './exchange.ts'
import { failureAnswer } from './failure.ts'
import { joinFlight } from './flight.ts'
import { freshAgainUntil, freshUntil } from './freshness.ts'
import { questionKey } from './question.ts'
import { raisesError, readRequest, type SendRequest } from './request.ts'
import { firstOf, responseValue } from './response.ts'

const send: Builtin = (context, operand) => {
  const request = asObject(1, operand)
  const answerOf = raisesError(request) ? raised : failureAnswer
  try {
    return begin(context, request, answerOf)
  } catch (error) {
    return answerOf(asFailure(error))
  }
}

export const HTTP: BuiltinTable = { 'http.send': send }

type AnswerOfFailure = (error: BuiltinError) => Value

const raised: AnswerOfFailure = (error) => {
  throw error
}

/** Anything else that was thrown is none of ours, and passes. */
function asFailure(error: unknown): BuiltinError {
  if (error instanceof BuiltinError) return error
  throw error
}

function begin(context: BuiltinContext, operand: RegoObject, answerOf: AnswerOfFailure): Value {
  const request = readRequest(operand)
  const key = questionKey(operand)
  const { outside } = context
  const known = askedInThisDecision(context, operand, key)
  if (known !== undefined) return known
  if (outside === undefined) throw new BuiltinError('this evaluation may not ask anybody')
  const kept = request.caching && outside.answers.get(key)
  if (kept !== undefined && kept.freshUntilMs > outside.clock.nowMs()) {
    outside.count('cached')
    return kept.value
  }
  throw new PendingAnswer(async (signal) => {
    try {
      return await (request.caching === undefined
        ? ask(outside, request, key, signal)
        : joinFlight(outside, `http.send ${key}`, signal, (shared) => ask(outside, request, key, shared)))
    } catch (error) {
      return answerOf(asFailure(error))
    }
  })
}

/** A call with other ignored headers is the same question; one that failed fails again. */
function askedInThisDecision({ recorded }: BuiltinContext, operand: RegoObject, key: string): Value | undefined {
  for (const { name, args, value } of recorded?.values() ?? []) {
    const [asked] = args
    if (name !== 'http.send' || asked === undefined || !isObject(asked) || equalValues(asked, operand)) continue
    if (questionKey(asked) !== key) continue
    if (value === undefined) throw new BuiltinError('the same question has failed')
    return value
  }
  return undefined
}

async function ask(outside: Outside, request: SendRequest, key: string, signal: AbortSignal): Promise<Value> {
  const still = request.caching && (await revalidated(outside, request, key, signal))
  if (still !== undefined) return still
  const response = await exchange(outside, request, signal)
  outside.count('answered')
  return keep(outside, request, key, response)
}

function keep(outside: Outside, { caching, decoding }: SendRequest, key: string, response: EgressResponse): Value {
  const value = responseValue(response, decoding)
  const freshUntilMs = caching && freshUntil(response, outside.clock.nowMs(), caching.forSeconds)
  if (freshUntilMs !== undefined) outside.answers.set(key, { response, value, freshUntilMs })
  return value
}

/** Asks whether what is kept, and stale, still holds (RFC 9111 4.3). Undefined where it is to be asked for as new. */
async function revalidated(
  outside: Outside,
  request: SendRequest,
  key: string,
  signal: AbortSignal,
): Promise<Value | undefined> {
  const kept = outside.answers.get(key)
  if (kept === undefined) return undefined
  outside.answers.delete(key)
  const conditions = conditionsOf(kept.response)
  if (Object.keys(conditions).length === 0) return undefined
  const answer = await exchange(outside, request, signal, conditions)
  if (answer.status === 200) {
    outside.count('answered')
    return keep(outside, request, key, answer)
  }
  if (answer.status !== 304) return undefined
  outside.count('revalidated')
  const response = { ...kept.response, headers: { ...kept.response.headers, ...answer.headers } }
  const value = responseValue(response, request.decoding)
  const freshUntilMs = freshAgainUntil(answer.headers, outside.clock.nowMs(), request.caching?.forSeconds)
  outside.answers.set(key, { response, value, freshUntilMs })
  return value
}

function conditionsOf({ headers }: EgressResponse): Record<string, string> {
  const [etag, modified] = [firstOf(headers.etag), firstOf(headers['last-modified'])]
  return { ...(etag !== '' && { 'if-none-match': etag }), ...(modified !== '' && { 'if-modified-since': modified }) }
}
