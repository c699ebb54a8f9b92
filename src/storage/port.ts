/**
 * The store, one small interface for each kind of record, named for what must happen once. Every method takes the tenant
 * first; every state change is one atomic operation in both adapters (a transaction; one script on one hash slot).
 * A failing store rejects with StoreUnavailable and is never read as "absent". Records past `expiresAt` read as absent.
 * `storage/conformance.ts` holds both adapters to this page, races included.
 */

import type { ActivityStore } from './activity-port.ts'
import type { DeviceGrantStore } from './device-grants.ts'
import type { DeviceStore } from './devices-port.ts'
import type { FactorStore } from './factors.ts'
import type { InteractionRecord } from './interaction-records.ts'
import type { LogoutStore, OutboxStore } from './outbox-port.ts'
import type {
  AccessTokenRecord,
  ChainHead,
  ClientRecord,
  CodeRecord,
  ConsentRecord,
  GrantRecord,
  IdentityRecord,
  OneUseRecord,
  PushedRequestRecord,
  RefreshTokenRecord,
  SessionRecord,
  SigningKeyRecord,
  UserRecord,
  Way,
} from './records.ts'
import type { StreamStore } from './streams-port.ts'
import type { ThreatStore } from './threat-port.ts'
import type { Written } from './written.ts'

export interface Page<R> {
  readonly total: number
  readonly records: readonly R[]
}

export interface ClientStore {
  find(tenant: string, clientId: string): Promise<ClientRecord | undefined>
  /** `conflict` when the id is taken. */
  create(tenant: string, client: ClientRecord): Promise<Written>
  /**
   * Writes when the stored version is `expectedVersion`, else `conflict`. What is stored has at least `expectedVersion + 1`
   * as its version, and a revocationEpoch that is never lowered, whatever the record says.
   */
  replace(tenant: string, client: ClientRecord, expectedVersion: number): Promise<Written>
  /** Also revokes: whatever hangs on the client reads as not live from then on; its consents and streams end with it. */
  delete(tenant: string, clientId: string): Promise<Written>
  /** In order of creation; `offset` from 0. `total` may count some that have expired. */
  list(tenant: string, offset: number, limit: number): Promise<Page<ClientRecord>>
  /** Increments the revocation epoch. */
  revokeAll(tenant: string, clientId: string): Promise<Written>
}

/** `email_taken`: somebody else of the tenant has the address, verified. */
export type UserWritten = Written | 'email_taken'

export interface UserStore {
  find(tenant: string, sub: string): Promise<UserRecord | undefined>
  findByUserName(tenant: string, userName: string): Promise<UserRecord | undefined>
  /** By the primary address, where that is verified: one person of a tenant has it, whatever its case (`verified-email.ts`). */
  findByVerifiedEmail(tenant: string, address: string): Promise<UserRecord | undefined>
  /** What a person types to sign in: their verified address, else their user name: whoever has proven an address is who it means. The same work for a name that nobody has. */
  findBySignInName(tenant: string, name: string): Promise<UserRecord | undefined>
  /** `conflict` when the sub or the user name is taken. */
  create(tenant: string, user: UserRecord): Promise<Exclude<UserWritten, 'missing'>>
  /** `conflict` when the version differs or the new user name is taken; a deactivation increments the epoch in the same step. */
  replace(tenant: string, user: UserRecord, expectedVersion: number): Promise<UserWritten>
  /**
   * Also revokes, as with clients; whatever hangs on the person ends: consents, activity, devices, one-use records, factors,
   * interactions that name them, device authorizations that they answered.
   */
  delete(tenant: string, sub: string): Promise<Written>
  list(tenant: string, offset: number, limit: number): Promise<Page<UserRecord>>
  revokeAll(tenant: string, sub: string): Promise<Written>
  /**
   * People whom a program wrote that kept no index of verified addresses are found by theirs from then on; of several with one the first
   * keeps it. Where it was done before it is one look; cut short, it goes on where it stopped.
   */
  indexEmails(tenant: string): Promise<void>
}

export interface SessionStore {
  /** `digest` is SHA-256 of the cookie's value. A session that goes on under another cookie keeps its `sid`. */
  put(tenant: string, digest: string, session: SessionRecord): Promise<void>
  find(tenant: string, digest: string): Promise<SessionRecord | undefined>
  findById(tenant: string, sid: string): Promise<SessionRecord | undefined>
  /**
   * Writes what changed of one that goes on under this cookie, if its revision is `expectedRevision`, and counts the revision.
   * `sid`, `sub` and the absolute end stay as they are: they are the caller's to leave alone. Brings none back.
   */
  replace(tenant: string, digest: string, session: SessionRecord, expectedRevision: number): Promise<Written>
  /** The cookie opens it no more; the session itself goes on. */
  delete(tenant: string, digest: string): Promise<void>
  /** From then on no cookie opens it and no grant is issued in it; what was issued is the caller's to revoke. Idempotent. */
  end(tenant: string, sid: string): Promise<void>
  /** Clients that were issued a code in it, in no order: until it would have expired, also once it has ended. */
  clients(tenant: string, sid: string): Promise<readonly string[]>
  /** Those that have not ended, the one that would end last first. */
  list(tenant: string, of: { readonly sub?: string }, offset: number, limit: number): Promise<Page<SessionRecord>>
}

