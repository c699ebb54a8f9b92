/**
 * `Decide` over HTTP, for the split shape: OPA's Data API with keep-alive, a deadline and a bearer token. Input and result
 * are held against the contract on this side too; every failure is PolicyUnavailable.
 */
import { Pool } from 'undici'
import { PolicyUnavailable } from '../kernel/errors.ts'
import type { Logger } from '../observability/logger.ts'
import type { DecisionName } from './contract/index.ts'
import type { Decide, DecideContext, Verdict } from './decide.ts'
import { readToken } from './listen.ts'
import { CONTRACT, isResultOf } from './validate.ts'

export interface PolicyClientOptions {
  /** Of the policy service, e.g. `http://127.0.0.1:8181`. */
  readonly url: string
  /** Holds the bearer token; read again when it is refused. */
  readonly tokenFile?: string
  /** Default 1,000. */
  readonly deadlineMs?: number
  /** Connections kept open at most; default 32. */
  readonly connections?: number
  readonly logger: Logger
}

export interface PolicyClient {
  readonly decide: Decide
  close(): Promise<void>
}

const MAX_ANSWER_BYTES = 1024 * 1024

export async function connectPolicy(options: PolicyClientOptions): Promise<PolicyClient> {
  const { url, tokenFile, deadlineMs = 1000, connections = 32, logger } = options
  let token = tokenFile === undefined ? undefined : await readToken(tokenFile)
  const pool = new Pool(url, { connections, connect: { timeout: deadlineMs }, maxResponseSize: MAX_ANSWER_BYTES })

  const renewToken = async () => {
    if (tokenFile === undefined) return
    try {
      token = await readToken(tokenFile)
    } catch (error) {
      logger.error({ err: error }, 'the token for the policy service cannot be read')
    }
  }
  const ask = async (name: DecisionName, body: string, context: DecideContext): Promise<unknown> => {
    const signal = AbortSignal.timeout(deadlineMs)
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    if (context.requestId !== undefined) headers['sallyport-request-id'] = context.requestId
    const path = `/v1/data/${CONTRACT[name].entrypoint}?provenance=true`
    const send = () => pool.request({ method: 'POST', path, headers, body, signal, idempotent: true })
    try {
      // A kept connection may close just as it is used; asking a second time changes nothing over there.
      const answer = await send().catch((error: unknown) => {
        if (signal.aborted || !closedMidway(error)) throw error
        return send()
      })
      const text = await answer.body.text()
      if (answer.statusCode === 401) await renewToken()
      if (answer.statusCode === 500) throw new PolicyUnavailable('trap', name)
      if (answer.statusCode !== 200) throw new PolicyUnavailable('unreachable', name, { cause: answer.statusCode })
      return JSON.parse(text)
    } catch (error) {
      if (error instanceof PolicyUnavailable) throw error
      throw new PolicyUnavailable(signal.aborted ? 'timeout' : 'unreachable', name, { cause: error })
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
  return { decide: decide as Decide, close: () => pool.close() }
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
