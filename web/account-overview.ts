/** The first page of self-service: who the person is here, and how safe the account is. */
import { type AccountFrame, accountView } from './account-frame.ts'
import { type Html, html } from './html.ts'
import type { Page } from './page.ts'

export interface OverviewView {
  readonly frame: AccountFrame
  readonly userName: string
  readonly name?: string | undefined
  readonly email?: { readonly address: string; readonly verified: boolean } | undefined
  readonly hasPassword: boolean
  /** A one-time password or a passkey confirms a sign-in. */
  readonly hasSecondFactor: boolean
  readonly recoveryCodes: boolean
}

/** A page that there may be not is named without a link. */
const linked = ({ paths }: AccountFrame, path: string, words: string): Html =>
  paths.has(path) ? html`<a href="${path}">${words}</a>` : html`${words}`

function warnings(view: OverviewView): readonly Html[] {
  const { frame } = view
  return [
    !view.hasSecondFactor &&
      html`Your password alone opens your account. ${linked(frame, '/account/factors', 'Add a passkey or a one-time password')}.`,
    view.hasSecondFactor &&
      !view.recoveryCodes &&
      html`You have no recovery codes: whoever loses their passkey or phone needs one. ${linked(frame, '/account/factors', 'Make some')}.`,
    view.email === undefined &&
      html`No e-mail address is known: nobody can tell you what happens to your account. ${linked(frame, '/account/email', 'Add one')}.`,
    view.email?.verified === false &&
      html`Your e-mail address is not verified yet. ${linked(frame, '/account/email', 'Verify it')}.`,
  ].filter((text) => text !== false)
}

export function overviewPage(view: OverviewView): Page {
  const open = warnings(view)
  return accountView(view.frame, {
    here: 'overview',
    title: 'Your account',
    content: html`<section aria-labelledby="who">
<h2 id="who">Who you are</h2>
<dl>
${view.name !== undefined && html`<dt>Name</dt><dd>${view.name}</dd>`}
<dt>User name</dt><dd>${view.userName}</dd>
${view.email && html`<dt>E-mail</dt><dd>${view.email.address}</dd>`}
</dl>
</section>
<section aria-labelledby="safety">
<h2 id="safety">How safe your account is</h2>
${
  open.length === 0
    ? html`<p class="lead">Nothing is left to do.</p>`
    : html`<ul class="warnings">${open.map((text) => html`<li>${text}</li>`)}</ul>`
}
</section>`,
  })
}
