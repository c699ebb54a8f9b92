/**
 * `POST /v1/batch/data/{path}`: one document for many inputs. Reading, access, look-up and the write of the log are shared;
 * each input is a decision of its own, with its event (Enterprise OPA, "Batch Query API").
 */
import { randomUUID } from 'node:crypto'
import type { Outcome } from '../node/question.ts'
import { ApiError, errorBody } from './api-error.ts'
import { asApiError, type DataDeps, metricsOf, nanosecondsSince, provenance, questionOf, shown } from './data.ts'
import type { ApiReply, ApiRequest } from './exchange.ts'
import { readDocument } from './input.ts'
import { flag } from './url.ts'

export interface BatchDeps extends DataDeps {
  readonly maxInputs: number
  /** Of all that `common_input` is written out to: each input has its event, and each event its input. */
  readonly maxCommonBytes: number
}

const WARNING = { code: 'api_usage_warning', message: "'inputs' key missing from the request" }

export async function answerBatch(deps: BatchDeps, request: ApiRequest): Promise<ApiReply> {
  const { query } = request.address
  const inputs = inputsOf(await readDocument(request), deps)
  const parseNs = nanosecondsSince(request.startedMs)
  const batchDecisionId = randomUUID()
  if (inputs === undefined) {
    const text = `{"batch_decision_id":"${batchDecisionId}","warning":${JSON.stringify(WARNING)}}`
    return { body: shown(text, query) }
  }
  const one = { ...questionOf(request, request.rest, undefined), batchDecisionId }
  const questions = inputs.map(([, input]) => ({ ...one, input }))
  const outcomes = await deps.node.evaluateAll(questions).catch((error: unknown) => {
    throw asApiError(error)
  })
  const failed = outcomes.filter(({ answer }) => answer === undefined).length
  const status = failed === 0 ? 200 : failed === outcomes.length ? 500 : 207
  const answered = outcomes.map((outcome, at) => {
    const [id = ''] = inputs[at] ?? []
    return `${JSON.stringify(id)}:${responseText(deps, outcome, query, status === 207)}`
  })
  let text = `{"batch_decision_id":"${batchDecisionId}"`
  if (flag(query, 'metrics') || flag(query, 'instrument')) {
    const metrics = { timer_rego_input_parse_ns: parseNs, timer_server_handler_ns: nanosecondsSince(request.startedMs) }
    text += `,"metrics":${JSON.stringify(metrics)}`
  }
  text += `,"responses":{${answered.join(',')}}}`
  const revision = outcomes.find(({ answer }) => answer !== undefined)?.answer?.revision
  return {
    status,
    body: shown(text, query),
    ...(revision !== undefined && { headers: { 'sallyport-revision': revision } }),
  }
}

/** Inputs by id, `common_input` merged in; undefined where the caller names none. Throws ApiError. */
function inputsOf(document: unknown, { maxInputs, maxCommonBytes }: BatchDeps): [string, unknown][] | undefined {
  if (document === undefined || document === null) return undefined
  if (!isObject(document)) throw new ApiError('invalid_parameter', 'the body is not a JSON object')
  const { inputs, common_input: common } = document
  if (inputs === undefined || inputs === null) return undefined
  if (!isObject(inputs)) throw new ApiError('invalid_parameter', '`inputs` is not a JSON object')
  const entries = Object.entries(inputs)
  if (entries.length > maxInputs) {
    throw new ApiError('invalid_parameter', `\`inputs\` holds more than ${maxInputs} inputs: send several batches`)
  }
  if (!isObject(common)) return entries
  const takers = entries.filter(([, input]) => isObject(input)).length
  // Before any is merged: a few kilobytes of gzip would else become gigabytes of log.
  if (Buffer.byteLength(JSON.stringify(common)) * takers > maxCommonBytes) {
    throw new ApiError(
      'payload_too_large',
      `\`common_input\` merged into ${takers} inputs takes more than ${maxCommonBytes} bytes: send several batches`,
    )
  }
  return entries.map(([id, input]) => [id, merged(common, input)])
}

/** Deeply; where both name a member, the input's own counts. */
function merged(common: unknown, input: unknown): unknown {
  if (!isObject(common) || !isObject(input)) return input
  // Not by assignment: `__proto__` may be a member like any.
  return Object.fromEntries([
    ...Object.entries(common).filter(([name]) => !Object.hasOwn(input, name)),
    ...Object.entries(input).map(([name, value]): [string, unknown] => [
      name,
      Object.hasOwn(common, name) ? merged(common[name], value) : value,
    ]),
  ])
}

const { isRawJSON } = JSON as typeof JSON & { isRawJSON(value: unknown): boolean }

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value)

function responseText(
  deps: BatchDeps,
  { decisionId, answer, error }: Outcome,
  query: URLSearchParams,
  mixed: boolean,
): string {
  if (answer === undefined) {
    const failure = asApiError(error)
    if (!(failure instanceof ApiError)) throw failure
    const body = { ...errorBody(failure), decision_id: decisionId, ...(mixed && { http_status_code: '500' }) }
    return JSON.stringify(body)
  }
  let text = `{"decision_id":"${decisionId}"`
  if (query.size > 0) {
    if (flag(query, 'provenance')) text += `,"provenance":${JSON.stringify(provenance(deps.version, answer))}`
    if (flag(query, 'metrics') || flag(query, 'instrument'))
      text += `,"metrics":${JSON.stringify(metricsOf(answer, 0))}`
  }
  if (answer.result !== undefined) text += `,"result":${answer.result}`
  return mixed ? `${text},"http_status_code":"200"}` : `${text}}`
}
