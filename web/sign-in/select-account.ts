/** Go on as who is signed in, or as somebody else? OIDC Core 3.1.2.1. */
import { html } from '../html.ts'
import { type Page, page } from '../page.ts'
import { buttons, hidden } from '../parts/form.ts'
import { SIGN_IN } from '../words/sign-in.ts'
import { words } from '../words/words.ts'

export interface SelectAccountView {
  /** Undefined: a page of ours. */
  readonly clientName: string | undefined
  readonly redirectUri: string
  readonly interactionId: string
  readonly formToken: string
  readonly accountName: string
  readonly uiLocales?: readonly string[] | undefined
}

export function selectAccountPage(view: SelectAccountView): Page {
  const says = words(SIGN_IN, view.uiLocales)
  return page({
    title: says.chooseAccount,
    leadsTo: view.redirectUri,
    uiLocales: view.uiLocales,
    content: html`<h1>${says.chooseAccount}</h1>
<p class="lead">${says.continueTo(view.clientName)}</p>
<form method="post" action="/login/select?interaction=${encodeURIComponent(view.interactionId)}">
${hidden('form_token', view.formToken)}${buttons(
  { words: says.goOnAs(view.accountName), value: 'this' },
  { words: says.anotherAccount, value: 'another' },
  { words: says.cancel, value: 'deny' },
)}
</form>`,
  })
}
