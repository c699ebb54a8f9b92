/**
 * What the store keeps. Every record carries `v`, its schema version, and is migrated on read. Times are seconds since
 * the Unix epoch. Secrets are SHA-256 digests (base64url), argon2id strings, or sealed; nothing usable lies here.
 */
import { createHash, randomInt } from 'node:crypto'
import { StoreUnavailable } from '../kernel/errors.ts'
import type { SigningAlgorithm } from '../kernel/signing-algorithms.ts'
import type { ClientMetadata } from './client-metadata.ts'
import type { ClaimsAsked } from './interaction-records.ts'

export interface ClientRecord {
  readonly v: 1
  readonly clientId: string
  readonly name: string
  readonly type: 'confidential' | 'public'
  /** SHA-256 of each live secret, two at most. */
  readonly secretDigests: readonly string[]
  /** The same secrets under the envelope key, of a client that is registered for client_secret_jwt alone. */
  readonly sealedSecrets?: readonly string[]
  readonly active: boolean
  readonly firstParty: boolean
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly string[]
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly resources: readonly string[]
  readonly roles: readonly string[]
  /** What it registered beyond the above. */
  readonly metadata?: ClientMetadata
  /** The host that pairwise subjects are for, OIDC Core 8.1, where registration found one. */
  readonly sectorIdentifier?: string
  /** The configuration that keeps it (`sallyport config apply`), which alone changes what it names. */
  readonly managedBy?: string
  /** Where it registered itself: RFC 7591, RFC 7592. */
  readonly registration?: ClientRegistration
  /** When its secrets end; absent: never. */
  readonly secretExpiresAt?: number
  /** Past this it reads as absent: what registered itself and was never used. */
  readonly expiresAt?: number
  readonly createdAt: number
  readonly updatedAt: number
  /** Grows with every write; the ETag of the admin API. */
  readonly version: number
  /** Counts revocations; a grant is live while its copy equals this. */
  readonly revocationEpoch: number
}

export interface ClientRegistration {
  /** SHA-256 of the registration access token, RFC 7592 3. */
  readonly tokenDigest: string
  /** `always`: the person is asked at every authorization, whatever they agreed to before. */
  readonly consent: 'always' | 'once'
}

export interface UserRecord {
  readonly v: 1
  /** Pseudonymous subject identifier; also the SCIM id. */
  readonly sub: string
  /** Unique per tenant, compared case-insensitively (RFC 7643 4.1.1). */
  readonly userName: string
  /** argon2id in PHC form; absent for a user who cannot sign in by password. */
  readonly passwordHash?: string
  readonly active: boolean
  readonly roles: readonly string[]
  /** SCIM and OIDC profile values by SCIM name, e.g. displayName, emails, name. */
  readonly profile: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly updatedAt: number
  readonly version: number
  readonly revocationEpoch: number
  /** Counts what ended that devices are remembered while the sessions went on; absent: nothing yet. */
  readonly deviceEpoch?: number
  /** When the person last put their address in the place of another; absent or 0: never, or it was set for them since. */
  readonly emailChangedAt?: number
  /** Counts what others set of how the person gets in: address, password, activity; absent: nothing yet. No link from before undoes it. */
  readonly directoryEpoch?: number
}

export interface SessionRecord {
  readonly v: 1
  /** Names the session where its cookie's secret must not be: grants and the admin API. Never derived from the cookie. */
  readonly sid: string
  readonly sub: string
  readonly acr: string
  readonly amr: readonly string[]
  readonly authTime: number
  /** Of the last sign-in with a first factor: a second one alone moves `authTime`, not this. Absent: `authTime`. */
  readonly primaryAt?: number
  /** Of the user, when the session began: live while equal. */
  readonly userEpoch: number
  readonly createdAt: number
  /** It ends then, however much it is used. */
  readonly expiresAt: number
  /** It ends when it was not seen for so long; absent: never for that. */
  readonly idleSeconds?: number
  /** To a minute or less; absent: when it began. */
  readonly lastSeenAt?: number
  readonly sight?: Sight
  /** The device it began on proves this key of its own again and again: Device Bound Session Credentials. */
  readonly deviceKey?: DeviceKey
  /** Counts what was written of it under one cookie; absent: 0. */
  readonly revision?: number
}

/** What a session was last used from. */
export interface Sight {
  readonly browser: string
  readonly system: string
  /** The last /24 of IPv4, and the last /48 of IPv6: browsers go from one to the other all the time. */
  readonly networks: readonly string[]
}

