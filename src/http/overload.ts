/** What is answered while the thread is too busy, before anything of the request is read: 503 with Retry-After, RFC 9110 15.6.4. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { OAUTH_ERRORS } from '../kernel/error-codes.ts'
import { ANY_ORIGIN } from './cross-origin.ts'
import { errorAnswer, type PageError, type PublicError } from './error-answer.ts'
import type { Answer } from './listener.ts'
import type { Reply } from './message.ts'
import { type Addressed, pathTable } from './path-table.ts'
import type { Pressure } from './pressure.ts'

/** It passes in a moment, or load moves elsewhere. */
const RETRY_AFTER_SECONDS = 1

export const OVERLOADED: PublicError = {
  status: OAUTH_ERRORS.temporarily_unavailable.status,
  description: OAUTH_ERRORS.temporarily_unavailable.description,
  code: 'temporarily_unavailable',
  retryAfterSeconds: RETRY_AFTER_SECONDS,
}

/** Who asks whether we live must hear it, most of all now. */
export const isExempt = (path: string): boolean => path.startsWith('/health') || path.startsWith('/metrics')

interface Relief {
  readonly endpoints: readonly Addressed[]
  readonly pressure?: Pressure | undefined
  readonly renderErrorPage: (error: PageError) => Reply
}

/** `answer`, while the thread keeps up. */
export function relieved({ endpoints, pressure, renderErrorPage }: Relief, answer: Answer): Answer {
  if (pressure === undefined) return answer
  const match = pathTable(endpoints)
  const refuse = (request: IncomingMessage, response: ServerResponse, path: string): void => {
    const requestId = randomUUID()
    const { style, anyOrigin } = match(path)
    const asked = { style, requestId, scheme: undefined, headers: request.headers, renderErrorPage }
    const { status, headers, body } = errorAnswer(OVERLOADED, asked)
    const isText = typeof body === 'string'
    response.writeHead(status, {
      'content-type': isText ? 'text/html; charset=utf-8' : 'application/json',
      'cache-control': 'no-store',
      'sallyport-request-id': requestId,
      ...(anyOrigin && ANY_ORIGIN),
      ...(headers as Record<string, string>),
    })
    response.end(isText ? body : JSON.stringify(body))
    request.resume()
  }
  return (request, response) => {
    if (!pressure.refuses()) return answer(request, response)
    const path = request.url?.split('?')[0] ?? ''
    return isExempt(path) ? answer(request, response) : refuse(request, response, path)
  }
}
