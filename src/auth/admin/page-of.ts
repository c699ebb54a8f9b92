/** What a list is asked for: which part, `offset` from 0, `limit` at most 200, and of whom. What it does not know it refuses. */
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

/** A filter that is misspelt or empty, and passed over, would answer everything. */
export function checkQuery({ query }: HttpRequest, known: readonly string[]): void {
  if (query.repeated.size > 0) throw new Problem('bad_request', { detail: 'Each query parameter can be given once.' })
  const names = [...query.names]
  if (!names.every((name) => known.includes(name))) {
    const taken = known.length === 0 ? 'no query parameters' : `only the query parameters ${known.join(', ')}`
    throw new Problem('bad_request', { detail: `This address takes ${taken}.` })
  }
  const empty = names.find((name) => query.get(name) === undefined)
  if (empty !== undefined) throw new Problem('bad_request', { detail: `${empty} must not be empty.` })
}

/** `filters`: what the list takes besides. */
export function pageOf(
  request: HttpRequest,
  filters: readonly string[] = [],
): { readonly offset: number; readonly limit: number } {
  checkQuery(request, [...filters, 'offset', 'limit'])
  return {
    offset: wholeNumber(request, 'offset', 0),
    limit: Math.min(MAX_LIMIT, wholeNumber(request, 'limit', DEFAULT_LIMIT)),
  }
}