export interface InteractionStore {
  put(tenant: string, digest: string, interaction: InteractionRecord): Promise<void>
  find(tenant: string, digest: string): Promise<InteractionRecord | undefined>
  /**
   * Writes only while it is there, so that one that was taken is never brought back, and counts the revision; with
   * `expectedRevision` only where that is its revision, so that of all that write on one reading at once one does.
   */
  replace(tenant: string, digest: string, interaction: InteractionRecord, expectedRevision?: number): Promise<Written>
  /** Gives it to one caller only: GETDEL. */
  take(tenant: string, digest: string): Promise<InteractionRecord | undefined>
  /** Those that name this person (`peopleOf`), the newest first, `MAX_LISTED` at most. */
  list(tenant: string, sub: string): Promise<readonly InteractionRecord[]>
}

/** Pushed authorization requests, RFC 9126; `digest` is SHA-256 of the secret in the request_uri. */
export interface PushedRequestStore {
  put(tenant: string, digest: string, request: PushedRequestRecord): Promise<void>
  /** One that was spent says so, until it ends. */
  find(tenant: string, digest: string): Promise<PushedRequestRecord | undefined>
  /** Spends it: of all that finish with it at once, one gets it. What was asked goes from the store. */
  take(tenant: string, digest: string): Promise<PushedRequestRecord | undefined>
}

/** Of one person and kind, live at once: one more ends the one that would end first of the others. */
export const MAX_ONE_USE_OF_PERSON = 32

/** `digest` is SHA-256 of the secret in the link, challenge or state. */
export interface OneUseStore {
  put(tenant: string, digest: string, record: OneUseRecord): Promise<void>
  find(tenant: string, kind: string, digest: string): Promise<OneUseRecord | undefined>
  /** Spends it: of all that come with it at once, one gets it. */
  take(tenant: string, kind: string, digest: string): Promise<OneUseRecord | undefined>
  /** Ends all of one person and kind; idempotent. */
  endOf(tenant: string, sub: string, kind: string): Promise<void>
  /** Of one person, all kinds, the one that ends last first. */
  list(tenant: string, sub: string): Promise<readonly OneUseRecord[]>
}

/** Identities of one person at most, so that they fit one read. */
export const MAX_IDENTITIES_OF_PERSON = 32

/** Whom accounts at identity providers belong to. What a person has of them ends with the person. */
export interface IdentityStore {
  find(tenant: string, key: string): Promise<IdentityRecord | undefined>
  /** In the order in which they were linked. */
  list(tenant: string, sub: string): Promise<readonly IdentityRecord[]>
  /** `conflict`: it belongs to somebody already, or the person has MAX_IDENTITIES_OF_PERSON. `missing`: there is no such person. */
  link(tenant: string, identity: IdentityRecord): Promise<Written>
  /** A new person and how they enter, in one step: neither is there without the other. `conflict`: one of them is taken. */
  createPerson(tenant: string, user: UserRecord, identity: IdentityRecord): Promise<Exclude<UserWritten, 'missing'>>
  /** `conflict`: `kept`, which the person was to keep, is not there any more, and nothing is unlinked. */
  unlink(tenant: string, sub: string, key: string, kept?: Way): Promise<Written>
}

export type ConsentTo = ConsentRecord & { readonly clientId: string }

export interface ConsentStore {
  find(tenant: string, sub: string, clientId: string): Promise<ConsentRecord | undefined>
  put(tenant: string, sub: string, clientId: string, consent: ConsentRecord): Promise<void>
  delete(tenant: string, sub: string, clientId: string): Promise<void>
  /** Those of a person to clients that there are, the latest first. */
  list(tenant: string, sub: string, offset: number, limit: number): Promise<Page<ConsentTo>>
}

/** For how long, how often and with what a spent refresh token still answers: with the successor that it gave first. */
export interface Grace {
  /** Seconds since the epoch. */
  readonly until: number
  readonly uses: number
  /** The successor's text, readable only to who holds the spent token; opaque to the store. */
  readonly sealed: string
}

