/** The first page of self-service: who the person is here, and how safe the account is. */
import { type AccountFrame, accountView } from './account-frame.ts'
import { type Html, html } from './html.ts'
import type { Page } from './page.ts'
import { ACCOUNT } from './words/account.ts'
import { words } from './words/words.ts'

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
const linked = ({ paths }: AccountFrame, path: string, text: string): Html =>
  paths.has(path) ? html`<a href="${path}">${text}</a>` : html`${text}`

function warnings(view: OverviewView, says: (typeof ACCOUNT)['en']): readonly Html[] {
  const at = (path: string, text: string) => linked(view.frame, path, text)
  return [
    !view.hasSecondFactor && html`${says.passwordAlone} ${at('/account/factors', says.addFactor)}.`,
    view.hasSecondFactor &&
      !view.recoveryCodes &&
      html`${says.noRecoveryCodes} ${at('/account/factors', says.makeCodes)}.`,
    view.email === undefined && html`${says.noEmail} ${at('/account/email', says.addEmail)}.`,
    view.email?.verified === false && html`${says.emailNotVerified} ${at('/account/email', says.verifyEmail)}.`,
  ].filter((text) => text !== false)
}

export function overviewPage(view: OverviewView): Page {
  const says = words(ACCOUNT, view.frame.uiLocales)
  const open = warnings(view, says)
  return accountView(view.frame, {
    here: 'overview',
    title: says.title,
    content: html`<section aria-labelledby="who">
<h2 id="who">${says.who}</h2>
<dl>
${view.name !== undefined && html`<dt>${says.name}</dt><dd>${view.name}</dd>`}
<dt>${says.userName}</dt><dd>${view.userName}</dd>
${view.email && html`<dt>${says.email}</dt><dd>${view.email.address}</dd>`}
</dl>
</section>
<section aria-labelledby="safety">
<h2 id="safety">${says.safety}</h2>
${
  open.length === 0
    ? html`<p class="lead">${says.nothingLeft}</p>`
    : html`<ul class="warnings">${open.map((text) => html`<li>${text}</li>`)}</ul>`
}
</section>`,
  })
}
