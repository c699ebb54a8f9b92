/** After a sign-in for one of our own pages was cancelled. */
import { html } from './html.ts'
import { type Page, page } from './page.ts'

export const notSignedInPage = (): Page =>
  page({
    title: 'Not signed in',
    content: html`<h1>You are not signed in</h1>
<p class="lead">You can close this page.</p>`,
  })
