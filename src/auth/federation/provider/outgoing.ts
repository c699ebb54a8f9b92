/**
 * The way to one provider, as a `fetch`: by the guarded egress, over TLS with the provider's pins, within its deadline, through
 * its breaker. Only what reads is tried again.
 */
import { type Egress, EgressError, type EgressRequest, type EgressTls } from '../../../egress/egress.ts'
import type { Breaker } from './breaker.ts'
import type { ProviderOptions } from './options.ts'

/** For openid-client, which gives up later than we do: what is late is then known to be. */
export const libraryTimeoutSeconds = ({ timeoutMs, retries }: ProviderOptions): number =>
  Math.ceil((timeoutMs * (1 + retries)) / 1000) + 1

/** As openid-client calls it. */
export interface OutgoingInit {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

export type OutgoingFetch = (url: string, init: OutgoingInit) => Promise<Response>

/** It is there and says that it cannot: as good as not there. RFC 9110 15.6. */
class ServerFault extends Error {}

/** Whether nothing of use was answered; a refused pin is none of the provider's words. */
export const isOutage = (error: unknown): boolean =>
  error instanceof ServerFault || (error instanceof EgressError && error.code !== 'aborted' && error.code !== 'invalid')

const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304])
const MAX_BYTES = 512 * 1024

function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return body
  if (body instanceof URLSearchParams) return body.toString()
  throw new TypeError('only texts and forms are sent')
}

export interface Outgoing {
  /** Through the breaker, and again where it failed to read. */
  readonly fetch: OutgoingFetch
  /** Once, past the breaker: whether anybody is there. */
  probe(url: URL): Promise<void>
}

export function outgoingTo(options: ProviderOptions, egress: Egress, breaker: () => Breaker): Outgoing {
  const tls: EgressTls = {
    ...(options.ca !== undefined && { ca: options.ca }),
    ...(options.pins.length > 0 && { pins: options.pins }),
  }
  const send = async (request: Omit<EgressRequest, 'deadlineMs' | 'tls' | 'maxBytes'>): Promise<Response> => {
    if (request.url.protocol !== 'https:') throw new EgressError('denied', `${request.url.origin}: only https is asked`)
    const answer = await egress.request({ ...request, deadlineMs: options.timeoutMs, maxBytes: MAX_BYTES, tls })
    if (answer.status >= 500) throw new ServerFault(`${request.url.origin} answers ${answer.status}`)
    const headers = new Headers()
    for (const [name, value] of Object.entries(answer.headers))
      for (const one of typeof value === 'string' ? [value] : value) headers.append(name, one)
    return new Response(WITHOUT_BODY.has(answer.status) ? null : new Uint8Array(answer.body), {
      status: answer.status,
      headers,
    })
  }
  return {
    fetch: async (url, { method, headers, body, signal }) => {
      const text = textOf(body)
      const request = {
        method,
        url: new URL(url),
        headers,
        ...(text !== undefined && { body: text }),
        ...(signal && { signal }),
      }
      const tries = method === 'GET' ? 1 + options.retries : 1
      for (let left = tries; ; left -= 1) {
        try {
          return await breaker().run(() => send(request))
        } catch (error) {
          if (left <= 1 || !isOutage(error)) throw error
        }
      }
    },
    probe: async (url) => {
      await send({ method: 'GET', url, headers: { accept: 'application/json' } })
    },
  }
}
