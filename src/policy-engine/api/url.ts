/** Address of a request as OPA reads it: split on raw `/`, then unescaped, so that `%2F` is part of a key. */
import { ApiError } from './api-error.ts'

export interface Address {
  readonly segments: readonly string[]
  readonly query: URLSearchParams
}

export function readAddress(url: string): Address {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const segments = path.split('/').slice(1).map(decode)
  // A trailing slash names nothing; OPA redirects to the address without it.
  if (segments.at(-1) === '') segments.pop()
  return { segments, query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)) }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new ApiError('invalid_parameter', 'the path is not escaped properly')
  }
}

/** Bare or `true` sets a flag; of repeated ones the last counts. */
export function flag(query: URLSearchParams, name: string): boolean {
  const last = query.getAll(name).at(-1)
  return last === '' || last === 'true'
}
