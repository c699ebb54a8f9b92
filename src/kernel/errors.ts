/**
 * What can go wrong, by who must hear of it. Each error has a public description and a private cause (`message`,
 * `cause`); only the table's text and `detail` ever leave the process.
 */
import {
  OAUTH_ERRORS,
  type OAuthErrorCode,
  PROBLEMS,
  type ProblemCode,
  SCIM_ERRORS,
  type ScimErrorCode,
} from './error-codes.ts'

export interface PublicDetail {
  /** Replaces the table's description where the caller can be told more exactly what to mend. Never holds a value it sent. */
  readonly detail?: string
  /** Private: goes to the log only, and must hold no secret or personal data. */
  readonly cause?: unknown
  readonly retryAfterSeconds?: number
  /** Where the protocol gives the code another one than the table: RFC 6749 5.2 and RFC 8628 3.5 at the token endpoint. */
  readonly status?: 400
  /** Parameters more of the WWW-Authenticate header, RFC 9470 3. */
  readonly challenge?: Readonly<Record<string, string>>
}

abstract class CodedError extends Error {
  abstract readonly status: number
  readonly detail: string
  readonly retryAfterSeconds: number | undefined
  readonly challenge: Readonly<Record<string, string>> | undefined
  constructor(code: string, fallback: string, options: PublicDetail) {
    super(code, { cause: options.cause })
    this.name = new.target.name
    this.detail = options.detail ?? fallback
    this.retryAfterSeconds = options.retryAfterSeconds
    this.challenge = options.challenge
  }
}

/** RFC 6749, 6750, 7009, 8707 and OIDC Core error answers. */
export class OAuthError extends CodedError {
  readonly code: OAuthErrorCode
  readonly status: number
  constructor(code: OAuthErrorCode, options: PublicDetail = {}) {
    super(code, OAUTH_ERRORS[code].description, options)
    this.code = code
    this.status = options.status ?? OAUTH_ERRORS[code].status
  }
}

/** RFC 7644 section 3.12. */
export class ScimError extends CodedError {
  readonly code: ScimErrorCode
  readonly status: number
  constructor(code: ScimErrorCode, options: PublicDetail = {}) {
    super(code, SCIM_ERRORS[code].description, options)
    this.code = code
    this.status = SCIM_ERRORS[code].status
  }
}

/** RFC 9457, for the admin and the policy API. */
export class Problem extends CodedError {
  readonly code: ProblemCode
  readonly status: number
  constructor(code: ProblemCode, options: PublicDetail = {}) {
    super(code, PROBLEMS[code].description, options)
    this.code = code
    this.status = PROBLEMS[code].status
  }
}

/** The start is refused: configuration, keys or bundle are not fit to serve. `message` is one line that says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Why a decision could not be had; `no_bundle` to `wrong_input` are bounded, so they may label a metric. */
export type UnavailableReason =
  | 'no_bundle'
  | 'undefined'
  | 'trap'
  | 'timeout'
  | 'wrong_result'
  | 'wrong_input'
  | 'unreachable'
  | 'elsewhere'
  | 'audit'

/** Policy gave no usable answer. Always denies; never reported as a policy's deny. The edge maps it (docs/request-flow.md). */
export class PolicyUnavailable extends Error {
  override readonly name = 'PolicyUnavailable'
  readonly reason: UnavailableReason
  /** `detail` goes to the operational log: what to mend, without any value. */
  constructor(reason: UnavailableReason, decision: string, options: { cause?: unknown; detail?: string } = {}) {
    const { detail, ...rest } = options
    super(`decision ${decision} is unavailable: ${reason}${detail === undefined ? '' : `, ${detail}`}`, rest)
    this.reason = reason
  }
}

/** The store gave no usable answer. Nothing is issued; mapped like PolicyUnavailable. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}
