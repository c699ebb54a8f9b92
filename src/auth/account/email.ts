/**
 * The e-mail address of an account: GET and POST /account/email. A letter goes to the address that is to be proven, and its link
 * does the rest (`mail-links/verify-email.ts`). Asks `account`, which wants a fresh sign-in, and `mail_link`. Checklist 42.
 */
import { type EmailView, emailPage } from '../../../web/account/email.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { isMailbox } from '../../mail/mailer.ts'
import { emailOf, isEmailVerified } from '../../storage/verified-email.ts'
import { type AccountPageDeps, type AccountVisit, accountPage } from '../sign-in/account-page.ts'
import { type MailLinkDeps, sendMailLink } from '../user/mail-link.ts'
import { tellOfChangeAsked } from '../user/stop-link.ts'

export type EmailDeps = AccountPageDeps & MailLinkDeps

const ACTION = { action: 'change_email', type: 'profile', page: '/account/email' } as const

function show(
  { mail }: EmailDeps,
  status: number,
  { frame, session, obligations, formToken }: AccountVisit,
  more: Pick<EmailView, 'typed' | 'fault' | 'sentTo'> = {},
): Reply {
  const { user } = session
  const isWritable = obligations.writable.includes('emails')
  const page = emailPage({
    frame,
    address: obligations.visible.includes('emails') ? emailOf(user) : undefined,
    verified: isEmailVerified(user),
    offers: isWritable ? (mail.enabled ? 'change' : 'noMail') : 'managed',
    formToken: formToken(ACTION),
    ...more,
  })
  return { status, ...page }
}

/** GET /account/email. */
export const showEmail = (deps: EmailDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, ACTION, async (visit) => show(deps, 200, visit))

/** POST /account/email. */
export const changeEmail = (deps: EmailDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, { ...ACTION, changed: ['emails'] }, async (visit) => {
    const purpose = request.form.get('purpose')
    // The page says that no letters are sent.
    if (!deps.mail.enabled) return show(deps, 200, visit)
    if (purpose === 'verify') return verifyAddress(deps, request, visit)
    if (purpose !== 'change') throw new OAuthError('invalid_request')
    return askForAnother(deps, request, visit)
  })

async function verifyAddress(deps: EmailDeps, request: HttpRequest, visit: AccountVisit): Promise<Reply> {
  const { user } = visit.session
  const address = emailOf(user)
  if (address === undefined) throw new OAuthError('invalid_request')
  await sendMailLink(deps, request, { purpose: 'email_verify', userName: user.userName, user })
  return show(deps, 200, visit, { sentTo: address })
}

/** The address that the account has is told at once: who reads it may be the only one who did not ask. ASVS 6.3.7. */
async function askForAnother(deps: EmailDeps, request: HttpRequest, visit: AccountVisit): Promise<Reply> {
  const { user } = visit.session
  const typed = (request.form.get('email') ?? '').trim()
  if (!isMailbox(typed)) return show(deps, 400, visit, { typed, fault: 'noAddress' })
  if (typed === emailOf(user) && isEmailVerified(user)) return show(deps, 400, visit, { typed, fault: 'same' })
  await sendMailLink(deps, request, { purpose: 'email_change', userName: user.userName, user, to: typed })
  if (visit.obligations.notify) await tellOfChangeAsked(deps, request, user)
  return show(deps, 200, visit, { sentTo: typed })
}
