/**
 * `Decide` over HTTP, for the split shape: OPA's Data API with keep-alive, a deadline, a breaker and a bearer token. Input and
 * result are held against the contract on this side too; every failure is PolicyUnavailable.
 */
import { type Dispatcher, Pool } from 'undici'
import { PolicyUnavailable } from '../../kernel/errors.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { DecisionName } from '../contract/index.ts'
import type { Decide, DecideContext, Verdict } from '../decide.ts'
import { readToken } from '../listen.ts'
import { CONTRACT, isResultOf } from '../validate.ts'
import { BreakerOpen, createBreaker } from './breaker.ts'
import { registerBreakers } from './breaker-metrics.ts'
import { isGateway, NoAnswer, sayBreaker } from './outage.ts'
import { type PolicyTls, policyConnector } from './policy-tls.ts'

export interface PolicyClientOptions {
  /** Of the policy service, e.g. `http://127.0.0.1:8181`. */
  readonly url: string
  /** Holds the bearer token; read again when it is refused. */
  readonly tokenFile?: string
  /** For an https address. */
  readonly tls?: PolicyTls | undefined
  /** Default 1,000. */
  readonly deadlineMs?: number
  /** Connections kept open at most; default 32. */
  readonly connections?: number
  readonly logger: Logger
  /** Shows the breaker. */
  readonly metrics?: Metrics
}

export interface PolicyClient {
  readonly decide: Decide
  /** Whether a decision could be had now. */
  isReady(): Promise<boolean>
  close(): Promise<void>
}

const MAX_ANSWER_BYTES = 1024 * 1024
const PROBE_MS = 500

export async function connectPolicy(options: PolicyClientOptions): Promise<PolicyClient> {
  const { url, tokenFile, deadlineMs = 1000, connections = 32, logger, metrics } = options
  let token = tokenFile === undefined ? undefined : await readToken(tokenFile)
  const connector = policyConnector(options.tls ?? {}, deadlineMs, logger)
  const pool = new Pool(url, { connections, connect: connector.connect, maxResponseSize: MAX_ANSWER_BYTES })

  const renewToken = async () => {
    if (tokenFile === undefined) return
    try {
      token = await readToken(tokenFile)
    } catch (error) {
      logger.error({ err: error }, 'the token for the policy service cannot be read')
    }
  }
  const headers = (): Record<string, string> => (token === undefined ? {} : { authorization: `Bearer ${token}` })
  const breaker = createBreaker({
    name: 'policy service',
    isOutage: (error) => error instanceof NoAnswer,
    probe: () => knock(pool, headers(), Math.min(deadlineMs, PROBE_MS)),
    onChange: (state) => sayBreaker(logger, url, state),
  })
  if (metrics !== undefined) registerBreakers(metrics.registry, new Map([['policy', breaker]]))

  const send = async (name: DecisionName, body: string, context: DecideContext): Promise<unknown> => {
    const signal = AbortSignal.timeout(deadlineMs)
    const correlation = context.requestId !== undefined && { 'sallyport-request-id': context.requestId }
    const request: Dispatcher.RequestOptions = {
      method: 'POST',
      path: `/v1/data/${CONTRACT[name].entrypoint}?provenance=true`,
      headers: { ...headers(), 'content-type': 'application/json', ...correlation },
      body,
      signal,
      idempotent: true,
    }
    let status: number
    let text: string
    try {
      // A kept connection may close just as it is used; asking a second time changes nothing over there.
      const answer = await pool.request(request).catch((error: unknown) => {
        if (signal.aborted || !closedMidway(error)) throw error
        return pool.request(request)
      })
      status = answer.statusCode
      text = await answer.body.text()
    } catch (cause) {
      if (isTooLarge(cause))
        throw new PolicyUnavailable('unreachable', name, { cause, detail: 'the answer is too large' })
      throw new NoAnswer(signal.aborted ? 'timeout' : 'unreachable', cause)
    }
    if (status === 401) await renewToken()
    if (status === 200) return parsed(name, text)
    if (isGateway(status) && !isOurs(text)) throw new NoAnswer('unreachable', status)
    throw new PolicyUnavailable(status === 500 ? 'trap' : 'unreachable', name, { cause: status })
  }
  const ask = async (name: DecisionName, body: string, context: DecideContext): Promise<unknown> => {
    try {
      return await breaker.run(() => send(name, body, context))
    } catch (error) {
      if (error instanceof NoAnswer) throw new PolicyUnavailable(error.reason, name, { cause: error.cause })
      if (error instanceof BreakerOpen) throw new PolicyUnavailable('unreachable', name, { detail: error.message })
      throw error
    }
  }

  const decide = async <N extends DecisionName>(
    name: N,
    input: unknown,
    context: DecideContext = {},
  ): Promise<Verdict<N>> => {
    if (!CONTRACT[name].isInput(input)) throw new PolicyUnavailable('wrong_input', name)
    const answer = readAnswer(await ask(name, JSON.stringify({ input }), context))
    if (answer === undefined) throw new PolicyUnavailable('wrong_result', name)
    const { result, decisionId, revision } = answer
    if (result === undefined) throw new PolicyUnavailable('undefined', name)
    if (!isResultOf(name, result)) throw new PolicyUnavailable('wrong_result', name)
    return { ...result, decisionId, revision }
  }
  const close = async () => {
    breaker.close()
    connector.close()
    await pool.close()
  }
  const isReady = async (): Promise<boolean> => {
    if (breaker.state !== 'closed') return false
    return askHealth(pool, headers(), deadlineMs).then(
      (status) => status === 200,
      () => false,
    )
  }
  return { decide: decide as Decide, isReady, close }
}

interface Answered {
  readonly result: unknown
  readonly decisionId: string
  readonly revision: string
}

/** An answer that names neither decision nor revision could not be accounted for. */
function readAnswer(answer: unknown): Answered | undefined {
  if (!isRecord(answer) || typeof answer.decision_id !== 'string' || !isRecord(answer.provenance)) return undefined
  const { bundles } = answer.provenance
  const [bundle] = isRecord(bundles) ? Object.values(bundles) : []
  if (!isRecord(bundle) || typeof bundle.revision !== 'string') return undefined
  return { result: answer.result, decisionId: answer.decision_id, revision: bundle.revision }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const closedMidway = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET')

async function askHealth(pool: Pool, headers: Record<string, string>, deadlineMs: number): Promise<number> {
  const signal = AbortSignal.timeout(deadlineMs)
  const { statusCode, body } = await pool.request({ method: 'GET', path: '/health', headers, signal })
  await body.dump()
  return statusCode
}

/** Throws unless the service itself answers, whatever it says: one that lacks its bundle is there. */
async function knock(pool: Pool, headers: Record<string, string>, deadlineMs: number): Promise<void> {
  const status = await askHealth(pool, headers, deadlineMs)
  if (isGateway(status)) throw new NoAnswer('unreachable', status)
}

function parsed(name: DecisionName, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PolicyUnavailable('unreachable', name, { cause })
  }
}

/** Errors of the policy API name a code; those of a proxy before it do not. */
function isOurs(text: string): boolean {
  try {
    const error: unknown = JSON.parse(text)
    return isRecord(error) && typeof error.code === 'string'
  } catch {
    return false
  }
}

const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE'
