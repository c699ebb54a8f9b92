/**
 * `GET|POST /v1/data/{path}`, `POST /v0/data/{path}` and `POST /`: any document under `data`, answered as OPA answers it
 * (OPA, "Data API").
 */
import { PolicyUnavailable } from '../../kernel/errors.ts'
import { EvaluationError } from '../engine.ts'
import { parseExact } from '../exact-json.ts'
import type { Explainer } from '../explain/explainer.ts'
import type { DataNode } from '../node/data-node.ts'
import type { Answer, Question } from '../node/question.ts'
import { ApiError, unavailable } from './api-error.ts'
import type { ApiReply, ApiRequest } from './exchange.ts'
import { type Explained, explain } from './explanation.ts'
import { inputFromBody, inputFromQuery, readDocument } from './input.ts'
import { flag } from './url.ts'

export interface DataDeps {
  readonly node: Pick<DataNode, 'evaluate' | 'evaluateAll' | 'active'>
  readonly version: string
  readonly explainer?: Explainer | undefined
  /** Segments of what `POST /` asks. */
  readonly defaultDecision: readonly string[]
}

const WARNING = { code: 'api_usage_warning', message: "'input' key missing from the request" }

export async function answerData(deps: DataDeps, request: ApiRequest): Promise<ApiReply> {
  const { query } = request.address
  const read = request.method === 'POST' ? await inputFromBody(request) : inputFromQuery(query)
  const parseNs = nanosecondsSince(request.startedMs)
  const answer = await ask(deps.node, questionOf(request, request.rest, read.input))
  const explained = await explain(deps, request, read.input, answer)
  const text = compose(deps, answer, request, { ...explained, missing: read.missing, parseNs })
  return { headers: headersOf(answer), body: shown(text, query) }
}

/** The body is the input, the answer is the document alone. Even `null` and an empty body define an input. */
export async function answerDataV0(deps: DataDeps, request: ApiRequest): Promise<ApiReply> {
  return answerBare(deps, request, request.rest)
}

/** `POST /`: the default decision, asked and answered as in v0. */
export const answerDefault = (deps: DataDeps, request: ApiRequest): Promise<ApiReply> =>
  answerBare(deps, request, deps.defaultDecision)

async function answerBare(deps: DataDeps, request: ApiRequest, path: readonly string[]): Promise<ApiReply> {
  const input = (await readDocument(request)) ?? null
  const answer = await ask(deps.node, { ...questionOf(request, path, input), strict: false })
  if (answer.result === undefined) throw new ApiError('undefined_document', 'document missing or undefined')
  return { headers: headersOf(answer), body: shown(answer.result, request.address.query) }
}

/** RFC 9111, 5.1 and 5.2.2: how long whoever asked may go on with the answer; without a declared ttl, not at all. */
function headersOf({ revision, maxAgeSeconds, ageSeconds }: Answer): Record<string, string> {
  const headers = { 'sallyport-revision': revision }
  if (maxAgeSeconds === undefined || ageSeconds === undefined) return headers
  return { ...headers, 'cache-control': `private, max-age=${maxAgeSeconds}`, age: String(ageSeconds) }
}

export function questionOf(request: ApiRequest, path: readonly string[], input: unknown): Question {
  const { caller, headers, address } = request
  return {
    path,
    input,
    strict: flag(address.query, 'strict-builtin-errors'),
    requestedBy: caller.identity ?? caller.address,
    requestId: caller.identity === undefined ? undefined : requestId(headers['sallyport-request-id']),
  }
}

async function ask(node: DataDeps['node'], question: Question): Promise<Answer> {
  try {
    return await node.evaluate(question)
  } catch (error) {
    throw asApiError(error)
  }
}

/** What a caller reads of a question that got no answer. */
export function asApiError(error: unknown): unknown {
  if (error instanceof EvaluationError) return evaluationFailed(error)
  // Asking again would not help.
  if (error instanceof PolicyUnavailable && error.reason === 'elsewhere') return new ApiError('unavailable', ELSEWHERE)
  if (error instanceof PolicyUnavailable) return unavailable('no decision can be had')
  return error
}

const ELSEWHERE = 'what is asked holds a decision that another server answers: ask for the decision itself'

/** By code and place in the policy; the error's own text may hold values. */
function evaluationFailed({ code, location }: EvaluationError): ApiError {
  const error = { code, message: FAULTS[code], ...(location !== undefined && { location }) }
  return new ApiError('internal_error', 'error(s) occurred while evaluating query', { errors: [error] })
}

const FAULTS: Readonly<Record<EvaluationError['code'], string>> = {
  eval_conflict_error: 'rules or object keys produced multiple outputs',
  eval_type_error: 'an operand of a built-in is of the wrong type',
  eval_builtin_error: 'a built-in failed',
  eval_internal_error: 'the evaluation failed',
}

/** The result is JSON text already. Fields in OPA's order. */
function compose(
  { version }: DataDeps,
  answer: Answer,
  { address: { query }, startedMs }: ApiRequest,
  { explanation, warning, missing, parseNs }: Explained & { readonly missing: boolean; readonly parseNs: number },
): string {
  let text = `{"decision_id":"${answer.decisionId}"`
  if (query.size > 0) {
    if (flag(query, 'provenance')) text += `,"provenance":${JSON.stringify(provenance(version, answer))}`
    if (flag(query, 'metrics') || flag(query, 'instrument')) {
      text += `,"metrics":${JSON.stringify({ ...metricsOf(answer, parseNs), timer_server_handler_ns: nanosecondsSince(startedMs) })}`
    }
  }
  if (explanation !== undefined) text += `,"explanation":${JSON.stringify(explanation)}`
  if (answer.result !== undefined) text += `,"result":${answer.result}`
  if (missing || warning !== undefined) text += `,"warning":${JSON.stringify(missing ? WARNING : warning)}`
  return `${text}}`
}

export const provenance = (version: string, { bundles }: Pick<Answer, 'bundles'>) => ({
  version,
  build_commit: '',
  build_timestamp: '',
  build_hostname: '',
  bundles,
})

/** Names of OPA's. A policy is compiled when it is activated: never for a question. */
export const metricsOf = (answer: Answer, parseNs: number) => ({
  counter_server_query_cache_hit: 1,
  timer_rego_input_parse_ns: parseNs,
  timer_rego_query_eval_ns: answer.evaluationNs,
})

export const nanosecondsSince = (startedMs: number): number => Math.round((performance.now() - startedMs) * 1e6)

export const shown = (text: string, query: URLSearchParams): string =>
  flag(query, 'pretty') ? `${JSON.stringify(parseExact(text), null, 2)}\n` : `${text}\n`

/** Taken from callers with a credential only, so that nobody else can write into our log's correlation. */
const requestId = (given: string | string[] | undefined): string | undefined =>
  typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : undefined
