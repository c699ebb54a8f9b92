/** What went wrong on the way, in a code and in words that name the origin only: path, query and headers may hold secrets. */
import { EgressError, type EgressRefusal } from './egress.ts'

const TLS =
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO$)/

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed before the answer was whole',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too large',
}

export interface Circumstances {
  readonly isLate: boolean
  readonly isAborted: boolean
  /** The other side had begun to answer. */
  readonly answered?: boolean
}

export function egressFailure(
  url: URL,
  thrown: unknown,
  { isLate, isAborted, answered = false }: Circumstances,
): EgressError {
  if (thrown instanceof EgressError) {
    return answered ? new EgressError(thrown.code, thrown.message, { cause: thrown.cause, answered }) : thrown
  }
  const say = (code: EgressRefusal, words: string) =>
    new EgressError(code, `${url.origin}: ${words}`, { cause: thrown, answered })
  if (isAborted) return say('aborted', 'the request was given up')
  if (isLate) return say('timeout', 'no whole answer in time')
  const code = codeOf(thrown)
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') return say('timeout', 'no connection in time')
  if (TLS.test(code)) return say('tls', `TLS failed (${code})`)
  if (code === 'UND_ERR_INVALID_ARG') return say('invalid', 'the request cannot be written as HTTP')
  return say('unreachable', WORDS[code] ?? `no usable answer${code === '' ? '' : ` (${code})`}`)
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && !('code' in thrown)) return codeOf(thrown.errors[0])
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
}
