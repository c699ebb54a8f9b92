/**
 * The browser's session: a 256-bit id in a cookie, its SHA-256 in the store. It lives while its record does and is not idle for
 * too long, its user is active, and the user's revocation epoch is that of the sign-in. OWASP ASVS 7.2 and 7.3; checklist 44
 * and 45. Where it is used otherwise than before, `session` is asked whether it goes on.
 */
import { clearCookie, cookieName, setCookie } from '../../http/cookies.ts'
import type { HttpRequest } from '../../http/message.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { digestOf, randomId, randomSecret } from '../../kernel/ids.ts'
import type { InteractionRecord } from '../../storage/interaction-records.ts'
import type { SessionStore, UserStore } from '../../storage/port.ts'
import type { SessionRecord, Sight, UserRecord } from '../../storage/records.ts'
import type { DeviceBinding, Proof } from './binding/device-binding.ts'
import { registrationOffer } from './binding/instructions.ts'
import { type Changes, changesSince, sightOf } from './sight.ts'

const COOKIE = 'sallyport_session'

export interface LiveSession {
  readonly digest: string
  readonly record: SessionRecord
  readonly user: UserRecord
}

/** What differs from the last time, and what the device proved of a key, where the session is bound to one. */
export interface Continuation {
  readonly changes: Changes
  readonly proof: Proof | undefined
  /** Levels that a sign-in is asked to reach by what uses the session; absent where nothing asks for any sign-in. */
  readonly asked?: AskedLevels | undefined
}

export type AskedLevels = Pick<InteractionRecord, 'acrValues' | 'essentialAcr'>

/** What becomes of a session that is used otherwise than before; undefined: in this browser it is none. */
export type ContinueSession = (
  request: HttpRequest,
  session: LiveSession,
  continuation: Continuation,
) => Promise<LiveSession | undefined>

export interface SessionDeps {
  readonly issuer: string
  readonly store: { readonly sessions: SessionStore; readonly users: Pick<UserStore, 'find'> }
  readonly clock: Clock
  readonly binding: DeviceBinding
  readonly continueSession: ContinueSession
  /** Absent: people are not counted. */
  readonly rates?: Pick<RateLimits, 'person'> | undefined
}

/** The cookie's value: the secret that forms of a signed-in person are bound to. */
export const sessionSecret = (issuer: string, request: HttpRequest): string | undefined =>
  request.cookies[cookieName(issuer, COOKIE)] || undefined

/** When it ends if nobody uses it. */
export const sessionEnd = ({ createdAt, lastSeenAt = createdAt, idleSeconds, expiresAt }: SessionRecord): number =>
  idleSeconds === undefined ? expiresAt : Math.min(expiresAt, lastSeenAt + idleSeconds)

/** When a password, passkey or provider last proved who this is. */
export const primaryTime = ({ primaryAt, authTime }: Pick<SessionRecord, 'primaryAt' | 'authTime'>): number =>
  primaryAt ?? authTime

/** One that was begun before sessions had a sid is none: its person signs in again. */
export const sessionIsLive = (
  session: SessionRecord,
  user: UserRecord | undefined,
  nowSeconds: number,
): user is UserRecord =>
  session.sid !== undefined &&
  sessionEnd(session) > nowSeconds &&
  user?.active === true &&
  user.revocationEpoch === session.userEpoch

/** As it is stored: nothing is judged of where it is used from, and it is not seen for it. */
export async function readSession(
  deps: Pick<SessionDeps, 'issuer' | 'store' | 'clock'>,
  request: HttpRequest,
): Promise<LiveSession | undefined> {
  const secret = sessionSecret(deps.issuer, request)
  if (secret === undefined) return undefined
  const digest = digestOf(secret)
  const record = await deps.store.sessions.find(request.tenant, digest)
  if (record === undefined) return undefined
  const user = await deps.store.users.find(request.tenant, record.sub)
  return sessionIsLive(record, user, epochSeconds(deps.clock)) ? { digest, record, user } : undefined
}

/**
 * The session of this request, if it is live. A store that fails rejects: it never reads as signed out. Rejects with slow_down
 * where the person's requests came too fast, and where policy denies that a session goes on which is used otherwise than before.
 */
export async function findSession(
  deps: SessionDeps,
  request: HttpRequest,
  asked?: AskedLevels,
): Promise<LiveSession | undefined> {
  const session = await readSession(deps, request)
  if (session === undefined) return undefined
  await deps.rates?.person(request, session.user.sub)
  const changes = changesSince(session.record.sight, request)
  const proof = deps.binding.judge(request, session.record, epochSeconds(deps.clock))
  const asBefore = !changes.browser && !changes.network && (proof === undefined || proof === 'proven')
  return asBefore
    ? seeSession(deps, request, session, changes.sight)
    : deps.continueSession(request, session, { changes, proof, asked })
}

/** How often it is written down that a session was seen. */
const SEEN_SECONDS = 60
/** Of a session that is idle soon, often enough that no use of it is lost. */
const SEEN_OF_IDLE = 1 / 4

function isDue({ idleSeconds = Infinity, lastSeenAt, createdAt }: SessionRecord, nowSeconds: number): boolean {
  const every = Math.min(SEEN_SECONDS, idleSeconds * SEEN_OF_IDLE)
  return nowSeconds - (lastSeenAt ?? createdAt) >= every
}

async function seeSession(
  deps: SessionDeps,
  request: HttpRequest,
  session: LiveSession,
  sight: Sight,
): Promise<LiveSession | undefined> {
  const now = epochSeconds(deps.clock)
  return isDue(session.record, now) ? writeSeen(deps, request, session, sight) : session
}

