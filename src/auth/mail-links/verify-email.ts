/**
 * An address is proven by the link that was sent to it; where it is to become the account's, it does now, and the old one is
 * told. GET looks at nothing and spends nothing, POST does. Asks `mail_link`. OIDC Core 5.7; OWASP ASVS 6.3.7; checklist 42.
 */
import { addressTakenPage, linkDonePage, linkEndedPage, verifyEmailPage } from '../../../web/mail-links.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { UserStore } from '../../storage/port.ts'
import { emailOf, isEmailVerified } from '../../storage/verified-email.ts'
import { askMailLink } from '../user/ask-mail-link.ts'
import { asTaken, changeUser } from '../user/change-user.ts'
import { localesOf, withVerifiedEmail } from '../user/email.ts'
import { findMailLink, isUsable, LINK_KINDS, type MailLinkDeps, type OpenLink, stillHolds } from '../user/mail-link.ts'
import { notifyUser } from '../user/notify.ts'
import { replyWithForm, requireForm } from './form.ts'

export type VerifyEmailDeps = MailLinkDeps & {
  readonly store: MailLinkDeps['store'] & { readonly users: Pick<UserStore, 'find' | 'replace'> }
}

const KIND = LINK_KINDS.email_verify
const about = (link: string): readonly string[] => ['verify_email', link]
const ended = (): Reply => ({ status: 400, ...linkEndedPage('/account') })

/** GET /email/verify. */
export async function showVerifyEmail(deps: VerifyEmailDeps, request: HttpRequest): Promise<Reply> {
  const link = request.query.get('link')
  if (link === undefined) return ended()
  return replyWithForm(deps, request, 200, about(link), (formToken) => verifyEmailPage({ link, formToken }))
}

/** POST /email/verify. */
export async function verifyEmail(deps: VerifyEmailDeps, request: HttpRequest): Promise<Reply> {
  requireForm(deps, request, about(request.form.get('link') ?? ''))
  const found = await findMailLink(deps, request, KIND)

  const purpose = found?.purpose ?? 'email_verify'
  const verdict = await askMailLink(deps, request, { purpose, stage: 'use', user: found?.user })
  if (!isUsable(verdict) || found === undefined) return ended()

  const user = await spend(deps, request, found)
  if (user === 'email_taken') return { status: 409, ...addressTakenPage() }
  if (user === undefined) return ended()
  const before = emailOf(found.user)
  await deps.store.oneUse.endOf(request.tenant, user.sub, KIND)
  // What was sent to the old address to reset a password must not outlive it.
  if (before !== found.address) await deps.store.oneUse.endOf(request.tenant, user.sub, LINK_KINDS.password_reset)
  await deps.audit({
    event: purpose === 'email_change' ? 'email_changed' : 'email_verified',
    tenant: request.tenant,
    request_id: request.id,
    sub: user.sub,
    decision_id: verdict.decisionId,
  })
  const knownThere = isEmailVerified(found.user)
  if (verdict.obligations.notify) notifyUser(deps, user, 'email_changed', { alsoTo: before, knownThere })
  return { status: 200, ...linkDonePage('email', localesOf(user)) }
}

async function spend(deps: VerifyEmailDeps, request: HttpRequest, { digest, user: { sub }, address }: OpenLink) {
  const taken = await deps.store.oneUse.take(request.tenant, KIND, digest)
  if (taken === undefined) return undefined
  const now = epochSeconds(deps.clock)
  const changed = changeUser(deps.store.users, request.tenant, sub, now, (user) => {
    if (!user.active || !stillHolds(taken, user)) return undefined
    const isAnother = emailOf(user) !== address
    return { profile: withVerifiedEmail(user, address), ...(isAnother && { emailChangedAt: now }) }
  })
  return changed.catch(asTaken)
}
