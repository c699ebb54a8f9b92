/** Adds a second factor: the choice, the QR code of an app, a passkey, and the recovery codes, which are shown once. */
import { type Html, html } from './html.ts'
import { type Page, page } from './page.ts'
import { passkeyScript } from './passkey-script.ts'

export interface EnrolView {
  /** The query that the forms and links carry, with its `?`; empty outside a sign-in. */
  readonly query: string
  readonly formToken: string
  /** The client's redirect URI, where the sign-in ends there. */
  readonly leadsTo?: string | undefined
  readonly uiLocales?: readonly string[] | undefined
}

export type EnrolFault =
  | 'missing'
  | 'wrong'
  | 'user_not_verified'
  | 'attestation_not_verified'
  | 'authenticator_not_allowed'
  | 'taken'

const FAULTS: Readonly<Record<EnrolFault, string>> = {
  missing: 'Enter the six digits that your app shows.',
  wrong: 'That did not work. Try again.',
  user_not_verified: 'Your passkey did not check that it is you. Set a PIN, fingerprint or face for it first.',
  attestation_not_verified: 'This passkey could not prove what it is. Use one that your organisation allows.',
  authenticator_not_allowed: 'Your organisation does not allow this kind of passkey.',
  taken: 'This passkey is added already.',
}

const alert = (fault: EnrolFault | undefined): Html | false =>
  fault !== undefined &&
  html`<div class="alert" role="alert" id="fault"><p>${FAULTS[fault]}</p></div>
`

export function enrolChoicePage(
  view: Omit<EnrolView, 'formToken'> & { readonly offers: readonly ('totp' | 'passkey')[] },
): Page {
  const choices = {
    passkey: html`<li><a href="/mfa/enrol/passkey${view.query}">Passkey or security key</a><p class="note">Your fingerprint, face, PIN or a key you plug in. Nobody can trick you out of it.</p></li>`,
    totp: html`<li><a href="/mfa/enrol/totp${view.query}">Authenticator app</a><p class="note">An app on your phone that shows a new code every 30 seconds.</p></li>`,
  }
  return page({
    title: 'Protect your account',
    leadsTo: view.leadsTo,
    uiLocales: view.uiLocales,
    content: html`<h1>Add a second step</h1>
<p class="lead">You need one more way to prove that it is you before you go on.</p>
<ul class="choices">${(['passkey', 'totp'] as const).filter((one) => view.offers.includes(one)).map((one) => choices[one])}</ul>`,
  })
}

export interface EnrolTotpView extends EnrolView {
  readonly enrolment: string
  readonly qr: { readonly size: number; readonly path: string }
  readonly secret: string
  readonly uri: string
  readonly fault?: EnrolFault | undefined
}

export function enrolTotpPage(view: EnrolTotpView): Page {
  const heading = 'Add an authenticator app'
  return page({
    title: view.fault ? `Error: ${heading}` : heading,
    leadsTo: view.leadsTo,
    uiLocales: view.uiLocales,
    content: html`<h1>${heading}</h1>
${alert(view.fault)}<ol class="steps">
<li>Scan this with your authenticator app.
<svg class="qr" viewBox="0 0 ${view.qr.size} ${view.qr.size}" width="240" height="240" role="img" aria-label="QR code with the key below" shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/><path fill="#000" d="${view.qr.path}"/></svg>
<p class="note">Can’t scan it? Type this key into the app: <code class="secret">${view.secret}</code></p>
<p class="note"><a href="${view.uri}">Open in an app on this device</a></p></li>
<li>Enter the code that it shows.</li>
</ol>
<form method="post" action="/mfa/enrol/totp${view.query}">
<input type="hidden" name="form_token" value="${view.formToken}">
<input type="hidden" name="enrolment" value="${view.enrolment}">
<div class="field">
<label for="code">Six-digit code</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]*" maxlength="16" required${view.fault !== undefined && html` aria-invalid="true" aria-describedby="fault"`}>
</div>
<div class="actions">
<button class="primary" type="submit">Add it</button>
</div>
</form>`,
  })
}

export interface EnrolPasskeyView extends EnrolView {
  readonly options: object
  readonly fault?: EnrolFault | undefined
}

export function enrolPasskeyPage(view: EnrolPasskeyView): Page {
  const heading = 'Add a passkey'
  return page({
    title: view.fault ? `Error: ${heading}` : heading,
    leadsTo: view.leadsTo,
    uiLocales: view.uiLocales,
    script: passkeyScript,
    content: html`<h1>${heading}</h1>
<p class="lead">Your browser asks for your fingerprint, face, PIN or security key, and remembers it for signing in here.</p>
${alert(view.fault)}<form method="post" action="/mfa/enrol/passkey${view.query}" data-passkey="register" data-options="${JSON.stringify(view.options)}">
<input type="hidden" name="form_token" value="${view.formToken}">
<input type="hidden" name="credential" value="">
<div class="field">
<label for="name">Name, for you to know it by</label>
<input id="name" name="name" maxlength="64" autocomplete="off" placeholder="My laptop">
</div>
<p class="fault" data-passkey-failed hidden role="status">That did not work in this browser. Try again.</p>
<noscript><p class="fault">Passkeys need JavaScript, which is switched off in this browser.</p></noscript>
<div class="actions">
<button class="primary" type="submit">Create passkey</button>
</div>
</form>`,
  })
}

export interface RecoveryCodesView {
  readonly codes: readonly string[]
  readonly goesOnTo: string
  readonly uiLocales?: readonly string[] | undefined
}

/** Shown once: the store has their digests only. */
export function recoveryCodesPage(view: RecoveryCodesView): Page {
  return page({
    title: 'Your recovery codes',
    uiLocales: view.uiLocales,
    content: html`<h1>Keep these recovery codes</h1>
<p class="lead">If you lose your phone or passkey, one of them lets you in. Each works once. They are not shown again.</p>
<ol class="codes">${view.codes.map((code) => html`<li><code>${code}</code></li>`)}</ol>
<p class="note">Print them or write them down, and keep them where your passwords are not.</p>
<div class="actions"><a class="primary" href="${view.goesOnTo}">I have kept them</a></div>`,
  })
}
