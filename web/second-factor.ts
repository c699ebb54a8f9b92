/** The second step of a sign-in: a code of an app, a passkey, a recovery code. Each leads to the others that policy takes. */
import { type Content, type Html, html } from './html.ts'
import { type Page, page } from './page.ts'
import { passkeyScript } from './passkey-script.ts'

export interface StepView {
  readonly clientName: string
  /** Where the authorization ends, for the page's form-action. */
  readonly redirectUri: string
  readonly interactionId: string
  readonly formToken: string
  /** Shown to whoever proved to be its owner. */
  readonly userName?: string | undefined
  /** Other ways that policy takes instead. */
  readonly offers: readonly string[]
  readonly fault?: StepFault | undefined
  readonly uiLocales?: readonly string[] | undefined
}

export type StepFault = 'missing' | 'wrong' | 'user_not_verified'

type Step = 'totp' | 'passkey' | 'recovery_code'

const PATHS: Readonly<Record<Step, string>> = {
  totp: '/mfa/totp',
  passkey: '/mfa/passkey',
  recovery_code: '/mfa/recovery',
}

const OFFERS: Readonly<Record<Step, string>> = {
  totp: 'Use a code of your authenticator app',
  passkey: 'Use a passkey or security key',
  recovery_code: 'Use a recovery code',
}

const FAULTS: Readonly<Record<Step, Readonly<Record<StepFault, string>>>> = {
  totp: {
    missing: 'Enter the six digits that your app shows.',
    wrong: 'That code is wrong or was used before. Wait for the next one and try again.',
    user_not_verified: '',
  },
  passkey: {
    missing: 'Your browser sent no passkey. Try again.',
    wrong: 'That passkey could not be used here. Try again, or use another way.',
    user_not_verified: 'Your passkey did not check that it is you. Unlock it with its PIN or your fingerprint or face.',
  },
  recovery_code: {
    missing: 'Enter one of your recovery codes.',
    wrong: 'That recovery code is wrong or was used before.',
    user_not_verified: '',
  },
}

const at = (path: string, id: string): string => `${path}?interaction=${encodeURIComponent(id)}`

function others(view: StepView, step: Step): Html | false {
  const offered = (Object.keys(PATHS) as Step[]).filter((one) => one !== step && view.offers.includes(one))
  return (
    offered.length > 0 &&
    html`<ul class="others">${offered.map((one) => html`<li><a href="${at(PATHS[one], view.interactionId)}">${OFFERS[one]}</a></li>`)}</ul>`
  )
}

const fault = (view: StepView, step: Step): Html | false =>
  view.fault !== undefined &&
  html`<div class="alert" role="alert" id="fault"><p>${FAULTS[step][view.fault]}</p></div>
`

interface Parts {
  readonly heading: string
  readonly lead: Content
  readonly fields: Content
  readonly submit: string
  readonly form?: Html
  readonly script?: string
}

function stepPage(view: StepView, step: Step, parts: Parts): Page {
  return page({
    title: view.fault ? `Error: ${parts.heading}` : parts.heading,
    leadsTo: view.redirectUri,
    uiLocales: view.uiLocales,
    script: parts.script,
    content: html`<h1>${parts.heading}</h1>
<p class="lead">to continue to <strong>${view.clientName}</strong></p>
${view.userName !== undefined && html`<p class="lead"><span class="account">${view.userName}</span></p>`}
${fault(view, step)}<form method="post" action="${at(PATHS[step], view.interactionId)}"${parts.form}>
<input type="hidden" name="form_token" value="${view.formToken}">
${parts.lead}
${parts.fields}
<div class="actions">
<button class="primary" type="submit" name="answer" value="go_on">${parts.submit}</button>
<button type="submit" name="answer" value="deny" formnovalidate>Cancel</button>
</div>
</form>
${others(view, step)}`,
  })
}

const faulty = ({ fault: what }: StepView): Html | false =>
  what !== undefined && html` aria-invalid="true" aria-describedby="fault"`

export const totpPage = (view: StepView): Page =>
  stepPage(view, 'totp', {
    heading: 'Enter the code',
    lead: html`<p class="note">Your authenticator app shows it.</p>`,
    fields: html`<div class="field">
<label for="code">Six-digit code</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]*" maxlength="16" required autofocus${faulty(view)}>
</div>
<label class="check"><input type="checkbox" name="remember" value="yes"> Don’t ask again in this browser</label>`,
    submit: 'Continue',
  })

export const recoveryPage = (view: StepView): Page =>
  stepPage(view, 'recovery_code', {
    heading: 'Enter a recovery code',
    lead: html`<p class="note">Each works once. You got them when you added your second step.</p>`,
    fields: html`<div class="field">
<label for="code">Recovery code</label>
<input id="code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="64" required autofocus${faulty(view)}>
</div>`,
    submit: 'Continue',
  })

export const passkeyPage = (view: StepView & { readonly options: object }): Page =>
  stepPage(view, 'passkey', {
    heading: 'Use your passkey',
    lead: html`<p class="note">Your browser asks for your fingerprint, face, PIN or security key.</p>
<p class="fault" data-passkey-failed hidden role="status">That did not work in this browser. Try again, or use another way.</p>
<noscript><p class="fault">Passkeys need JavaScript, which is switched off in this browser.</p></noscript>`,
    fields: html`<input type="hidden" name="credential" value="">`,
    form: html` data-passkey="assert" data-options="${JSON.stringify(view.options)}"`,
    submit: 'Continue with passkey',
    script: passkeyScript,
  })
