/** The password step of a sign-in; the name is sent along for password managers. */
import { html } from '../html.ts'
import { type Page, page } from '../page.ts'
import { alert, buttons, field, hidden } from '../parts/form.ts'
import { PASSWORDS } from '../words/passwords.ts'
import { SIGN_IN } from '../words/sign-in.ts'
import { words } from '../words/words.ts'

export interface PasswordView {
  /** Undefined: a page of ours. */
  readonly clientName: string | undefined
  readonly redirectUri: string
  readonly interactionId: string
  readonly formToken: string
  readonly userName: string
  /** Other ways that policy takes instead. */
  readonly offers: readonly string[]
  /** A link to a new password can be sent. */
  readonly canReset?: boolean
  readonly fault?: PasswordFault | undefined
  readonly uiLocales?: readonly string[] | undefined
}

/** `wrong` does not say which of the two was wrong. */
export type PasswordFault = 'wrong' | 'missing'

export function passwordPage(view: PasswordView): Page {
  const says = words(SIGN_IN, view.uiLocales)
  const { fault } = view
  const at = (path: string) => `${path}?interaction=${encodeURIComponent(view.interactionId)}`
  return page({
    title: says.enterPassword,
    faulty: fault !== undefined,
    leadsTo: view.redirectUri,
    uiLocales: view.uiLocales,
    content: html`<h1>${says.enterPassword}</h1>
<p class="lead">${says.continueTo(view.clientName)}</p>
<p class="who"><span class="account">${view.userName}</span> <a href="${at('/login')}">${says.notYou}</a></p>
${fault === 'wrong' && alert(says.faults.wrong, 'form-fault')}<form method="post" action="${at('/login/password')}">
${hidden('form_token', view.formToken)}<input type="text" name="username" value="${view.userName}" autocomplete="username" readonly hidden>
${field({
  name: 'password',
  label: says.password,
  attributes: html`type="password" autocomplete="current-password" maxlength="1024" required autofocus`,
  fault: fault === 'missing' && says.faults.missing,
  describedBy: fault === 'wrong' ? 'form-fault' : undefined,
})}
${buttons({ words: says.signIn, value: 'sign_in' }, { words: says.cancel, value: 'deny', leaves: true })}
</form>
${view.canReset && html`<p class="way"><a href="/password/forgot">${words(PASSWORDS, view.uiLocales).forgot}</a></p>`}
${view.offers.includes('passkey') && html`<p class="way"><a href="${at('/mfa/passkey')}">${says.passkeyInstead}</a></p>`}`,
  })
}
