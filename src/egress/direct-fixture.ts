/** For tests: a way out without a guard, so that what stands above it can be tried alone. */
import { Agent, request as send } from 'undici'
import { type Egress, EgressError } from './egress.ts'

export function directEgress(): Egress {
  return {
    request: async ({ method, url, headers = {}, body, deadlineMs, maxBytes = 1024 * 1024, tls, signal }) => {
      const { ca, cert, key } = tls ?? {}
      const dispatcher = new Agent({ connect: { ca, cert, key }, maxResponseSize: maxBytes })
      const late = AbortSignal.timeout(deadlineMs)
      try {
        const answer = await send(url, {
          method: method as 'GET',
          headers,
          body: body ?? null,
          dispatcher,
          signal: signal === undefined ? late : AbortSignal.any([late, signal]),
        })
        const bytes = await answer.body.bytes()
        return { status: answer.statusCode, headers: answer.headers as Record<string, string>, body: bytes }
      } catch (cause) {
        throw new EgressError(codeOf(cause, late.aborted, signal?.aborted === true), 'the request failed', { cause })
      } finally {
        await dispatcher.destroy()
      }
    },
    lookUp: async () => [],
    close: async () => {},
  }
}

function codeOf(cause: unknown, isLate: boolean, isAborted: boolean) {
  if (isAborted) return 'aborted'
  if (isLate) return 'timeout'
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'too_large'
  return /CERT|TLS|SSL|SELF_SIGNED/.test(code) ? 'tls' : 'unreachable'
}
