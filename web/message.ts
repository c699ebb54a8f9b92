/** Pages that only say something: an error, a sign-out asked for and done. */
import { html } from './html.ts'
import { type Page, page } from './page.ts'

export interface ErrorView {
  readonly title: string
  readonly text: string
  /** For the person to quote; it finds the log line. */
  readonly requestId?: string | undefined
}

export function errorPage(view: ErrorView): Page {
  return page({
    title: view.title,
    content: html`<h1>${view.title}</h1>
<p class="lead">${view.text}</p>
${view.requestId !== undefined && html`<p class="note">Reference <code>${view.requestId}</code></p>`}`,
  })
}

export interface SignOutView {
  readonly accountName: string
  readonly formToken: string
  /** The application that asks; absent where the person came here themselves. */
  readonly clientName?: string | undefined
  /** Where the person goes afterwards. */
  readonly leadsTo?: string | undefined
  /** What the form sends back. */
  readonly fields?: Readonly<Record<string, string>>
}

/** RP-Initiated Logout 1.0 2: the person is asked, since anybody can link here. */
export function signOutPage(view: SignOutView): Page {
  const hidden = Object.entries(view.fields ?? {}).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">
`,
  )
  return page({
    title: 'Sign out',
    leadsTo: view.leadsTo,
    content: html`<h1>Sign out?</h1>
${view.clientName !== undefined && html`<p class="lead"><strong>${view.clientName}</strong> asks to sign you out.</p>`}
<p class="lead">You are signed in as <strong class="account">${view.accountName}</strong>.</p>
<form method="post" action="/logout">
<input type="hidden" name="form_token" value="${view.formToken}">
${hidden}<div class="actions">
<button class="primary" type="submit" name="answer" value="sign_out">Sign out</button>
<button type="submit" name="answer" value="stay">Stay signed in</button>
</div>
</form>`,
  })
}

export interface SignedOutView {
  /** Front-channel logout addresses of the applications that the person was signed in to. */
  readonly frames?: readonly string[] | undefined
  /** Back to the application, once the frames had a moment to load. */
  readonly goesOnTo?: string | undefined
  /** The provider that the person had come in by. */
  readonly alsoAt?: AlsoAt | undefined
}

export interface AlsoAt {
  readonly name: string
  readonly formToken: string
  readonly origin: string
}

const signOutThere = ({ name, formToken }: AlsoAt) => html`<form method="post" action="/federation/sign-out">
<input type="hidden" name="form_token" value="${formToken}">
<p class="lead">You are still signed in at ${name}.</p>
<button type="submit">Sign out at ${name} too</button>
</form>`

export function signedOutPage({ frames = [], goesOnTo, alsoAt }: SignedOutView = {}): Page {
  return page({
    title: 'Signed out',
    frames,
    goesOnTo,
    leadsTo: alsoAt?.origin,
    content: html`<h1>You are signed out</h1>
${
  goesOnTo === undefined
    ? html`<p class="lead">You can close this page.</p>`
    : html`<p class="lead">You are taken back to the application. <a href="${goesOnTo}">Continue</a></p>`
}
${alsoAt && goesOnTo === undefined && signOutThere(alsoAt)}
${frames.map((address) => html`<iframe src="${address}" sandbox="allow-scripts allow-same-origin" hidden></iframe>`)}`,
  })
}

export function staysSignedInPage(): Page {
  return page({
    title: 'Still signed in',
    content: html`<h1>You are still signed in</h1>
<p class="lead">You can close this page.</p>`,
  })
}
