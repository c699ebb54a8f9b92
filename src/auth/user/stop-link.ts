/**
 * The link that takes a change of address back: it goes to the address that the account has when another is asked for, and holds
 * for as long as policy says, whatever is done to the account meanwhile: whoever asked may be who took it over, and a new
 * password or the change itself must not end it. It does end once an address from before was restored, or a directory has set
 * the address, the password or whether the account is active: what the help desk did stays. OWASP ASVS 6.3.7.
 */
import type { HttpRequest } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import type { LimitStore, OneUseStore } from '../../storage/port.ts'
import type { OneUseRecord, UserRecord } from '../../storage/records.ts'
import { emailOf } from '../../storage/verified-email.ts'
import { askMailLink } from './ask-mail-link.ts'
import type { MailLinkDeps } from './mail-link.ts'
import { notifyUser } from './notify.ts'
import { takeBackHit } from './take-back-hit.ts'

export const STOP_LINK = 'email_stop_link'
const PATH = '/email/stop'

/** Tells the address that the account has; the letter holds the link where policy lets it. Asks `mail_link`. */
export async function tellOfChangeAsked(deps: MailLinkDeps, request: HttpRequest, user: UserRecord): Promise<void> {
  const address = emailOf(user)
  const verdict = await askMailLink(deps, request, { purpose: 'email_stop', stage: 'ask', user })
  if (address === undefined || !verdict.allow || !verdict.obligations.send)
    return notifyUser(deps, user, 'email_change_asked')
  const { ttl_seconds: ttlSeconds } = verdict.obligations
  const [secret, now] = [randomSecret(), epochSeconds(deps.clock)]
  await deps.store.oneUse.put(request.tenant, digestOf(secret), {
    v: 1,
    kind: STOP_LINK,
    sub: user.sub,
    facts: { address, changedAt: user.emailChangedAt ?? 0, directoryEpoch: user.directoryEpoch ?? 0 },
    createdAt: now,
    expiresAt: now + ttlSeconds,
  })
  const stop = { href: `${deps.issuer}${PATH}?link=${secret}`, hours: Math.round(ttlSeconds / 3600) }
  notifyUser(deps, user, 'email_change_asked', { stop })
}

/** Within which one press of a link is done, or its node is dead. */
const PRESS_SECONDS = 30

/**
 * Of many presses of one link at once one goes through, on all nodes together, and the others read that they may come again. That one
 * is under way says nothing of its end: a node that dies in the middle holds the link for half a minute, and no longer.
 */
export async function pressAlone<T>(
  limits: Pick<LimitStore, 'hit'>,
  tenant: string,
  digest: string,
  press: () => Promise<T>,
): Promise<T> {
  const key = `stop:${digest}`
  try {
    if ((await limits.hit(tenant, key, PRESS_SECONDS)) > 1)
      throw new OAuthError('temporarily_unavailable', { retryAfterSeconds: PRESS_SECONDS })
    return await press()
  } finally {
    await takeBackHit(limits, tenant, key, PRESS_SECONDS).catch(() => undefined)
  }
}

/** What it puts back. */
export interface Before {
  readonly address: string
  /** As `emailChangedAt` was. */
  readonly changedAt: number
  /** As the account's was. */
  readonly directoryEpoch: number
}

export const beforeOf = ({ facts }: OneUseRecord): Before => ({
  address: String(facts.address),
  changedAt: Number(facts.changedAt),
  directoryEpoch: Number(facts.directoryEpoch ?? 0),
})

/** Not once an address that stood before this one was restored: the address of whoever took the account over comes back by no link. */
export const canRestore = ({ changedAt, directoryEpoch }: Before, user: UserRecord): boolean =>
  (user.emailChangedAt ?? 0) >= changedAt && (user.directoryEpoch ?? 0) === directoryEpoch

/**
 * The others that a person was sent, once one of them was used. Where one would bring back an address from before this one's, all stay:
 * whoever took the account over must not end the owner's by theirs.
 */
export async function endStopLinks(
  { store }: { readonly store: { readonly oneUse: Pick<OneUseStore, 'list' | 'endOf'> } },
  tenant: string,
  sub: string,
  { changedAt }: Before,
): Promise<void> {
  const links = (await store.oneUse.list(tenant, sub)).filter(({ kind }) => kind === STOP_LINK)
  if (links.every((link) => beforeOf(link).changedAt >= changedAt)) await store.oneUse.endOf(tenant, sub, STOP_LINK)
}