/** New tokens that a redemption or rotation brings into being, written in the same step. */
export interface Successors {
  readonly accessToken: AccessTokenRecord
  /** `digest` is SHA-256 of the secret half of the token. */
  readonly refreshToken?: {
    readonly digest: string
    readonly record: RefreshTokenRecord
    /** Of the token that is spent for it; absent: its second use ends the family. */
    readonly grace?: Grace
  }
  /** New absolute end of the grant, where it grows. */
  readonly grantExpiresAt: number
  /** Of the grant, where a session gave it: it is found among the session's for as long as it lives. */
  readonly sid?: string | undefined
}

/** `reused`: it was used before, and the grant has been revoked in the same step. `revoked`: the grant had ended already. */
export type Spent = 'redeemed' | 'reused' | 'missing' | 'revoked'

export interface GrantedCode {
  readonly grant: GrantRecord
  readonly code: CodeRecord
  /** Spent before: redeeming it will answer `reused`. */
  readonly used: boolean
}

/** Handles read `<grant id>.<secret>`; `digest` is SHA-256 of the secret half. All keys of a grant share its slot. */
export interface CodeStore {
  /**
   * Writes the grant, its code and its client among the session's in one step; rejects when the grant id is taken, so that none is revived. `ended`: its
   * session (`sid`) has ended, also where it ends meanwhile, and nothing can be redeemed.
   */
  issue(tenant: string, grant: GrantRecord, digest: string, code: CodeRecord): Promise<'issued' | 'ended'>
  /** A used code is kept until its grant ends, so that reuse is seen. */
  peek(tenant: string, grantId: string, digest: string): Promise<GrantedCode | undefined>
  redeem(tenant: string, grantId: string, digest: string, successors: Successors): Promise<Spent>
  /** Spends the code without tokens, after a deny: `redeemed`. Spent before: revokes the grant, `reused`. */
  burn(tenant: string, grantId: string, digest: string): Promise<Spent>
}

export interface GrantedRefreshToken {
  readonly grant: GrantRecord
  readonly token: RefreshTokenRecord
  readonly used: boolean
  /** Used, and a rotation would still answer with its successor. */
  readonly inGrace: boolean
}

/** `again`: it was rotated before and its grace holds; the access token was written, and `again` is the successor, sealed. */
export type Rotated = 'rotated' | Exclude<Spent, 'redeemed'> | { readonly again: string }

export interface RefreshTokenStore {
  peek(tenant: string, grantId: string, digest: string): Promise<GrantedRefreshToken | undefined>
  /** Grace ends with its time, its number of uses, the first use of the successor, or the grant. */
  rotate(tenant: string, grantId: string, digest: string, successors: Successors): Promise<Rotated>
  /** Ends the family after a token was presented that had been used: `reused`, else `missing`. Idempotent. */
  reuse(tenant: string, grantId: string, digest: string): Promise<'reused' | 'missing'>
}

/** Everything that liveness hangs on, read in one parallel round. Absent means deleted, expired or never there: not live. */
export interface AccessTokenState {
  readonly token?: AccessTokenRecord
  readonly grant?: GrantRecord
  readonly client?: ClientRecord
  readonly user?: UserRecord
}

export interface AccessTokenStore {
  /** For grants without a grant record: client_credentials. */
  put(tenant: string, token: AccessTokenRecord): Promise<void>
  /** `clientId` and `sub`, where known, save a second round; the person is the grant's, whatever `sub` says. */
  state(
    tenant: string,
    key: { jti: string; grantId?: string; clientId?: string; sub?: string },
  ): Promise<AccessTokenState>
  /** Ends this token only. */
  revoke(tenant: string, jti: string, grantId?: string): Promise<void>
}

/** Whose grants. */
export type GrantsOf = { readonly sub: string } | { readonly clientId: string } | { readonly sid: string }

export interface GrantStore {
  find(tenant: string, grantId: string): Promise<GrantRecord | undefined>
  /**
   * Those that have not expired, revoked ones too. Of a session: from their code on, also after the session has ended. Of
   * a person or client: at the latest once their code was redeemed. In an order of the store's own.
   */
  list(tenant: string, of: GrantsOf, offset: number, limit: number): Promise<Page<GrantRecord>>
  /** When it last gave a refresh token; undefined where it never did. */
  lastRefreshedAt(tenant: string, grantId: string): Promise<number | undefined>
  /** Ends the access tokens that it has given, those of a rotation in flight too; its refresh token goes on. */
  endAccessTokens(tenant: string, grantId: string): Promise<void>
  /** Sets the terminal flag; every later redeem and rotate on it answers `revoked`. What was asked for by claim goes with it. Idempotent. */
  revoke(tenant: string, grantId: string): Promise<void>
}

export interface LimitStore {
  /** Adds `hits`, one by default, to the counter and answers its value; it starts anew `windowSeconds` after its first hit. */
  hit(tenant: string, key: string, windowSeconds: number, hits?: number): Promise<number>
  /** The counter's value without adding. */
  count(tenant: string, key: string): Promise<number>
  clear(tenant: string, key: string): Promise<void>
}

