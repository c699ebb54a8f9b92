/**
 * An authorization request that waits for a person: its id goes through the address bar, and works only in the browser
 * that began it, known by a cookie of its own. Login CSRF and a swapped browser end here. RFC 9700 2.1 and 4.7.
 */
import { cookieName, setCookie } from '../../http/cookies.ts'
import type { HttpRequest } from '../../http/message.ts'
import { equalDigests } from '../../kernel/constant-time.ts'
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import { openUnder, sealUnder } from '../../kernel/sealed.ts'
import type { InteractionRecord, SignInProgress } from '../../storage/interaction-records.ts'
import type { InteractionStore } from '../../storage/port.ts'

const COOKIE = 'sallyport_browser'
const SECRET = /^[A-Za-z0-9_-]{43}$/
/** How long a request waits for its person. */
export const INTERACTION_TTL_SECONDS = 30 * 60

export interface InteractionDeps {
  readonly issuer: string
  readonly store: { readonly interactions: InteractionStore }
}

/** What an authorization request asks, once it has been validated. */
export type PendingAuthorization = Omit<InteractionRecord, 'browserDigest' | 'expiresAt' | 'sealed'>

/** The secret that names this browser: what forms shown before a sign-in are bound to. */
export function browserSecret(issuer: string, request: HttpRequest): string | undefined {
  const secret = request.cookies[cookieName(issuer, COOKIE)]
  return secret !== undefined && SECRET.test(secret) ? secret : undefined
}

/** The same, made where this browser has none; `cookie` must then go out with the answer. */
export function ensureBrowserSecret(
  issuer: string,
  request: HttpRequest,
): { readonly secret: string; readonly cookie: string | undefined } {
  const known = browserSecret(issuer, request)
  if (known !== undefined) return { secret: known, cookie: undefined }
  const secret = randomSecret()
  return { secret, cookie: setCookie(issuer, COOKIE, secret) }
}

/** Keeps it; `cookie` binds it to this browser and must go out with the answer. One browser has one secret for all its tabs. */
export async function startInteraction(
  deps: InteractionDeps,
  request: HttpRequest,
  pending: PendingAuthorization,
): Promise<{ readonly id: string; readonly cookie: string }> {
  const id = randomSecret()
  const secret = browserSecret(deps.issuer, request) ?? randomSecret()
  const expiresAt = pending.createdAt + INTERACTION_TTL_SECONDS
  const record = seal(id, { ...pending, browserDigest: digestOf(secret), expiresAt })
  await deps.store.interactions.put(request.tenant, digestOf(id), record)
  return { id, cookie: setCookie(deps.issuer, COOKIE, secret) }
}

const PURPOSE = 'person of an interaction'

type Named = Pick<InteractionRecord, 'loginHint' | 'claims' | 'onlySub' | 'page'> & Pick<SignInProgress, 'userName'>

/**
 * What is typed for a name may be a password, and a client may name by an address whom nobody here knows: this lies in the store
 * sealed under the id, of which only the digest lies there. So it says nothing of a person who is erased meanwhile. The query of
 * a page of ours opens what waits there, a device or an account to be linked: only its path lies there as it is.
 */
function seal(id: string, record: InteractionRecord): InteractionRecord {
  const { loginHint, claims, progress, onlySub, page, ...rest } = record
  const { userName, ...proven } = progress ?? {}
  const path = page?.split('?')[0]
  const named: Named = {
    ...(loginHint !== undefined && { loginHint }),
    ...(claims !== undefined && { claims }),
    ...(userName !== undefined && { userName }),
    // What a client asks for is its word, not something of the person; of a page of ours it is who is signed in.
    ...(onlySub !== undefined && page === undefined && { onlySub }),
    ...(page !== path && { page }),
  }
  if (Object.keys(named).length === 0) return record
  const sealed = sealUnder(id, PURPOSE, JSON.stringify(named))
  return {
    ...rest,
    ...(path !== undefined && { page: path }),
    ...(onlySub !== undefined && path !== undefined && { onlySub }),
    ...(progress && { progress: { factors: [], ...proven } }),
    sealed,
  }
}

function opened(id: string, { sealed, ...record }: InteractionRecord): InteractionRecord {
  const text = sealed === undefined ? undefined : openUnder(id, PURPOSE, sealed)
  if (text === undefined) return record
  const { userName, ...named }: Named = JSON.parse(text)
  const progress = userName === undefined ? {} : { progress: { factors: [], ...record.progress, userName } }
  return { ...record, ...named, ...progress }
}

function isOfThisBrowser(deps: InteractionDeps, request: HttpRequest, interaction: InteractionRecord): boolean {
  const secret = browserSecret(deps.issuer, request)
  return secret !== undefined && equalDigests(digestOf(secret), interaction.browserDigest)
}

/** Undefined when there is none, it has ended, or another browser began it. */
export async function findInteraction(
  deps: InteractionDeps,
  request: HttpRequest,
  id: string,
): Promise<InteractionRecord | undefined> {
  if (!SECRET.test(id)) return undefined
  const interaction = await deps.store.interactions.find(request.tenant, digestOf(id))
  if (interaction === undefined || !isOfThisBrowser(deps, request, interaction)) return undefined
  return opened(id, interaction)
}

/** Ends it: of all that continue one interaction at once, one gets it. Looks first, so that another browser can't end it. */
export async function takeInteraction(
  deps: InteractionDeps,
  request: HttpRequest,
  id: string,
): Promise<InteractionRecord | undefined> {
  const interaction = await findInteraction(deps, request, id)
  const taken = interaction && (await deps.store.interactions.take(request.tenant, digestOf(id)))
  return taken && opened(id, taken)
}

/**
 * A sign-in has all it takes: of all that finish it at once, one reads true, and `interaction` is as they have read it. What an
 * application asked for waits on, for the session of `sessionDigest`; a page of ours waited for no more than this.
 */
export async function spendSignIn(
  deps: InteractionDeps,
  request: HttpRequest,
  id: string,
  interaction: InteractionRecord,
  sessionDigest: string,
): Promise<boolean> {
  if (interaction.page !== undefined) return (await takeInteraction(deps, request, id)) !== undefined
  const { progress: _spent, revision = 0, ...rest } = interaction
  const spent = seal(id, { ...rest, sessionDigest })
  return (await deps.store.interactions.replace(request.tenant, digestOf(id), spent, revision)) === 'written'
}

/** Writes what has changed, e.g. scopes that the person left out; false where it has ended meanwhile: it stays ended. */
export async function updateInteraction(
  deps: InteractionDeps,
  request: HttpRequest,
  id: string,
  interaction: InteractionRecord,
): Promise<boolean> {
  return (await deps.store.interactions.replace(request.tenant, digestOf(id), seal(id, interaction))) === 'written'
}
