/** One question of `http.send` to the other side, tried again as often as the policy says. */
import { setTimeout as delay } from 'node:timers/promises'
import { EgressError, type EgressResponse } from '../../../egress/egress.ts'
import { BuiltinError } from '../builtin.ts'
import type { Outside } from '../outside.ts'
import { NetworkFailure } from './failure.ts'
import type { SendRequest } from './request.ts'
import { loadTls } from './tls.ts'

const AGENT = 'Sallyport'

/** Throws BuiltinError. */
export async function exchange(
  outside: Outside,
  request: SendRequest,
  signal: AbortSignal,
  extraHeaders: Readonly<Record<string, string>> = {},
): Promise<EgressResponse> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await once(outside, request, signal, extraHeaders)
    } catch (error) {
      if (!(error instanceof NetworkFailure) || !error.transient || attempt >= request.retries || signal.aborted)
        throw error
      await delay(backOffMs(attempt), undefined, { signal }).catch(() => {
        throw error
      })
    }
  }
}

/** OPA's: none before the second attempt, then growing by 1.6 from 100 ms to a minute, give or take a fifth. */
const backOffMs = (attempt: number): number =>
  attempt === 0 ? 0 : Math.min(100 * 1.6 ** attempt, 60_000) * (0.8 + 0.4 * Math.random())

async function once(
  outside: Outside,
  { method, url, headers, body, redirects, timeoutMs, tls: sources }: SendRequest,
  signal: AbortSignal,
  extraHeaders: Readonly<Record<string, string>>,
): Promise<EgressResponse> {
  const tls = await loadTls(outside, sources)
  try {
    return await outside.egress.request({
      method,
      url,
      headers: { 'user-agent': AGENT, ...headers, ...extraHeaders },
      ...(body !== undefined && { body }),
      deadlineMs: timeoutMs,
      maxBytes: outside.answerBytes,
      redirects,
      // A policy that asks for an encoding gets what comes.
      inflate: headers['accept-encoding'] === undefined,
      ...(tls && { tls }),
      signal,
    })
  } catch (error) {
    if (!(error instanceof EgressError)) throw error
    outside.count(error.code === 'denied' ? 'denied' : 'failed')
    throw asFailure(error)
  }
}

/** What is wrong with the answer, or with the certificates, is no fault of the network to OPA. */
function asFailure({ code, message, answered }: EgressError): BuiltinError {
  if (code === 'too_large' || answered) return new BuiltinError(message)
  return new NetworkFailure(message, code === 'unreachable' || code === 'timeout')
}
