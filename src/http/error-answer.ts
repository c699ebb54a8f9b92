/**
 * Writes every error answer of the auth service, in the form its endpoint speaks. Only the table's text and `detail`
 * leave the process. RFC 6749 5.2, RFC 6750 3, RFC 9449 7.1, RFC 9470 3, RFC 7644 3.12, RFC 9457.
 */
import { OAUTH_ERRORS, PROBLEMS } from '../kernel/error-codes.ts'
import { OAuthError, PolicyUnavailable, Problem, ScimError, StoreUnavailable } from '../kernel/errors.ts'
import { CLIENT_CHALLENGE, resourceChallenge, type TokenScheme } from './challenge.ts'
import type { Reply } from './message.ts'

/** `bearer` is `oauth` with the challenge of a protected resource; `registration` is `bearer` over JSON. */
export type ErrorStyle = 'oauth' | 'bearer' | 'registration' | 'scim' | 'problem' | 'page'

/** An error as the wire may know it. */
export interface PublicError {
  readonly status: number
  readonly code: string
  readonly description: string
  readonly retryAfterSeconds?: number | undefined
  /** Parameters more of the WWW-Authenticate header, RFC 9470 3. */
  readonly challenge?: Readonly<Record<string, string>> | undefined
}

export interface PageError extends PublicError {
  readonly requestId: string
  /** Of the request: what they say of who reads the page. */
  readonly headers: ErrorContext['headers']
}

export interface ErrorContext {
  readonly style: ErrorStyle
  readonly requestId: string
  /** Under which the request carried credentials. */
  readonly scheme: TokenScheme | undefined
  /** As they came. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly renderErrorPage: (error: PageError) => Reply
}

const RETRY_AFTER_SECONDS = 5

/** What of `error` is public. Undefined: nobody foresaw it. */
export function publicError(error: unknown): PublicError | undefined {
  if (error instanceof OAuthError || error instanceof ScimError || error instanceof Problem)
    return {
      status: error.status,
      code: error.code,
      description: error.detail,
      retryAfterSeconds: error.retryAfterSeconds ?? (error.status === 503 ? RETRY_AFTER_SECONDS : undefined),
      challenge: error.challenge,
    }
  if (error instanceof PolicyUnavailable || error instanceof StoreUnavailable) {
    const { status, description } = OAUTH_ERRORS.temporarily_unavailable
    return { status, description, code: 'temporarily_unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS }
  }
  return undefined
}

/** For an error that nobody foresaw. */
export const serverError: PublicError = { ...OAUTH_ERRORS.server_error, code: 'server_error' }

const isResource = (style: ErrorStyle): boolean => style !== 'oauth' && style !== 'page'

/** RFC 6750 3.1: a token sent twice. Elsewhere it is the call that is malformed. */
const isMalformed = ({ code }: PublicError, style: ErrorStyle): boolean =>
  style === 'bearer' && code === 'invalid_request'

/** RFC 6749 5.2: 401 names the scheme. So does a protected resource, with what was wrong. */
function challenge(error: PublicError, { style, scheme }: ErrorContext): Record<string, string> {
  if (error.code === 'invalid_client') return { 'www-authenticate': CLIENT_CHALLENGE }
  // RFC 6750 3: a token that does not reach is challenged as well, by whatever name its body has.
  const code = error.code === 'forbidden' && scheme !== undefined ? 'insufficient_scope' : error.code
  const isChallenged = error.status === 401 || code === 'insufficient_scope' || isMalformed(error, style)
  if (!isResource(style) || !isChallenged) return {}
  return { 'www-authenticate': resourceChallenge(code, scheme, error.challenge) }
}

/** RFC 9449 7.1: a proof is a client's mistake at the token endpoint, and a missing credential at a resource. */
const asAnswered = (error: PublicError, style: ErrorStyle): PublicError =>
  isResource(style) && (error.code === 'invalid_dpop_proof' || error.code === 'use_dpop_nonce')
    ? { ...error, status: 401 }
    : error

/** `scimType` stands only where RFC 7644 table 9 names it. */
const SCIM_TYPES: ReadonlySet<string> = new Set([
  'invalidFilter',
  'uniqueness',
  'mutability',
  'invalidSyntax',
  'invalidValue',
])

const scimBody = (error: PublicError) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
  status: String(error.status),
  ...(SCIM_TYPES.has(error.code) && { scimType: error.code }),
  detail: error.description,
})

/** Codes of the other kinds, as the admin API names them. */
const PROBLEM_CODES: Readonly<Record<string, string>> = {
  invalid_token: 'unauthorized',
  invalid_dpop_proof: 'unauthorized',
  use_dpop_nonce: 'unauthorized',
  insufficient_scope: 'forbidden',
  temporarily_unavailable: 'unavailable',
  slow_down: 'too_many_requests',
  invalid_request: 'bad_request',
}

const problemBody = (error: PublicError, requestId: string) => ({
  type: 'about:blank',
  title: error.description,
  status: error.status,
  code: PROBLEM_CODES[error.code] ?? error.code,
  request_id: requestId,
})

function body(error: PublicError, context: ErrorContext): Reply {
  switch (context.style) {
    case 'oauth':
    case 'bearer':
    case 'registration':
      return { status: error.status, body: { error: error.code, error_description: error.description } }
    case 'scim':
      return {
        status: error.status,
        headers: { 'content-type': 'application/scim+json' },
        body: scimBody(error),
      }
    case 'problem':
      return {
        status: error.status,
        headers: { 'content-type': 'application/problem+json' },
        body: problemBody(error, context.requestId),
      }
    case 'page':
      return {
        ...context.renderErrorPage({ ...error, requestId: context.requestId, headers: context.headers }),
        status: error.status,
      }
  }
}

export function errorAnswer(thrown: PublicError, context: ErrorContext): Reply {
  const error = asAnswered(thrown, context.style)
  const reply = body(error, context)
  const retry = error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) }
  return { ...reply, headers: { ...reply.headers, ...challenge(error, context), ...retry } }
}

/** What went wrong before an endpoint was reached. */
const READ_FAILURES = {
  media_type: { problem: 'unsupported_media_type', scim: 'invalidSyntax' },
  coding: { problem: 'unsupported_media_type', scim: 'invalidSyntax' },
  too_large: { problem: 'payload_too_large', scim: 'payloadTooLarge' },
  malformed: { problem: 'bad_request', scim: 'invalidSyntax' },
  not_found: { problem: 'not_found', scim: 'notFound' },
  method: { problem: 'method_not_allowed', scim: 'invalidSyntax' },
} as const

export type ReadFailure = keyof typeof READ_FAILURES

/** In the endpoint's own words. RFC 6749 5.2 has invalid_request with 400 for a form that is none; a compressed one is 415 for all. */
export function readError(failure: ReadFailure, style: ErrorStyle): PublicError {
  const { problem, scim } = READ_FAILURES[failure]
  const { status, description } = PROBLEMS[problem]
  if (style === 'problem') return { status, description, code: problem }
  if (style === 'scim') return { status, description, code: scim }
  const asOAuth = failure === 'media_type' && style !== 'page' ? 400 : status
  return { status: asOAuth, description, code: 'invalid_request' }
}
