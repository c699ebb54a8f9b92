/**
 * What can go wrong at a provider, in words of a bounded set: for the audit log, the metric and the page. What the provider
 * sent is in none of them; what of its keys was seen is, for the operator's log.
 */
import { EgressError } from '../../../egress/egress.ts'
import { BreakerOpen } from './breaker.ts'
import { isOutage } from './outgoing.ts'

export const FAILURES = [
  /** It does not answer, or not in time, or its breaker is open. */
  'unavailable',
  /** Its keys are not those that are pinned. */
  'pin_mismatch',
  /** No TLS as it must be: unknown authority, another name, an end of the certificate. */
  'tls_failed',
  /** Its metadata is not the issuer's, or lacks what is needed. */
  'wrong_metadata',
  /** The answer in the browser: another state, issuer, provider or browser, or spent. */
  'wrong_response',
  /** It says that the person, or the provider, refused. */
  'refused_there',
  /** What the token endpoint or the API gave does not hold: signature, issuer, audience, nonce, times, subject. */
  'wrong_token',
  /** It was to ask the person anew, and answered from an older sign-in. */
  'not_anew',
  /** Another organisation than the one that is configured. */
  'wrong_organisation',
  /** Tokens were to be bound to a key, and are not. */
  'not_bound',
] as const
export type FederationFailure = (typeof FAILURES)[number]

export class FederationError extends Error {
  override readonly name = 'FederationError'
  readonly code: FederationFailure
  readonly provider: string
  constructor(code: FederationFailure, provider: string, options: { cause?: unknown; detail?: string } = {}) {
    const { detail, ...rest } = options
    super(`provider ${provider}: ${code}${detail === undefined ? '' : `: ${detail}`}`, rest)
    this.code = code
    this.provider = provider
  }
}

/** The innermost known cause: openid-client wraps what its `fetch` throws, an open breaker what opened it. */
function causeOf(error: unknown): unknown {
  let found: unknown
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof BreakerOpen || isOutage(cause)) found = cause
  return found
}

/** `otherwise`: what it means where the provider did answer. */
export function federationFailure(provider: string, error: unknown, otherwise: FederationFailure): FederationError {
  if (error instanceof FederationError) return error
  const cause = causeOf(error)
  if (cause instanceof EgressError && cause.code === 'pin')
    return new FederationError('pin_mismatch', provider, { cause, detail: cause.message })
  if (cause instanceof EgressError && cause.code === 'tls')
    return new FederationError('tls_failed', provider, { cause, detail: cause.message })
  if (cause !== undefined) return new FederationError('unavailable', provider, { cause, ...detailOf(cause) })
  // Messages of the library are its own words, and name no value; its causes may.
  return new FederationError(otherwise, provider, { cause: error, ...detailOf(error) })
}

/** RFC 6749 5.2, RFC 9449 5 and 8: what a provider says of it is logged where it is one of these. */
const TOKEN_ERRORS: ReadonlySet<unknown> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_dpop_proof',
  'use_dpop_nonce',
])

function detailOf(error: unknown): { detail?: string } {
  if (!(error instanceof Error)) return {}
  const said = 'error' in error && TOKEN_ERRORS.has(error.error) ? ` (${String(error.error)})` : ''
  return { detail: error.message + said }
}
