/**
 * The browser's session: a 256-bit id in a cookie, its SHA-256 in the store. It lives while its record does, its user is
 * active, and the user's revocation epoch is that of the sign-in. OWASP ASVS 7.2; checklist 44 and 45.
 */
import { clearCookie, cookieName, setCookie } from '../../http/cookies.ts'
import type { HttpRequest } from '../../http/message.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { digestOf, randomId, randomSecret } from '../../kernel/ids.ts'
import type { SessionStore, UserStore } from '../../storage/port.ts'
import type { SessionRecord, UserRecord } from '../../storage/records.ts'

const COOKIE = 'sallyport_session'

export interface SessionDeps {
  readonly issuer: string
  readonly store: { readonly sessions: SessionStore; readonly users: Pick<UserStore, 'find'> }
  readonly clock: Clock
  /** Absent: people are not counted. */
  readonly rates?: Pick<RateLimits, 'person'> | undefined
}

export interface LiveSession {
  readonly digest: string
  readonly record: SessionRecord
  readonly user: UserRecord
}

/** The cookie's value: the secret that forms of a signed-in person are bound to. */
export const sessionSecret = (issuer: string, request: HttpRequest): string | undefined =>
  request.cookies[cookieName(issuer, COOKIE)] || undefined

/** One that was begun before sessions had a sid is none: its person signs in again. */
export const sessionIsLive = (
  session: SessionRecord,
  user: UserRecord | undefined,
  nowSeconds: number,
): user is UserRecord =>
  session.sid !== undefined &&
  session.expiresAt > nowSeconds &&
  user?.active === true &&
  user.revocationEpoch === session.userEpoch

/**
 * The session of this request, if it is live. A store that fails rejects: it never reads as signed out. Rejects with slow_down
 * where the person's requests came too fast.
 */
export async function findSession(deps: SessionDeps, request: HttpRequest): Promise<LiveSession | undefined> {
  const secret = sessionSecret(deps.issuer, request)
  if (secret === undefined) return undefined
  const digest = digestOf(secret)
  const record = await deps.store.sessions.find(request.tenant, digest)
  if (record === undefined) return undefined
  const user = await deps.store.users.find(request.tenant, record.sub)
  if (!sessionIsLive(record, user, epochSeconds(deps.clock))) return undefined
  await deps.rates?.person(request, user.sub)
  return { digest, record, user }
}

export interface SignedIn {
  /** As read before the first decision of the sign-in: its epoch is the session's. */
  readonly user: UserRecord
  readonly acr: string
  readonly amr: readonly string[]
  readonly ttlSeconds: number
}

/** Signs in under a new cookie; the one that the browser came with opens nothing more (session fixation). */
export async function startSession(
  deps: SessionDeps,
  request: HttpRequest,
  signedIn: SignedIn,
): Promise<{ readonly digest: string; readonly cookie: string }> {
  const secret = randomSecret()
  const digest = digestOf(secret)
  const now = epochSeconds(deps.clock)
  const before = await findSession(deps, request)
  // Who signs in anew goes on with the session that applications know; anybody else begins one.
  const goesOn = before?.user.sub === signedIn.user.sub
  await deps.store.sessions.put(request.tenant, digest, {
    v: 1,
    sid: goesOn ? before.record.sid : randomId(),
    sub: signedIn.user.sub,
    acr: signedIn.acr,
    amr: signedIn.amr,
    authTime: now,
    userEpoch: signedIn.user.revocationEpoch,
    createdAt: now,
    expiresAt: now + signedIn.ttlSeconds,
  })
  const old = sessionSecret(deps.issuer, request)
  if (old !== undefined) await deps.store.sessions.delete(request.tenant, digestOf(old))
  if (before !== undefined && !goesOn) await deps.store.sessions.end(request.tenant, before.record.sid)
  return { digest, cookie: setCookie(cookieName(deps.issuer, COOKIE), secret, signedIn.ttlSeconds) }
}

/** The cookie opens nothing more; answers the Set-Cookie value that removes it, or undefined where there was none. */
export async function forgetSession(deps: SessionDeps, request: HttpRequest): Promise<string | undefined> {
  const secret = sessionSecret(deps.issuer, request)
  if (secret === undefined) return undefined
  await deps.store.sessions.delete(request.tenant, digestOf(secret))
  return clearCookie(cookieName(deps.issuer, COOKIE))
}