export interface DeviceKey {
  readonly alg: 'ES256' | 'RS256'
  /** RFC 7517, the public members alone. */
  readonly jwk: Readonly<Record<string, unknown>>
  /** RFC 7638. */
  readonly thumbprint: string
  readonly boundAt: number
}

/** A browser that a person has signed in with. */
export interface DeviceRecord {
  readonly v: 1
  /** Names it where its cookie's secret must not be: on pages, in events. Never derived from the cookie. */
  readonly deviceId: string
  readonly sub: string
  /** Names of browser and system as it gave them, from lists of ours. */
  readonly browser: string
  readonly system: string
  readonly firstSeenAt: number
  readonly lastSeenAt: number
  /** Until then policy may spare its person a further factor; absent: not remembered. */
  readonly rememberedUntil?: number
  /** Both epochs of the user together, when it was remembered: it is, while equal. Neither is ever lowered. */
  readonly userEpoch: number
  readonly expiresAt: number
}

/** An authorization request that a client pushed, RFC 9126. Kept longer than it may be begun: what it began is spent with it. */
export interface PushedRequestRecord {
  readonly v: 1
  readonly clientId: string
  /** What was asked, and whom it names, under the secret of the request_uri, which the store does not have. */
  readonly sealed: string
  /** The key of the DPoP proof that came with it, RFC 9449 10.1. */
  readonly dpopJkt?: string
  /** Until then an authorization may begin with it. */
  readonly beginsBefore: number
  readonly expiresAt: number
  /** It was used: nothing of what was asked is left. */
  readonly spent?: true
}

/** What may happen once, in one person's name or in nobody's yet: the link of a mail, a challenge, the state of a redirect. */
export interface OneUseRecord {
  readonly v: 1
  /** A plain word of the code that puts and takes it: one of another kind is never found under it. */
  readonly kind: string
  /** Absent: nobody is known yet. It ends with this person. */
  readonly sub?: string
  readonly facts: Readonly<Record<string, OneUseFact>>
  readonly createdAt: number
  readonly expiresAt: number
}
export type OneUseFact = string | number | boolean | readonly string[]

/** A way in of a person, by an identity's key or a passkey's credential id: what a step that takes one away must find in its place. */
export type Way = { readonly identity: string } | { readonly passkey: string }

/** An account at an identity provider that a person of ours enters by. */
export interface IdentityRecord {
  readonly v: 1
  /** `identityKey` of issuer and subject; unique in the tenant. */
  readonly key: string
  readonly sub: string
  /** As the configuration names it. */
  readonly provider: string
  readonly issuer: string
  /** Of the provider, never an address or name that can change hands. */
  readonly subject: string
  /** What the person knows the account by, e.g. its address there; shown to them alone. */
  readonly label?: string
  readonly linkedAt: number
}

/** An issuer holds no line end (RFC 8414 2), so that no two pairs share a key. */
export const identityKey = (issuer: string, subject: string): string =>
  createHash('sha256').update(`${issuer}\n${subject}`).digest('base64url')

export interface ConsentRecord {
  readonly v: 1
  readonly scopes: readonly string[]
  /** Claims asked for one by one, OIDC Core 5.5. */
  readonly claims?: readonly string[]
  /** Digest of what was shown of a client that registers itself: a consent is for no other that it becomes. */
  readonly shownClient?: string
  readonly grantedAt: number
  readonly expiresAt: number
}

/** The key that a token is bound to, RFC 7800 3.1: whoever presents the token proves that it holds this key. */
export interface Confirmation {
  /** RFC 9449 6.1: SHA-256 thumbprint of the DPoP key. */
  readonly jkt?: string
  /** RFC 8705 3.1: SHA-256 of the client certificate. */
  readonly 'x5t#S256'?: string
}

/** What a person (or a client for itself) allowed once; all tokens hang on it. */
export interface GrantRecord {
  readonly v: 1
  readonly grantId: string
  readonly clientId: string
  readonly sub: string
  /** The session it was given in. */
  readonly sid?: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly acr: string
  readonly amr: readonly string[]
  readonly authTime: number
  readonly nonce?: string
  /** Claims asked for one by one, that policy and the person allowed. */
  readonly claims?: ClaimsAsked
  /** Read before the grant's first decision. */
  readonly userEpoch: number
  readonly clientEpoch: number
  readonly createdAt: number
  /** Absolute end of the grant and of everything on it. */
  readonly expiresAt: number
  /** Terminal: set by revocation or reuse, never cleared. */
  readonly revoked: boolean
  /** Counts how often its access tokens were ended together; absent: never. */
  readonly tokensEpoch?: number
}

