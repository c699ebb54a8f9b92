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
}

export function signOutPage(view: SignOutView): Page {
  return page({
    title: 'Sign out',
    content: html`<h1>Sign out?</h1>
<p class="lead">You are signed in as <strong class="account">${view.accountName}</strong>.</p>
<form method="post" action="/logout">
<input type="hidden" name="form_token" value="${view.formToken}">
<button class="primary" type="submit">Sign out</button>
</form>`,
  })
}

export function signedOutPage(): Page {
  return page({
    title: 'Signed out',
    content: html`<h1>You are signed out</h1>
<p class="lead">You can close this page.</p>`,
  })
}
