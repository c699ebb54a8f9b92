/** The table of public error codes: status and source of each. `docs/errors.md` equals it by test. */
export interface ErrorCode {
  readonly status: number
  /** Where the code is defined. */
  readonly source: string
  /** What a client reads; says what to do, never which fact failed inside. */
  readonly description: string
}

export const OAUTH_ERRORS = {
  invalid_request: {
    status: 400,
    source: 'RFC 6749 5.2',
    description: 'The request is missing a parameter, repeats one, or is malformed.',
  },
  invalid_client: { status: 401, source: 'RFC 6749 5.2', description: 'Client authentication failed.' },
  invalid_grant: {
    status: 400,
    source: 'RFC 6749 5.2',
    description:
      'The code or refresh token is invalid, expired, revoked, already used, or was issued to another client.',
  },
  unauthorized_client: { status: 400, source: 'RFC 6749 5.2', description: 'This client may not make this request.' },
  unsupported_grant_type: { status: 400, source: 'RFC 6749 5.2', description: 'The grant type is not supported.' },
  unsupported_response_type: {
    status: 400,
    source: 'RFC 6749 4.1.2.1',
    description: 'Only response_type=code is supported.',
  },
  invalid_scope: {
    status: 400,
    source: 'RFC 6749 5.2',
    description: 'A requested scope is unknown, malformed, or exceeds what was granted.',
  },
  invalid_target: {
    status: 400,
    source: 'RFC 8707 2',
    description: 'A requested resource is unknown, malformed, or exceeds what was granted.',
  },
  invalid_dpop_proof: {
    status: 400,
    source: 'RFC 9449 5',
    description: 'The DPoP proof is missing, invalid, expired, or was used before.',
  },
  use_dpop_nonce: {
    status: 400,
    source: 'RFC 9449 8',
    description: 'The DPoP proof must carry the nonce of the DPoP-Nonce header.',
  },
  invalid_redirect_uri: {
    status: 400,
    source: 'RFC 7591 3.2.2',
    description: 'A redirect URI is not one that a client may register.',
  },
  invalid_client_metadata: {
    status: 400,
    source: 'RFC 7591 3.2.2',
    description: 'The client metadata has a value that is malformed, not offered, or not allowed to this client.',
  },
  access_denied: { status: 403, source: 'RFC 6749 4.1.2.1', description: 'The request was denied.' },
  unsupported_token_type: {
    status: 400,
    source: 'RFC 7009 2.2.1',
    description: 'Tokens of this type cannot be revoked.',
  },
  invalid_token: {
    status: 401,
    source: 'RFC 6750 3.1',
    description: 'The access token is invalid, expired or revoked.',
  },
  insufficient_scope: {
    status: 403,
    source: 'RFC 6750 3.1',
    description: 'The access token does not grant this request.',
  },
  unmet_authentication_requirements: {
    status: 400,
    source: 'OIDC Unmet Authentication Requirements 1.0',
    description: 'The sign-in does not reach the level that this request needs.',
  },
  authorization_pending: {
    status: 400,
    source: 'RFC 8628 3.5',
    description: 'The person has not answered yet. Ask again after the interval.',
  },
  expired_token: {
    status: 400,
    source: 'RFC 8628 3.5',
    description: 'The device code has expired. Begin anew.',
  },
  login_required: { status: 400, source: 'OIDC Core 3.1.2.6', description: 'The person must sign in.' },
  consent_required: { status: 400, source: 'OIDC Core 3.1.2.6', description: 'The person must consent.' },
  request_not_supported: {
    status: 400,
    source: 'OIDC Core 3.1.2.6',
    description: 'Request objects are not supported.',
  },
  request_uri_not_supported: {
    status: 400,
    source: 'OIDC Core 3.1.2.6',
    description: 'Request objects by reference are not supported.',
  },
  invalid_request_uri: {
    status: 400,
    source: 'OIDC Core 3.1.2.6',
    description:
      'The request_uri is unknown, has expired, was used, or belongs to another client. Push the request again.',
  },
  insufficient_user_authentication: {
    status: 401,
    source: 'RFC 9470 3',
    description: 'The sign-in behind the access token does not do for this request. The person must sign in again.',
  },
  server_error: { status: 500, source: 'RFC 6749 4.1.2.1', description: 'The server met an unexpected condition.' },
  temporarily_unavailable: {
    status: 503,
    source: 'RFC 6749 4.1.2.1',
    description: 'The service is temporarily unavailable. Try again later.',
  },
  slow_down: { status: 429, source: 'RFC 6585 4', description: 'Too many requests. Wait before the next one.' },
} as const satisfies Record<string, ErrorCode>
export type OAuthErrorCode = keyof typeof OAUTH_ERRORS

