/** An identity provider as the steps of a sign-in use it, whichever protocol it speaks. */
import type { JWK } from 'openid-client'
import type { BreakerState } from '../../../observability/breaker-state.ts'
import type { ProviderOptions } from './options.ts'
import type { Upstream } from './upstream.ts'

/** What one trip there and back is tied together by. Verifier and nonce are secrets of this browser. */
export interface Trip {
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  /** Absent: whatever session the person has there counts. */
  readonly anew?: Anew | undefined
}

/** The person must show there that they are there now, whatever session they have. OIDC Core 3.1.2.1. */
export interface Anew {
  /** A sign-in there before this does not count, where the provider says when it was (`auth_time`). Epoch seconds. */
  readonly since: number
  /** As the client asked. */
  readonly maxAgeSeconds?: number | undefined
}

/** What it gave, where it is to be kept. Secrets. */
export interface KeptTokens {
  readonly idToken?: string
  readonly accessToken?: string
  readonly refreshToken?: string
  /** Private key that the tokens are bound to, RFC 9449. */
  readonly dpopKey?: JWK
}

export interface Came {
  readonly upstream: Upstream
  readonly kept: KeptTokens
}

/** Every method throws FederationError, and nothing else of the provider's making. */
export interface Provider {
  readonly options: ProviderOptions
  readonly state: BreakerState
  /** Where the browser is sent. */
  authorizationUrl(trip: Trip): Promise<URL>
  /** Redeems what the browser brought back, `callback` being where, and checks all of it. */
  redeem(callback: URL, trip: Trip): Promise<Came>
  /** Where the browser signs out there; undefined where that is not offered. RP-Initiated Logout 2. */
  signOutUrl(kept: KeptTokens, returnTo: string): Promise<URL | undefined>
  /** Ends what is kept, as far as the provider lets us: RFC 7009. */
  revoke(kept: KeptTokens): Promise<void>
  /** Origin that a form which leads there names in its page's policy; before the metadata is known, the issuer's. */
  readonly origin: string
  close(): void
}
