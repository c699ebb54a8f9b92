/**
 * A forgotten password: a link to set a new one goes to the address of the account. Asks `mail_link`. The answer is the same
 * page after the same work for every name, and the letter leaves after it. OWASP ASVS 6.3.8, 6.4.3; checklist 37.
 */
import { type ForgotView, forgotPage, linkSentPage, noMailPage } from '../../../web/mail-links.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { UserStore } from '../../storage/port.ts'
import { emailKey } from '../../storage/verified-email.ts'
import { type DeviceDeps, deviceOf } from '../session/device.ts'
import { type MailLinkDeps, sendMailLink } from '../user/mail-link.ts'
import { replyWithForm, requireForm } from './form.ts'

export type ForgotDeps = MailLinkDeps &
  DeviceDeps & {
    readonly store: MailLinkDeps['store'] & { readonly users: Pick<UserStore, 'find' | 'findBySignInName'> }
  }

const MAX_USER_NAME = 256
const ABOUT = ['forgot_password']

const form = (deps: ForgotDeps, request: HttpRequest, status: number, view: Pick<ForgotView, 'fault'> = {}): Reply =>
  replyWithForm(deps, request, status, ABOUT, (formToken) => forgotPage({ ...view, formToken }))

/** GET /password/forgot. */
export async function showForgotPassword(deps: ForgotDeps, request: HttpRequest): Promise<Reply> {
  return deps.mail.enabled ? form(deps, request, 200) : { status: 200, ...noMailPage() }
}

/** POST /password/forgot. */
export async function forgotPassword(deps: ForgotDeps, request: HttpRequest): Promise<Reply> {
  requireForm(deps, request, ABOUT)
  const typed = (request.form.get('username') ?? '').trim()
  if (typed === '') return form(deps, request, 400, { fault: 'noUserName' })
  if (typed.length > MAX_USER_NAME) return form(deps, request, 400, { fault: 'userNameTooLong' })

  const user = await deps.store.users.findBySignInName(request.tenant, typed)
  // By the name alone: the same work whether or not there is such an account.
  const { id: deviceId } = await deviceOf(deps, request, { userName: typed })
  // Counted for the account, whichever of its names was typed; an address of nobody, however it is written.
  const userName = user?.userName ?? emailKey(typed)
  await sendMailLink(deps, request, { purpose: 'password_reset', userName, user, deviceId })
  return { status: 200, ...(deps.mail.enabled ? linkSentPage() : noMailPage()) }
}