export interface ReplayStore {
  /**
   * True for the first who names `key` and false for everyone after, until it expires: one of any number at once is first.
   * `key` is a digest: what it stands for may be of any length and from anybody.
   */
  firstUse(tenant: string, key: string, expiresAt: number): Promise<boolean>
}

/** All signing keys, as of one moment. */
export interface KeySet {
  /** Another with every change; never one that stood before. */
  readonly tag: string
  /** By the store's own clock, so that nodes whose clocks differ agree how old a key is. */
  readonly nowSeconds: number
  readonly keys: readonly SigningKeyRecord[]
}

export interface SigningKeyStore {
  read(): Promise<KeySet>
  /** The tag alone: what nodes ask often. */
  tag(): Promise<string>
  /**
   * Puts `keys` in place of the set in one step: of two at once one wins. `conflict`: it has changed since `from` was read,
   * or that was more than KEY_SET_SECONDS ago, and the times in `keys` would be late.
   */
  replace(from: KeySet, keys: readonly SigningKeyRecord[]): Promise<Exclude<Written, 'missing'>>
}

export type Initialised = 'initialised' | 'already'

/** What `sallyport init` writes, once per store. */
export interface PlatformStore {
  /** Writes check record, first keys and setup credential in one step; of two at once one answers `already`. */
  initialise(seed: {
    readonly checkRecord: string
    readonly signingKeys: readonly SigningKeyRecord[]
    /** SHA-256 of the one-use setup credential, and when it ends. Absent with `--dev`. */
    readonly setup?: { readonly digest: string; readonly expiresAt: number }
  }): Promise<Initialised>
  /** The sealed check record; undefined on an empty store. */
  checkRecord(): Promise<string | undefined>
  /** Puts `next` in its place where it still reads `expected`: what it holds is sealed anew. */
  replaceCheckRecord(expected: string, next: string): Promise<Exclude<Written, 'missing'>>
  /** Consumes the setup credential if this is it and it has not ended: one winner. */
  takeSetup(digest: string, nowSeconds: number): Promise<boolean>
  /** True while it could be taken: the fact that `admin` is decided on, before it is consumed. */
  peekSetup(digest: string, nowSeconds: number): Promise<boolean>
}

export interface MarkStore {
  /** Highest bundle version activated anywhere under this name; undefined when none. */
  read(bundle: string): Promise<{ readonly version: number; readonly revision: string } | undefined>
  /** Raises the mark, never lowers it. `conflict`: a higher version stands, or the same version with another revision. */
  raise(bundle: string, version: number, revision: string): Promise<'raised' | 'conflict'>
}

/** How long the head of a chain that nobody writes to any more is kept. */
export const CHAIN_HEAD_DAYS = 400

/** Heads of the logs' hash chains: what their files must still hold (`sallyport audit verify`). */
export interface ChainStore {
  /** Keeps the newest head of each chain: one that stands before the one that is kept changes nothing. */
  register(head: ChainHead): Promise<void>
  /** By time of their last change, the oldest first; those older than CHAIN_HEAD_DAYS may be gone. */
  list(): Promise<readonly ChainHead[]>
}

/** How long `expunge` waits for who reads. */
export const EXPUNGE_MS = 5000

/** `blocked`: somebody read the store for all of EXPUNGE_MS; it is done as soon as they let go. */
export type Expunged = 'expunged' | 'blocked'

/** One store, whichever adapter. `close` ends its connections; `ping` rejects with StoreUnavailable when it cannot serve. */
export interface Store {
  readonly clients: ClientStore
  readonly users: UserStore
  readonly sessions: SessionStore
  readonly activity: ActivityStore
  readonly devices: DeviceStore
  readonly interactions: InteractionStore
  readonly consents: ConsentStore
  readonly factors: FactorStore
  readonly pushedRequests: PushedRequestStore
  readonly oneUse: OneUseStore
  readonly deviceGrants: DeviceGrantStore
  readonly identities: IdentityStore
  readonly codes: CodeStore
  readonly refreshTokens: RefreshTokenStore
  readonly accessTokens: AccessTokenStore
  readonly grants: GrantStore
  readonly logouts: LogoutStore
  readonly outbox: OutboxStore
  readonly streams: StreamStore
  readonly limits: LimitStore
  readonly threats: ThreatStore
  readonly replay: ReplayStore
  readonly signingKeys: SigningKeyStore
  readonly platform: PlatformStore
  readonly marks: MarkStore
  readonly chains: ChainStore
  ping(): Promise<void>
  /** What was deleted before is gone from the store's own files too, logs included, where the adapter has such. */
  expunge(): Promise<Expunged>
  close(): Promise<void>
}
