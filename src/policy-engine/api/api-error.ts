/** Errors of the policy API in OPA's form, `{code, message, errors}`; no text of a caller is repeated in them. */
import type { PolicyLocation } from '../engine.ts'

export type ApiErrorCode =
  | 'invalid_parameter'
  | 'unauthorized'
  | 'forbidden'
  | 'resource_not_found'
  | 'undefined_document'
  | 'method_not_allowed'
  | 'conflict'
  | 'payload_too_large'
  | 'too_many_requests'
  | 'internal_error'
  | 'unavailable'

const STATUS: Readonly<Record<ApiErrorCode, number>> = {
  invalid_parameter: 400,
  unauthorized: 401,
  forbidden: 403,
  resource_not_found: 404,
  undefined_document: 404,
  method_not_allowed: 405,
  conflict: 409,
  payload_too_large: 413,
  too_many_requests: 503,
  internal_error: 500,
  unavailable: 503,
}

/** One fault among those that together ended a request (OPA, "Errors"). */
export interface ErrorDetail {
  readonly code: string
  readonly message: string
  readonly location?: PolicyLocation
}

export interface ApiErrorOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly errors?: readonly ErrorDetail[]
}

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly errors: readonly ErrorDetail[] | undefined
  constructor(code: ApiErrorCode, message: string, { headers = {}, errors }: ApiErrorOptions = {}) {
    super(message)
    this.code = code
    this.status = STATUS[code]
    this.headers = headers
    this.errors = errors
  }
}

export const unavailable = (message: string) =>
  new ApiError('unavailable', message, { headers: { 'retry-after': '1' } })

export const errorBody = ({ code, message, errors }: Pick<ApiError, 'code' | 'message' | 'errors'>) => ({
  code,
  message,
  ...(errors !== undefined && { errors }),
})
