/** One POST through the guarded way out, and what came of it. */
import { type Egress, EgressError, type EgressTls } from '../../egress/egress.ts'
import type { Clock } from '../../kernel/clock.ts'

export interface PostDeps {
  readonly egress: Egress
  /** What receivers' certificates are judged by, where not by the system's authorities. */
  readonly egressTls?: EgressTls | undefined
  readonly clock: Clock
}

/** `gone` and `rejected` are for good; all others are tried again. */
export type Outcome = 'delivered' | 'refused' | 'rejected' | 'gone' | EgressError['code']

export interface Posted {
  readonly outcome: Outcome
  /** Absent where nothing was answered. */
  readonly status?: number
  readonly body?: Uint8Array
  /** Asked for by the receiver, RFC 9110 10.2.3. */
  readonly retryAfterSeconds?: number
}

export const DEADLINE_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024
const MAX_RETRY_AFTER = 60 * 60

/** Dates are not honoured: our clock and theirs may differ. */
function retryAfter(value: string | readonly string[] | undefined): number | undefined {
  if (typeof value !== 'string' || !/^\d{1,9}$/.test(value)) return undefined
  return Math.min(Number(value), MAX_RETRY_AFTER)
}

export async function post(
  deps: PostDeps,
  url: URL,
  sent: { readonly headers: Readonly<Record<string, string>>; readonly body: string; readonly signal: AbortSignal },
): Promise<Posted> {
  try {
    const { status, headers, body } = await deps.egress.request({
      method: 'POST',
      url,
      ...sent,
      deadlineMs: DEADLINE_MS,
      maxBytes: MAX_ANSWER_BYTES,
      ...(deps.egressTls && { tls: deps.egressTls }),
    })
    const retryAfterSeconds = retryAfter(headers['retry-after'])
    return { outcome: 'refused', status, body, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) }
  } catch (error) {
    if (error instanceof EgressError) return { outcome: error.code }
    throw error
  }
}