/** RFC 7644 3.12, `scimType` values; `status` alone where the RFC names none. */
export const SCIM_ERRORS = {
  invalidFilter: {
    status: 400,
    source: 'RFC 7644 3.12',
    description: 'The filter is malformed, or uses an attribute or operator that is not supported.',
  },
  uniqueness: { status: 409, source: 'RFC 7644 3.12', description: 'A value that must be unique is already in use.' },
  mutability: { status: 400, source: 'RFC 7644 3.12', description: 'An attribute may not be changed this way.' },
  invalidSyntax: { status: 400, source: 'RFC 7644 3.12', description: 'The body is not a valid SCIM message.' },
  invalidValue: {
    status: 400,
    source: 'RFC 7644 3.12',
    description: 'A required value is missing or has the wrong type.',
  },
  unauthorized: { status: 401, source: 'RFC 7644 3.12', description: 'A valid access token is needed.' },
  forbidden: { status: 403, source: 'RFC 7644 3.12', description: 'The access token does not permit this operation.' },
  notFound: { status: 404, source: 'RFC 7644 3.12', description: 'The resource does not exist.' },
  preconditionFailed: {
    status: 412,
    source: 'RFC 7644 3.14',
    description: 'The resource has changed since it was read.',
  },
  payloadTooLarge: { status: 413, source: 'RFC 7644 3.12', description: 'The request is too large.' },
  unavailable: {
    status: 503,
    source: 'RFC 9110 15.6.4',
    description: 'The service is temporarily unavailable. Try again later.',
  },
} as const satisfies Record<string, ErrorCode>
export type ScimErrorCode = keyof typeof SCIM_ERRORS

/** Admin and policy API, answered as RFC 9457 problem documents (`type` about:blank plus `code`). */
export const PROBLEMS = {
  bad_request: { status: 400, source: 'RFC 9110 15.5.1', description: 'The request is malformed.' },
  unauthorized: { status: 401, source: 'RFC 9110 15.5.2', description: 'Valid credentials are needed.' },
  forbidden: { status: 403, source: 'RFC 9110 15.5.4', description: 'These credentials do not permit this operation.' },
  not_found: { status: 404, source: 'RFC 9110 15.5.5', description: 'There is nothing at this address.' },
  method_not_allowed: {
    status: 405,
    source: 'RFC 9110 15.5.6',
    description: 'This address does not take this method.',
  },
  conflict: { status: 409, source: 'RFC 9110 15.5.10', description: 'The request conflicts with what is stored.' },
  precondition_failed: {
    status: 412,
    source: 'RFC 9110 15.5.13',
    description: 'The resource has changed since it was read.',
  },
  payload_too_large: { status: 413, source: 'RFC 9110 15.5.14', description: 'The request is too large.' },
  unsupported_media_type: {
    status: 415,
    source: 'RFC 9110 15.5.16',
    description: 'The content type is not supported here.',
  },
  too_many_requests: { status: 429, source: 'RFC 6585 4', description: 'Too many requests. Wait before the next one.' },
  unavailable: {
    status: 503,
    source: 'RFC 9110 15.6.4',
    description: 'The service is temporarily unavailable. Try again later.',
  },
} as const satisfies Record<string, ErrorCode>
export type ProblemCode = keyof typeof PROBLEMS
