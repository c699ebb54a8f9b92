/** Pages that say something of a sign-out: asked for, done, not done. */
import { type Html, html } from './html.ts'
import { type Page, page } from './page.ts'
import { buttons, hidden } from './parts/form.ts'
import { SIGN_OUT } from './words/sign-out.ts'
import { words } from './words/words.ts'

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
  const says = words(SIGN_OUT)
  return page({
    title: says.signOut,
    leadsTo: view.leadsTo,
    content: html`<h1>${says.question}</h1>
${view.clientName !== undefined && html`<p class="lead">${says.asks(view.clientName)}</p>`}
<p class="lead">${says.signedInAs(view.accountName)}</p>
<form method="post" action="/logout">
${hidden('form_token', view.formToken)}${Object.entries(view.fields ?? {}).map(([name, value]) => hidden(name, value))}${buttons(
  { words: says.signOut, value: 'sign_out' },
  { words: says.stay, value: 'stay' },
)}
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

function signOutThere({ name, formToken }: AlsoAt): Html {
  const says = words(SIGN_OUT)
  return html`<form method="post" action="/federation/sign-out">
${hidden('form_token', formToken)}<p class="lead">${says.stillThere(name)}</p>
<div class="actions"><button type="submit">${says.signOutThere(name)}</button></div>
</form>`
}

export function signedOutPage({ frames = [], goesOnTo, alsoAt }: SignedOutView = {}): Page {
  const says = words(SIGN_OUT)
  return page({
    title: says.signedOut,
    frames,
    goesOnTo,
    leadsTo: alsoAt?.origin,
    content: html`<h1>${says.youAreSignedOut}</h1>
${
  goesOnTo === undefined
    ? html`<p class="lead">${says.closePage}</p>`
    : html`<p class="lead">${says.takenBack} <a href="${goesOnTo}">${says.goOn}</a></p>`
}
${alsoAt && goesOnTo === undefined && signOutThere(alsoAt)}
${frames.map((address) => html`<iframe src="${address}" sandbox="allow-scripts allow-same-origin" hidden></iframe>`)}`,
  })
}

export function staysSignedInPage(): Page {
  const says = words(SIGN_OUT)
  return page({
    title: says.stillSignedIn,
    content: html`<h1>${says.youAreStillSignedIn}</h1>
<p class="lead">${says.closePage}</p>`,
  })
}