export interface CodeRecord {
  readonly v: 1
  readonly redirectUri: string
  readonly codeChallenge: string
  /** It is a device code, RFC 8628: the token endpoint takes it as nothing else. */
  readonly device?: true
  /** RFC 9449 10: only this key may redeem it. */
  readonly dpopJkt?: string
  readonly expiresAt: number
}

export interface RefreshTokenRecord {
  readonly v: 1
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly confirmation?: Confirmation
  readonly issuedAt: number
  readonly expiresAt: number
}

export interface AccessTokenRecord {
  readonly v: 1
  readonly jti: string
  /** SHA-256 of the secret of an opaque token; absent for a JWT, which proves itself. */
  readonly secretDigest?: string
  /** Absent for client_credentials. */
  readonly grantId?: string
  readonly clientId: string
  readonly sub?: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly acr?: string
  readonly confirmation?: Confirmation
  readonly issuedAt: number
  readonly expiresAt: number
  /** Of the client when issued; decides liveness where there is no grant. */
  readonly clientEpoch: number
  /** Of the grant, as read before the token's decision: live while equal. */
  readonly tokensEpoch?: number
  readonly revoked: boolean
}

/** What of a session's grants ends with it: all, those that are not for offline access, none. OIDC Back-Channel Logout 2.7. */
export type EndedGrants = 'all' | 'online' | 'none'

/**
 * What is left to do of a sign-out, kept until it is done, whichever node does it. `session`: end it with its grants and
 * find whom to tell. `client`: send it a logout token, OIDC Back-Channel Logout 2.5.
 */
export type LogoutTask = {
  readonly v: 1
  /** The same for the same work, so that what is begun anew is not done twice at once. */
  readonly id: string
  readonly sid: string
  readonly sub: string
  readonly createdAt: number
} & (
  | { readonly kind: 'session'; readonly ends: EndedGrants }
  | { readonly kind: 'client'; readonly clientId: string; readonly attempts: number }
)

/** `next` is published and waits, `current` signs, `retiring` is published until the last token it signed has ended. */
export type SigningKeyState = 'next' | 'current' | 'retiring'

/**
 * A signing key, of one algorithm for good. `sealed` is its private key (PKCS#8 DER) under the envelope key `kekId`, with its
 * own name as associated data. Times are of the store's clock.
 */
export interface SigningKeyRecord {
  readonly v: 2
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly sealed: string
  readonly kekId: string
  readonly createdAt: number
  readonly state: SigningKeyState
  /** When that state began. */
  readonly since: number
  /** Everyone who verifies has seen it from then on. */
  readonly readyAt: number
  /** Of `next`: an operator wants it to sign as soon as it is ready. */
  readonly asked?: boolean
}

/** The last line of one chain of a log that is known to be on disk: a file that holds less was cut. */
export interface ChainHead {
  readonly v: 1
  readonly chain: string
  /** Host and file of the log: heads of other places are not expected in its files. */
  readonly place: string
  readonly seq: number
  /** SHA-256 of that line. */
  readonly digest: string
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  /** No line of this chain comes after. */
  readonly closed: boolean
  /** Of the service that wrote the log; absent where it has no key. */
  readonly keyId?: string
  readonly signature?: string
}

/** Under which a user name is unique and looked up: case does not count (RFC 7643 4.1.1). */
export const userNameKey = (userName: string): string => userName.toLowerCase()

/** Of a client or user that is made: at random, so that it never meets grants of a deleted one that had its id. */
export const firstRevocationEpoch = (): number => randomInt(2 ** 40)

/** A stored record as this program knows it; here older versions are migrated, and unknown ones refused, never guessed at. */
export function decodeRecord<R extends { readonly v: 1 }>(text: string): R {
  const record = parseRecord<R>(text)
  if (record.v !== 1) throw new StoreUnavailable('a record has a version that this program does not know')
  return record
}

/** For records that migrate by rules of their own. */
export function parseRecord<R>(text: string): R {
  try {
    return JSON.parse(text)
  } catch {
    // JSON.parse quotes the text in its message.
    throw new StoreUnavailable('a record is not JSON')
  }
}
