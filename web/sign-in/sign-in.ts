/** The sign-in page: who is it? The fault of the last attempt tied to the field that it concerns, a way to refuse. */

import { type Html, html } from '../html.ts'
import { type Page, page } from '../page.ts'
import { alert, buttons, field, hidden } from '../parts/form.ts'
import { reader, readersLanguage } from '../reader.ts'
import { SIGN_IN } from '../words/sign-in.ts'
import { words } from '../words/words.ts'
import { type ProviderButton, providerButtons } from './federation.ts'

export interface SignInView {
  /** Undefined: a page of ours. */
  readonly clientName: string | undefined
  /** Where the authorization ends, for the page's form-action. */
  readonly redirectUri: string
  readonly interactionId: string
  readonly formToken: string
  /** Of the form that sends a passkey. */
  readonly passkeyToken: string
  /** Shown again after a failed attempt. */
  readonly userName?: string | undefined
  readonly fault?: SignInFault | undefined
  /** Identity providers that the person may come in by. */
  readonly providers?: readonly ProviderButton[] | undefined
  readonly uiLocales?: readonly string[] | undefined
}

/** `wrong`: about more than the field, so that it does not say what was wrong. */
export type SignInFault = 'wrong' | 'noUserName' | 'userNameTooLong'

/** Passkeys among the suggestions of the name field, or on a page of their own. WebAuthn Level 3 5.1.4. */
function passkeys({ interactionId, passkeyToken }: SignInView, words: string): Html {
  const at = (path: string) => `${path}?interaction=${encodeURIComponent(interactionId)}`
  return html`<form method="post" action="${at('/mfa/passkey')}" data-passkey="autofill" data-options="${at('/mfa/passkey/options')}" hidden>
${hidden('form_token', passkeyToken)}${hidden('credential', '')}</form>
<p class="way"><a href="${at('/mfa/passkey')}">${words}</a></p>`
}

export function signInPage(view: SignInView): Page {
  const says = words(SIGN_IN, view.uiLocales)
  const { fault } = view
  const about = fault === 'wrong'
  return page({
    title: says.signIn,
    faulty: fault !== undefined,
    leadsTo: view.redirectUri,
    uiLocales: view.uiLocales,
    script: 'passkey.js',
    content: html`<h1>${reader().theme.headline[readersLanguage(view.uiLocales)] ?? says.signIn}</h1>
<p class="lead">${says.continueTo(view.clientName)}</p>
${about && alert(says.faults[fault], 'form-fault')}<form method="post" action="/login?interaction=${encodeURIComponent(view.interactionId)}">
${hidden('form_token', view.formToken)}${field({
  name: 'username',
  label: says.userName,
  attributes: html`type="text" value="${view.userName}" autocomplete="username webauthn" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="256" required autofocus`,
  fault: fault !== undefined && !about && says.faults[fault],
  describedBy: about ? 'form-fault' : undefined,
})}
${buttons({ words: says.next, value: 'sign_in' }, { words: says.cancel, value: 'deny', leaves: true })}
</form>
${passkeys(view, says.byPasskey)}
${providerButtons(view.providers ?? [], view.interactionId, view.uiLocales)}`,
  })
}
