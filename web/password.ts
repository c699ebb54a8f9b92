/** The password step of a sign-in; the name is sent along for password managers. */
import { html } from './html.ts'
import { type Page, page } from './page.ts'

export interface PasswordView {
  readonly clientName: string
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

const FAULTS: Readonly<Record<PasswordFault, string>> = {
  wrong: 'The user name or the password is wrong.',
  missing: 'Enter your password.',
}

export function passwordPage(view: PasswordView): Page {
  const { fault } = view
  const at = (path: string) => `${path}?interaction=${encodeURIComponent(view.interactionId)}`
  const faulty = fault !== undefined && html` aria-invalid="true" aria-describedby="password-fault"`
  return page({
    title: fault ? 'Error: Sign in' : 'Sign in',
    leadsTo: view.redirectUri,
    uiLocales: view.uiLocales,
    content: html`<h1>Enter your password</h1>
<p class="lead">to continue to <strong>${view.clientName}</strong></p>
<p class="lead"><span class="account">${view.userName}</span> <a href="${at('/login')}">Not you?</a></p>
${fault === 'wrong' && html`<div class="alert" role="alert" id="password-fault"><p>${FAULTS.wrong}</p></div>`}
<form method="post" action="${at('/login/password')}">
<input type="hidden" name="form_token" value="${view.formToken}">
<input type="text" name="username" value="${view.userName}" autocomplete="username" readonly hidden>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required autofocus${faulty}>
${fault === 'missing' && html`<p class="fault" id="password-fault">${FAULTS.missing}</p>`}
</div>
<div class="actions">
<button class="primary" type="submit" name="answer" value="sign_in">Sign in</button>
<button type="submit" name="answer" value="deny" formnovalidate>Cancel</button>
</div>
</form>
${view.canReset === true && html`<p class="note"><a href="/password/forgot">Forgot your password?</a></p>`}
${view.offers.includes('passkey') && html`<p class="note"><a href="${at('/mfa/passkey')}">Use a passkey instead</a></p>`}`,
  })
}
