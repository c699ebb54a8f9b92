/** Which part of a list is asked for: `offset` from 0, `limit` at most 200. */
import type { HttpRequest } from '../../http/message.ts'
import { Problem } from '../../kernel/errors.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 200

function wholeNumber(request: HttpRequest, name: string, fallback: number): number {
  const text = request.query.get(name)
  if (text === undefined) return fallback
  if (!/^\d{1,9}$/.test(text)) throw new Problem('bad_request', { detail: `${name} must be a whole number.` })
  return Number(text)
}

export const pageOf = (request: HttpRequest): { readonly offset: number; readonly limit: number } => ({
  offset: wholeNumber(request, 'offset', 0),
  limit: Math.min(MAX_LIMIT, wholeNumber(request, 'limit', DEFAULT_LIMIT)),
})
