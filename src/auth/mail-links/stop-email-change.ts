/**
 * A change of address that its person did not want is stopped by the link that the address before was sent: what is asked for
 * ends, what was done is undone, and whoever is in the account is put out of it. GET looks at nothing and spends nothing, POST
 * does, in one write of the account. Asks `mail_link`. OWASP ASVS 6.3.7; checklist 42 and 45.
 */
import { linkEndedPage, stopEmailChangePage } from '../../../web/mail-links.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { UserStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'
import { emailOf } from '../../storage/verified-email.ts'
import { type PutOutDeps, putOut } from '../sign-in/put-out.ts'
import { askMailLink } from '../user/ask-mail-link.ts'
import { changeUser } from '../user/change-user.ts'
import { withVerifiedEmail } from '../user/email.ts'
import { isUsable, type MailLinkDeps } from '../user/mail-link.ts'
import { notifyUser } from '../user/notify.ts'
import { type Before, beforeOf, canRestore, STOP_LINK } from '../user/stop-link.ts'
import { replyWithForm, requireForm } from './form.ts'

export type StopEmailChangeDeps = MailLinkDeps &
  PutOutDeps & {
    readonly store: MailLinkDeps['store'] & { readonly users: Pick<UserStore, 'find' | 'replace'> }
  }

const about = (link: string): readonly string[] => ['stop_email_change', link]
const ended = (): Reply => ({ status: 400, ...linkEndedPage('/account') })

/** GET /email/stop. */
export async function showStopEmailChange(deps: StopEmailChangeDeps, request: HttpRequest): Promise<Reply> {
  const link = request.query.get('link')
  if (link === undefined) return ended()
  return replyWithForm(deps, request, 200, about(link), (formToken) => stopEmailChangePage({ link, formToken }))
}

/** POST /email/stop. */
export async function stopEmailChange(deps: StopEmailChangeDeps, request: HttpRequest): Promise<Reply> {
  const link = request.form.get('link') ?? ''
  requireForm(deps, request, about(link))
  const found = await deps.store.oneUse.find(request.tenant, STOP_LINK, digestOf(link))
  const user = found?.sub === undefined ? undefined : await deps.store.users.find(request.tenant, found.sub)
  const verdict = await askMailLink(deps, request, { purpose: 'email_stop', stage: 'use', user })
  if (!isUsable(verdict) || user === undefined) return ended()

  const stopped = await spend(deps, request, digestOf(link), user.sub)
  if (stopped === undefined) return ended()
  const { now, other } = stopped
  const told = { tenant: request.tenant, request_id: request.id, sub: now.sub, decision_id: verdict.decisionId }
  await deps.audit({ event: 'risk_signal', ...told, detail: 'reported_by_person' })
  if (other !== undefined) await deps.audit({ event: 'email_changed', ...told, detail: 'restored' })
  if (verdict.obligations.notify) notifyUser(deps, now, 'email_change_stopped', { alsoTo: other })
  return putOut(deps, request, now, verdict.decisionId)
}

/** The account as it is then, and the address that it had instead, where it had another. */
async function spend(deps: StopEmailChangeDeps, { tenant }: HttpRequest, digest: string, sub: string) {
  const taken = await deps.store.oneUse.take(tenant, STOP_LINK, digest)
  if (taken === undefined) return undefined
  const before = beforeOf(taken)
  let other: string | undefined
  const now = await changeUser(deps.store.users, tenant, sub, epochSeconds(deps.clock), (user) => {
    if (!user.active || !canRestore(before, user)) return undefined
    other = emailOf(user) === before.address ? undefined : emailOf(user)
    return undoneChange(user, before)
  })
  return now && { now, other }
}

/** The new epoch ends a change that waits for its letter, in the same write. */
function undoneChange(user: UserRecord, { address, changedAt }: Before): Partial<UserRecord> {
  return {
    revocationEpoch: user.revocationEpoch + 1,
    ...(emailOf(user) !== address && { profile: withVerifiedEmail(user, address), emailChangedAt: changedAt }),
  }
}
