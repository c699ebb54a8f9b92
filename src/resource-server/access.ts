/** What a resource server learns of an access token that passed, and how it says no. RFC 6750 3, RFC 9449 7.1, RFC 9470 3. */
import { DPOP_ALGORITHMS } from '../kernel/proof-algorithms.ts'

/** A token that is valid for this resource server, in the hands of who it was issued to. */
export interface Access {
  /** The person, as this client reads them, or the client itself. */
  readonly sub: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** What policy let the token do: when it was issued (JWT), or now (introspection). */
  readonly permissions: readonly string[]
  /** Seconds since the epoch. */
  readonly expiresAt: number
  readonly acr?: string
  /** Seconds since the epoch. */
  readonly authTime?: number
  /** All claims of the token, or all members of the introspection. */
  readonly claims: Readonly<Record<string, unknown>>
}

export type RefusalCode =
  | 'missing_token'
  | 'invalid_request'
  | 'invalid_token'
  | 'invalid_dpop_proof'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'too_many_requests'
  | 'temporarily_unavailable'

const STATUS: Readonly<Record<RefusalCode, 400 | 401 | 403 | 429 | 503>> = {
  missing_token: 401,
  invalid_request: 400,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  insufficient_scope: 403,
  insufficient_user_authentication: 401,
  too_many_requests: 429,
  temporarily_unavailable: 503,
}

const RETRY_AFTER_SECONDS: Partial<Record<RefusalCode, string>> = {
  too_many_requests: '60',
  temporarily_unavailable: '2',
}

export interface RefusalParts {
  /** Of the challenge: `scope`, `acr_values`, `max_age`. Only values of the resource server's own, never of the request. */
  readonly parameters?: Readonly<Record<string, string>>
  readonly cause?: unknown
  /** Whether the challenge names the scheme DPoP. Default true. */
  readonly takesDpop?: boolean
}

/** Why a request may not go on. `cause` is for the log; a client reads code and description only. */
export class AccessRefused extends Error {
  readonly code: RefusalCode
  readonly status: number
  readonly #parameters: Readonly<Record<string, string>>
  readonly #takesDpop: boolean

  constructor(code: RefusalCode, description: string, parts: RefusalParts = {}) {
    const { parameters = {}, cause, takesDpop = true } = parts
    super(description, { cause })
    this.name = 'AccessRefused'
    this.code = code
    this.status = STATUS[code]
    this.#parameters = parameters
    this.#takesDpop = takesDpop
  }

  /** The same from an API that takes no DPoP: its challenge leads nobody there. */
  withoutDpop(): AccessRefused {
    const { cause } = this
    return new AccessRefused(this.code, this.message, { parameters: this.#parameters, cause, takesDpop: false })
  }

  /** The answer's headers. RFC 6750 3: without a token the challenge names no error. */
  headers(): Readonly<Record<string, string>> {
    const wait = RETRY_AFTER_SECONDS[this.code]
    if (wait !== undefined) return { 'retry-after': wait, 'cache-control': 'no-store' }
    const told = this.code === 'missing_token' ? {} : { error: this.code, error_description: this.message }
    const words = Object.entries({ ...told, ...this.#parameters }).map(([name, value]) => `${name}="${value}"`)
    const bearer = ['Bearer', words.join(', ')].filter((part) => part !== '').join(' ')
    if (!this.#takesDpop) return { 'www-authenticate': bearer, 'cache-control': 'no-store' }
    const dpop = `DPoP ${[...words, `algs="${DPOP_ALGORITHMS.join(' ')}"`].join(', ')}`
    // RFC 9449 7.1: of a proof, nothing is wrong with a bearer token.
    const challenge = this.code === 'invalid_dpop_proof' ? `${dpop}, Bearer` : `${bearer}, ${dpop}`
    return { 'www-authenticate': challenge, 'cache-control': 'no-store' }
  }

  body(): Readonly<Record<string, string>> {
    return { error: this.code === 'missing_token' ? 'invalid_token' : this.code, error_description: this.message }
  }
}

/** What an endpoint asks of a token. */
export interface Demand {
  /** All of them, RFC 6750 3.1. */
  readonly scopes?: readonly string[]
  /** All of them; `permissions` of Sallyport's policy. */
  readonly permissions?: readonly string[]
  /** One of them, RFC 9470 4. */
  readonly acrValues?: readonly string[]
  /** How long ago the sign-in may be, RFC 9470 4. */
  readonly maxAgeSeconds?: number
}

const has = (held: readonly string[], asked: readonly string[] = []) => asked.every((one) => held.includes(one))

/** As for JWT: two clocks are never the same. */
export const CLOCK_TOLERANCE_SECONDS = 5

/** Throws AccessRefused where the token has ended since it was judged. */
export function requireCurrent({ expiresAt }: Access, nowSeconds: number): void {
  if (expiresAt + CLOCK_TOLERANCE_SECONDS <= nowSeconds)
    throw new AccessRefused('invalid_token', 'The access token is invalid or expired.')
}

/** Throws AccessRefused where the token does not reach. */
export function meetDemand(access: Access, demand: Demand, nowSeconds: number): void {
  const { scopes = [], acrValues, maxAgeSeconds } = demand
  if (!has(access.scopes, scopes) || !has(access.permissions, demand.permissions))
    throw new AccessRefused('insufficient_scope', 'The access token does not grant this request.', {
      parameters: scopes.length === 0 ? {} : { scope: scopes.join(' ') },
    })
  const wrongAcr = acrValues !== undefined && !acrValues.some((acr) => acr === access.acr)
  const tooOld = maxAgeSeconds !== undefined && nowSeconds - (access.authTime ?? 0) > maxAgeSeconds
  if (wrongAcr || tooOld)
    throw new AccessRefused('insufficient_user_authentication', 'A new or stronger sign-in is needed.', {
      parameters: {
        ...(acrValues !== undefined && { acr_values: acrValues.join(' ') }),
        ...(maxAgeSeconds !== undefined && { max_age: String(maxAgeSeconds) }),
      },
    })
}
