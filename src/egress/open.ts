/**
 * Egress over undici. It takes no proxy from the environment, keeps connections alive, and speaks HTTP/1.1. Which addresses
 * it goes to: `allow-list.ts`.
 */
import { createHash } from 'node:crypto'
import type { Agent, Dispatcher } from 'undici'
import { createAllowList } from './allow-list.ts'
import { readBody } from './answer.ts'
import { createConnector, plainHost } from './connect.ts'
import { type Egress, EgressError, type EgressRequest, type EgressResponse, type EgressTls } from './egress.ts'
import { type Circumstances, egressFailure } from './failure.ts'
import { redirected } from './redirect.ts'
import { type LookUp, resolveTarget, systemLookUp } from './resolve.ts'

export interface EgressOptions {
  /** Entries of `egress.allow`; throws TypeError on one that is none. */
  readonly allow: readonly string[]
  /** Public addresses that no entry names: let out, or not. */
  readonly unlisted: 'public' | 'none'
  /** Connections to one origin at most; default 32. */
  readonly connections?: number
  readonly lookUp?: LookUp
}

const MAX_BYTES = 1024 * 1024
/** TLS settings whose connections are kept; each has connections of its own. */
const MAX_AGENTS = 16
const DESCRIBES_GZIP: ReadonlySet<string> = new Set(['content-encoding', 'content-length'])
/** Safe to send again where a kept connection was closed just as it was used (RFC 9110 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Loaded when something goes out for the first time: most instances ask nobody, and it takes 8 MB of each thread. */
const loadUndici = () => import('undici')

export function openEgress({ allow, unlisted, connections = 32, lookUp = systemLookUp }: EgressOptions): Egress {
  const allowed = createAllowList(allow, unlisted)
  const agents = new Map<string, Agent>()

  const agentFor = async (tls: EgressTls): Promise<Agent> => {
    const { Agent } = await loadUndici()
    const key = createHash('sha256').update(JSON.stringify(tls)).digest('base64')
    const agent = agents.get(key) ?? newAgent(Agent, tls)
    agents.delete(key)
    agents.set(key, agent)
    const [oldest] = agents.keys()
    if (agents.size > MAX_AGENTS && oldest !== undefined) {
      void agents.get(oldest)?.close()
      agents.delete(oldest)
    }
    return agent
  }
  const newAgent = (Made: typeof Agent, tls: EgressTls) =>
    new Made({
      connect: createConnector(allowed, lookUp, tls),
      connections,
      pipelining: 1,
      allowH2: false,
      // The deadline of each request holds instead.
      headersTimeout: 0,
      bodyTimeout: 0,
    })

  const exchange = async (request: EgressRequest, end: End): Promise<EgressResponse> => {
    const { signal } = end
    const { method, url, body, tls = {}, maxBytes = MAX_BYTES, inflate = true } = request
    const sent = outgoingHeaders(request, inflate)
    const send = async (): Promise<Dispatcher.ResponseData> =>
      (await agentFor(tls)).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: method as Dispatcher.HttpMethod,
        headers: sent,
        body: body ?? null,
        signal,
      })
    const answer = await send().catch(async (error: unknown) => {
      if (!IDEMPOTENT.has(method) || !(await closedWhileKept(error)) || signal.aborted) throw error
      return send()
    })
    const gzipped = inflate && /^(x-)?gzip$/i.test(String(answer.headers['content-encoding'] ?? ''))
    const bytes = await readBody(answer.body, { maxBytes, gzipped }).catch((error: unknown) => {
      throw egressFailure(url, error, { ...end.reason(), answered: true })
    })
    const headers = Object.entries(answer.headers).filter(([name]) => !(gzipped && DESCRIBES_GZIP.has(name)))
    return { status: answer.statusCode, statusText: answer.statusText, headers: defined(headers), body: bytes }
  }

  const request = async (asked: EgressRequest): Promise<EgressResponse> => {
    const { redirects = 0 } = asked
    const end = endOf(asked)
    let current = asked
    try {
      for (let followed = 0; ; followed++) {
        if (current.url.protocol !== 'https:' && current.url.protocol !== 'http:') {
          throw new EgressError('denied', `only http and https go out, not ${current.url.protocol}`)
        }
        const answer = await exchange(current, end)
        const next = redirects > 0 ? redirected(current, answer) : undefined
        if (next === undefined) return answer
        if (followed >= redirects) throw new EgressError('unreachable', `more than ${redirects} redirects`)
        current = next
      }
    } catch (error) {
      throw egressFailure(current.url, error, end.reason())
    } finally {
      end.clear()
    }
  }

  return {
    request,
    lookUp: async (host, deadlineMs) => {
      const late = Promise.withResolvers<never>()
      const timer = setTimeout(
        () => late.reject(new EgressError('timeout', `the name ${host} was not resolved in time`)),
        deadlineMs,
      )
      try {
        const found = resolveTarget(allowed, { host: plainHost(host.toLowerCase()) }, lookUp)
        return (await Promise.race([found, late.promise])).map(({ address }) => address)
      } finally {
        clearTimeout(timer)
      }
    },
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()))
      agents.clear()
    },
  }
}

/** When a request ends that has no answer yet: at its deadline, or when the caller gives it up. */
interface End {
  readonly signal: AbortSignal
  reason(): Pick<Circumstances, 'isLate' | 'isAborted'>
  clear(): void
}

function endOf({ deadlineMs, signal }: EgressRequest): End {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), deadlineMs)
  return {
    signal: signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]),
    reason: () => ({ isLate: late.signal.aborted, isAborted: signal?.aborted === true }),
    clear: () => clearTimeout(timer),
  }
}

function outgoingHeaders({ headers = {}, url }: EgressRequest, inflate: boolean): Record<string, string> {
  const has = (name: string) => Object.keys(headers).some((given) => given.toLowerCase() === name)
  const authorization = has('authorization') ? undefined : basic(url)
  return {
    ...headers,
    ...(inflate && !has('accept-encoding') && { 'accept-encoding': 'gzip' }),
    ...(authorization !== undefined && { authorization }),
  }
}

/** From user and password of the address, as Go's client does. */
function basic({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  try {
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return `Basic ${Buffer.from(user).toString('base64')}`
  } catch (cause) {
    throw new EgressError('invalid', 'user or password of the address is not percent-encoded', { cause })
  }
}

/** It had served a request before; one that breaks at its first is not tried again here. */
async function closedWhileKept(error: unknown): Promise<boolean> {
  const { errors } = await loadUndici()
  return error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0
}

type Header = [name: string, value: string | string[]]
const defined = (headers: readonly [string, string | string[] | undefined][]) =>
  Object.fromEntries(headers.filter((header): header is Header => header[1] !== undefined))
