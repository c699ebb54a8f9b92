/** Requests that wait for a person, and how far their sign-in has come. Times are seconds since the Unix epoch. */

/** How the answer goes back to the client: OAuth 2.0 Multiple Response Types 2.1, OAuth 2.0 Form Post Response Mode. */
export type ResponseMode = 'query' | 'fragment' | 'form_post'

/** What was asked of one claim, OIDC Core 5.5.1: released only where it is one of `values`, if there are any. */
export interface ClaimAsked {
  readonly essential?: boolean
  readonly values?: readonly (string | number | boolean)[]
}

/** Claims of a person that were asked for one by one, by name: for userinfo and for the ID token. */
export interface ClaimsAsked {
  readonly userinfo?: Readonly<Record<string, ClaimAsked>>
  readonly idToken?: Readonly<Record<string, ClaimAsked>>
}

/** One proof of who signs in. */
export interface ProvenFactor {
  readonly kind: 'password' | 'totp' | 'passkey' | 'recovery_code' | 'federated'
  readonly at: number
  /** Of a passkey: whether the authenticator verified its user. */
  readonly userVerified?: boolean
  /** Of a provider: the level that policy gave to it. */
  readonly acr?: string
}

/** A sign-in that is under way. */
export interface SignInProgress {
  /** As it was typed; sealed in the store. */
  readonly userName?: string
  /** Who proved `factors`, and their revocation epoch when they began to. */
  readonly sub?: string
  readonly userEpoch?: number
  readonly factors: readonly ProvenFactor[]
  /** The session of this browser counts beside them. */
  readonly steppingUp?: boolean
  /** The person wants this browser remembered. */
  readonly rememberDevice?: boolean
  /** What policy wants next, and what it takes instead. */
  readonly next?: string
  readonly offers?: readonly string[]
}

/** An authorization request, or a page of ours, that waits for sign-in or consent. */
export interface InteractionRecord {
  readonly v: 1
  readonly clientId: string
  readonly redirectUri: string
  /** Absent: query. */
  readonly responseMode?: ResponseMode
  readonly state?: string
  readonly nonce?: string
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly codeChallenge?: string
  /** RFC 9449 10: the key that the code is bound to. */
  readonly dpopJkt?: string
  /** Digest of the pushed request that it began with, RFC 9126: spent with the code. */
  readonly pushedDigest?: string
  /** Sealed in the store. */
  readonly claims?: ClaimsAsked
  /** OIDC Core 3.1.2.1, as `authorize` takes them. */
  readonly prompt?: readonly string[]
  readonly acrValues?: readonly string[]
  readonly essentialAcr?: readonly string[]
  readonly maxAgeSeconds?: number
  /** Only this person will do: `id_token_hint`, or `sub` with a value (OIDC Core 3.1.2.2 and 5.5.1); then sealed in the store. */
  readonly onlySub?: string
  /** Shown on the sign-in page: `login_hint`. Sealed in the store. */
  readonly loginHint?: string
  /** BCP 47 tags in order of preference. */
  readonly uiLocales?: readonly string[]
  /** SHA-256 of the browser cookie that may continue it: login CSRF and swapped browsers end here. */
  readonly browserDigest: string
  /** Only a session that signed in here counts: `prompt=login` asks for one, OIDC Core 3.1.2.1. */
  readonly askSignIn?: boolean
  /** Digest of the session that signed in here, once one did. */
  readonly sessionDigest?: string
  /** Sign-ins before this do not count: `max_age`, OIDC Core 3.1.2.1. */
  readonly authenticatedSince?: number
  /** A page of ours that waits for a sign-in, not an application: the path and query where it goes on then. In the store its path; the query is sealed. */
  readonly page?: string
  /** What was proven here so far. */
  readonly progress?: SignInProgress
  /** The person chose the account that is signed in: `prompt=select_account` is answered. */
  readonly accountChosen?: boolean
  /** Consents before this interaction do not count: `prompt=consent`. */
  readonly askConsent?: boolean
  /** Who was asked here, and what they agreed to: they are not asked again, and the code carries no more. */
  readonly consented?: {
    readonly sub: string
    readonly scopes: readonly string[]
    readonly claims?: readonly string[]
  }
  readonly createdAt: number
  readonly expiresAt: number
  /** Times it was replaced, counted by the store; absent: never. */
  readonly revision?: number
  /** In the store alone: what may name a person whom it does not know yet, under a secret that it does not have. */
  readonly sealed?: string
}

/** Of one person, to be shown: more are begun by nobody who means to go on with them. */
export const MAX_LISTED = 100

/**
 * The subs that it is about: who proves who they are, whose page waits, who was asked. Not whom a client asks for: anybody could
 * lay records without number at anybody's door.
 */
export const peopleOf = ({ progress, onlySub, page, consented }: InteractionRecord): readonly string[] => [
  ...new Set(
    [progress?.sub, page === undefined ? undefined : onlySub, consented?.sub].filter((sub) => sub !== undefined),
  ),
]
