/** Go on as who is signed in, or as somebody else? OIDC Core 3.1.2.1. */
import { html } from './html.ts'
import { type Page, page } from './page.ts'

export interface SelectAccountView {
  readonly clientName: string
  readonly redirectUri: string
  readonly interactionId: string
  readonly formToken: string
  readonly accountName: string
  readonly uiLocales?: readonly string[] | undefined
}

export const selectAccountPage = (view: SelectAccountView): Page =>
  page({
    title: 'Choose an account',
    leadsTo: view.redirectUri,
    uiLocales: view.uiLocales,
    content: html`<h1>Choose an account</h1>
<p class="lead">to continue to <strong>${view.clientName}</strong></p>
<form method="post" action="/login/select?interaction=${encodeURIComponent(view.interactionId)}">
<input type="hidden" name="form_token" value="${view.formToken}">
<div class="actions">
<button class="primary" type="submit" name="answer" value="this">Go on as <span class="account">${view.accountName}</span></button>
<button type="submit" name="answer" value="another">Use another account</button>
<button type="submit" name="answer" value="deny">Cancel</button>
</div>
</form>`,
  })
