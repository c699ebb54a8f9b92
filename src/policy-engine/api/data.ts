/** `GET|POST /v1/data/{path}`: any document under `data`, answered as OPA answers it (OPA, "Data API"). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { PolicyUnavailable } from '../../kernel/errors.ts'
import type { DataNode } from '../data-node.ts'
import { EvaluationError } from '../engine.ts'
import type { Answer } from '../question.ts'
import type { Caller } from './access.ts'
import { ApiError, unavailable } from './api-error.ts'
import { inputFromBody, inputFromQuery } from './body.ts'
import { type Address, flag } from './url.ts'

export interface DataDeps {
  readonly node: DataNode
  readonly version: string
  readonly bodyLimit: number
}

const WARNING = { code: 'api_usage_warning', message: "'input' key missing from the request" }

export async function answerData(
  deps: DataDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { address, caller }: { address: Address; caller: Caller },
): Promise<string> {
  const started = performance.now()
  const post = request.method === 'POST'
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array()
  const { input, missing } = post
    ? await inputFromBody(body, request.headers['content-encoding'], deps.bodyLimit)
    : inputFromQuery(address.query)
  const answer = await ask(deps.node, {
    path: address.segments.slice(2),
    input,
    requestedBy: caller.identity ?? caller.address,
    requestId: requestId(request, caller),
  })
  reply.header('sallyport-revision', answer.revision).type('application/json')
  mayBeKept(reply, answer)
  const text = compose(deps, answer, address.query, missing, started)
  return flag(address.query, 'pretty') ? `${JSON.stringify(JSON.parse(text), null, 2)}\n` : `${text}\n`
}

/** RFC 9111, 5.1 and 5.2.2: how long whoever asked may go on with the answer; without a declared ttl, not at all. */
function mayBeKept(reply: FastifyReply, { maxAgeSeconds, ageSeconds }: Answer): void {
  if (maxAgeSeconds === undefined || ageSeconds === undefined) return
  reply.header('cache-control', `private, max-age=${maxAgeSeconds}`).header('age', String(ageSeconds))
}

async function ask(node: DataNode, question: Parameters<DataNode['evaluate']>[0]): Promise<Answer> {
  try {
    return await node.evaluate(question)
  } catch (error) {
    if (error instanceof EvaluationError)
      throw new ApiError('internal_error', 'error(s) occurred while evaluating query')
    if (error instanceof PolicyUnavailable) throw unavailable('no decision can be had')
    throw error
  }
}

/** The result is JSON text already. Fields in OPA's order. */
function compose(deps: DataDeps, answer: Answer, query: URLSearchParams, missing: boolean, started: number): string {
  let text = `{"decision_id":"${answer.decisionId}"`
  if (flag(query, 'provenance')) {
    text += `,"provenance":${JSON.stringify({ version: deps.version, bundles: answer.bundles })}`
  }
  if (flag(query, 'metrics')) {
    const metrics = {
      timer_rego_query_eval_ns: answer.evaluationNs,
      timer_server_handler_ns: Math.round((performance.now() - started) * 1e6),
    }
    text += `,"metrics":${JSON.stringify(metrics)}`
  }
  if (answer.result !== undefined) text += `,"result":${answer.result}`
  if (missing) text += `,"warning":${JSON.stringify(WARNING)}`
  return `${text}}`
}

/** Taken from callers with a credential only, so that nobody else can write into our log's correlation. */
function requestId(request: FastifyRequest, caller: Caller): string | undefined {
  const given = request.headers['sallyport-request-id']
  if (caller.identity === undefined || typeof given !== 'string') return undefined
  return /^[\w-]{1,64}$/.test(given) ? given : undefined
}
