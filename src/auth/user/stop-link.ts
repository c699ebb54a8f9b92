/**
 * The link that takes a change of address back: it goes to the address that the account has when another is asked for, and holds
 * for as long as policy says, whatever is done to the account meanwhile: whoever asked may be who took it over, and a new
 * password or the change itself must not end it. It does end once an address from before was restored. OWASP ASVS 6.3.7.
 */
import type { HttpRequest } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import type { OneUseRecord, UserRecord } from '../../storage/records.ts'
import { emailOf } from '../../storage/verified-email.ts'
import { askMailLink } from './ask-mail-link.ts'
import type { MailLinkDeps } from './mail-link.ts'
import { notifyUser } from './notify.ts'

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
    facts: { address, changedAt: user.emailChangedAt ?? 0 },
    createdAt: now,
    expiresAt: now + ttlSeconds,
  })
  const stop = { href: `${deps.issuer}${PATH}?link=${secret}`, hours: Math.round(ttlSeconds / 3600) }
  notifyUser(deps, user, 'email_change_asked', { stop })
}

/** What it puts back. */
export interface Before {
  readonly address: string
  /** As `emailChangedAt` was. */
  readonly changedAt: number
}

export const beforeOf = ({ facts }: OneUseRecord): Before => ({
  address: String(facts.address),
  changedAt: Number(facts.changedAt),
})

/** Not once an address that stood before this one was restored: the address of whoever took the account over comes back by no link. */
export const canRestore = ({ changedAt }: Before, user: UserRecord): boolean => (user.emailChangedAt ?? 0) >= changedAt
