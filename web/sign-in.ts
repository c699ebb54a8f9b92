/** The sign-in page: who is it? The fault of the last attempt tied to the field that it concerns, a way to refuse. */
import { type ProviderButton, providerButtons } from './federation.ts'
import { type Html, html } from './html.ts'
import { type Page, page } from './page.ts'
import { passkeyScript } from './passkey-script.ts'

export interface SignInView {
  readonly clientName: string
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

export interface SignInFault {
  /** `form`: about more than the field, so that it does not say what was wrong. */
  readonly field: 'form' | 'username'
  readonly text: string
}

const faultText = (id: string, text: string): Html => html`<p class="fault" id="${id}">${text}</p>`

function field(view: SignInView, name: 'username', label: string, attributes: Html): Html {
  const own = view.fault?.field === name ? view.fault : undefined
  const faulty = own !== undefined || view.fault?.field === 'form'
  const describedBy = own ? `${name}-fault` : 'form-fault'
  return html`<div class="field">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" ${attributes} required${faulty && html` aria-invalid="true" aria-describedby="${describedBy}"`}>
${own && faultText(`${name}-fault`, own.text)}
</div>`
}

/** Passkeys among the suggestions of the name field, or on a page of their own. WebAuthn Level 3 5.1.4. */
function passkeys({ interactionId, passkeyToken }: SignInView): Html {
  const at = (path: string) => `${path}?interaction=${encodeURIComponent(interactionId)}`
  return html`<form method="post" action="${at('/mfa/passkey')}" data-passkey="autofill" data-options="${at('/mfa/passkey/options')}" hidden>
<input type="hidden" name="form_token" value="${passkeyToken}">
<input type="hidden" name="credential" value="">
</form>
<p class="note"><a href="${at('/mfa/passkey')}">Sign in with a passkey</a></p>`
}

export function signInPage(view: SignInView): Page {
  const userName = html`type="text" value="${view.userName}" autocomplete="username webauthn" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="256" autofocus`
  return page({
    title: view.fault ? 'Error: Sign in' : 'Sign in',
    leadsTo: view.redirectUri,
    uiLocales: view.uiLocales,
    script: passkeyScript,
    connects: true,
    content: html`<h1>Sign in</h1>
<p class="lead">to continue to <strong>${view.clientName}</strong></p>
${view.fault?.field === 'form' && html`<div class="alert" role="alert" id="form-fault"><p>${view.fault.text}</p></div>`}
<form method="post" action="/login?interaction=${encodeURIComponent(view.interactionId)}">
<input type="hidden" name="form_token" value="${view.formToken}">
${field(view, 'username', 'User name', userName)}
<div class="actions">
<button class="primary" type="submit" name="answer" value="sign_in">Continue</button>
<button type="submit" name="answer" value="deny" formnovalidate>Cancel</button>
</div>
</form>
${passkeys(view)}
${providerButtons(view.providers ?? [], view.interactionId)}`,
  })
}
