/** Errors of the policy API in OPA's form, `{code, message}`; no text of a caller is repeated in them. */

export type ApiErrorCode =
  | 'invalid_parameter'
  | 'unauthorized'
  | 'forbidden'
  | 'resource_not_found'
  | 'method_not_allowed'
  | 'payload_too_large'
  | 'too_many_requests'
  | 'internal_error'
  | 'unavailable'

const STATUS: Readonly<Record<ApiErrorCode, number>> = {
  invalid_parameter: 400,
  unauthorized: 401,
  forbidden: 403,
  resource_not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  too_many_requests: 503,
  internal_error: 500,
  unavailable: 503,
}

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  constructor(code: ApiErrorCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.code = code
    this.status = STATUS[code]
    this.headers = headers
  }
}

export const unavailable = (message: string) => new ApiError('unavailable', message, { 'retry-after': '1' })