/** Undefined where it has ended meanwhile. Never later than its absolute end. */
export async function writeSeen(
  deps: { readonly store: { readonly sessions: Pick<SessionStore, 'replace'> }; readonly clock: Clock },
  request: HttpRequest,
  session: LiveSession,
  sight: Sight,
): Promise<LiveSession | undefined> {
  const record = { ...session.record, lastSeenAt: epochSeconds(deps.clock), sight }
  const { revision = 0 } = session.record
  const written = await deps.store.sessions.replace(request.tenant, session.digest, record, revision)
  // Another request of this browser has just written what it saw: that is as good.
  return written === 'missing' ? undefined : { ...session, record }
}

export interface SignedIn {
  /** As read before the first decision of the sign-in: its epoch is the session's. */
  readonly user: UserRecord
  readonly acr: string
  readonly amr: readonly string[]
  /** Absent: now. */
  readonly primaryAt?: number | undefined
  /** Until its absolute end. */
  readonly ttlSeconds: number
  /** Absent: it ends for no idleness. */
  readonly idleSeconds?: number | undefined
}

export interface Started {
  readonly sid: string
  readonly digest: string
  readonly cookie: string
  /** Go out with the answer beside the cookie: they offer the browser to bind the session to a key of its device. */
  readonly headers: Readonly<Record<string, string>>
  /** The session that goes on, where its level is another from now on. */
  readonly levelChanged?: { readonly sid: string; readonly before: string } | undefined
}

/** A session that is about to begin, and what the browser had until then. */
export interface Beginning {
  readonly secret: string
  /** Of the secret. */
  readonly digest: string
  /** Who signs in anew goes on with the session that applications know. */
  readonly kept?: LiveSession | undefined
  /** Somebody else's, or one that its device did not prove: the caller ends it (leave-session.ts). */
  readonly left?: LiveSession | undefined
}

/** Nothing is written yet. A session that is bound to a device goes on only where the device proved itself. */
export async function beginSession(
  deps: Pick<SessionDeps, 'issuer' | 'store' | 'clock' | 'binding'>,
  request: HttpRequest,
  sub: string,
): Promise<Beginning> {
  const secret = randomSecret()
  const begun = { secret, digest: digestOf(secret) }
  const before = await readSession(deps, request)
  if (before === undefined) return begun
  const proof = deps.binding.judge(request, before.record, epochSeconds(deps.clock))
  const goesOn = before.user.sub === sub && (proof === undefined || proof === 'proven')
  return { ...begun, ...(goesOn ? { kept: before } : { left: before }) }
}

/** Signs in under a new cookie; the one that the browser came with opens nothing more (session fixation). */
export async function startSession(
  deps: Pick<SessionDeps, 'issuer' | 'store' | 'clock' | 'binding'>,
  request: HttpRequest,
  signedIn: SignedIn,
  { secret, digest, kept }: Beginning,
): Promise<Started> {
  const { user, acr, amr, primaryAt, ttlSeconds, idleSeconds } = signedIn
  const now = epochSeconds(deps.clock)
  const before = kept?.record
  const session: SessionRecord = {
    v: 1,
    sid: before?.sid ?? randomId(),
    sub: user.sub,
    acr,
    amr,
    authTime: now,
    primaryAt: primaryAt ?? now,
    userEpoch: user.revocationEpoch,
    createdAt: now,
    expiresAt: now + ttlSeconds,
    ...(idleSeconds !== undefined && { idleSeconds }),
    lastSeenAt: now,
    sight: sightOf(request),
    ...(before?.deviceKey && { deviceKey: before.deviceKey }),
  }
  await deps.store.sessions.put(request.tenant, digest, session)
  // Whatever else the browser had has ended, or lives no more: of that nothing is left to be lost.
  if (kept !== undefined) await deps.store.sessions.delete(request.tenant, kept.digest)
  const offer = session.deviceKey === undefined && {
    'secure-session-registration': registrationOffer(deps.binding.challenge('register', session, now)),
  }
  const cookie = setCookie(deps.issuer, COOKIE, secret, ttlSeconds)
  const levelChanged = before && before.acr !== acr ? { sid: before.sid, before: before.acr } : undefined
  return { sid: session.sid, digest, cookie, headers: { ...offer }, levelChanged }
}

/**
 * Goes on under a new cookie after what ended all sessions of its person, e.g. a new password: `user` is as stored since. Its
 * absolute end stays.
 */
export async function renewSession(
  deps: SessionDeps,
  request: HttpRequest,
  session: LiveSession,
  user: UserRecord,
): Promise<{ readonly digest: string; readonly cookie: string }> {
  const secret = randomSecret()
  const digest = digestOf(secret)
  const { revision: _, ...record } = session.record
  await deps.store.sessions.put(request.tenant, digest, { ...record, userEpoch: user.revocationEpoch })
  await deps.store.sessions.delete(request.tenant, session.digest)
  const left = record.expiresAt - epochSeconds(deps.clock)
  return { digest, cookie: setCookie(deps.issuer, COOKIE, secret, left) }
}

/**
 * The Set-Cookie value that removes the cookie, or undefined where there was none. The session is the caller's to end: a record
 * that was only deleted would leave its clients untold and its tokens live.
 */
export const forgetSession = ({ issuer }: Pick<SessionDeps, 'issuer'>, request: HttpRequest): string | undefined =>
  sessionSecret(issuer, request) === undefined ? undefined : clearCookie(issuer, COOKIE)
