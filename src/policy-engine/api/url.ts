/** Address of a request as OPA reads it: split on raw `/`, then unescaped, so that `%2F` is part of a key. */
import { ApiError } from './api-error.ts'

export interface Address {
  readonly segments: readonly string[]
  readonly query: URLSearchParams
}

const NO_QUERY = new URLSearchParams()
/** Beyond any document's depth: access is judged by the address, and strangers may send one. */
const MAX_SEGMENTS = 128

/** Where OPA redirects (`//`, `..`, a slash at the end), the address it redirects to is answered at once. */
export function readAddress(url: string): Address {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const segments: string[] = []
  for (const raw of path.split('/')) {
    if (raw === '..') segments.pop()
    else if (raw !== '' && raw !== '.') segments.push(raw.includes('%') ? decode(raw) : raw)
    if (segments.length > MAX_SEGMENTS) {
      throw new ApiError('invalid_parameter', `the path has more than ${MAX_SEGMENTS} segments`)
    }
  }
  return { segments, query: mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1)) }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new ApiError('invalid_parameter', 'the path is not escaped properly')
  }
}

/** Bare or `true` sets a flag; of repeated ones any `true` does. */
export function flag(query: URLSearchParams, name: string): boolean {
  if (query.size === 0) return false
  const given = query.getAll(name)
  return (given.length === 1 && given[0] === '') || given.some((text) => text.toLowerCase() === 'true')
}
