/** The demo application's pages. */
import { type Html, html } from '../../../web/html.ts'
import { type Page, page } from '../../../web/page.ts'
import { type Answer, claimsOf } from './client.ts'
import type { Tokens } from './sessions.ts'

export const homePage = (issuer: string): Page =>
  page({
    title: 'Demo',
    content: html`<h1>Demo application</h1>
<p class="lead">Sign in with Sallyport. Which tokens you get is decided by <code>policies/authz/token.rego</code>.</p>
<form method="post" action="/demo/sign-in">
<button class="primary" type="submit">Sign in</button>
</form>
<p class="note">User name and password stand in the terminal and in <code>var/dev/credentials.json</code>.
Issuer: <code>${issuer}</code></p>`,
    leadsTo: issuer,
  })

export const tokensPage = (tokens: Tokens, introspection: Answer): Page =>
  page({
    title: 'Your tokens',
    content: html`<h1>Your tokens</h1>
<p class="lead">Edit <code>policies/authz/token.rego</code>, save, refresh: the next token follows the new rule.</p>
${
  tokens.refresh_token !== undefined &&
  html`<form method="post" action="/demo/refresh">
<button class="primary" type="submit">Refresh</button>
</form>`
}
<p class="note">${tokens.expires_in !== undefined && html`The access token lives ${tokens.expires_in} s. `}<a href="/oauth/logout">Sign out</a></p>
${jwt('Access token', tokens.access_token)}
${tokens.id_token !== undefined && jwt('ID token', tokens.id_token)}
${tokens.refresh_token !== undefined && html`<h2>Refresh token</h2>${block(tokens.refresh_token)}`}
<h2>What the resource server learns</h2>
${block(introspection.body)}
<p class="note"><a href="/">Start again</a></p>`,
  })

export const failedPage = (what: string, answer: Answer): Page =>
  page({
    title: what,
    content: html`<h1>${what}</h1>
<p class="lead">The answer, HTTP ${answer.status}:</p>
${block(answer.body)}
<p class="note"><a href="/">Start again</a></p>`,
  })

/** Says nothing of what the address says: whoever made it may be anybody. */
export const foreignRefusalPage = (): Page =>
  page({
    title: 'No code arrived',
    content: html`<h1>No code arrived</h1>
<p class="lead">A sign-in that was not begun by this browser on this page was refused or given up.
Whoever began it finds why in the address.</p>
<p class="note"><a href="/">Start again</a></p>`,
  })

/** A code of a sign-in that was not begun here belongs to whoever began it. */
export const foreignCodePage = (): Page =>
  page({
    title: 'A code arrived',
    content: html`<h1>A code arrived</h1>
<p class="lead">This sign-in was not begun by this browser on this page, so its code was not redeemed.
Whoever began it finds the code in the address.</p>
<p class="note"><a href="/">Start again</a></p>`,
  })

const jwt = (title: string, token: string): Html => html`<h2>${title}</h2>
${block(claimsOf(token))}
<details><summary>as sent</summary>${block(token)}</details>`

const block = (value: unknown): Html =>
  html`<pre>${typeof value === 'string' ? value : JSON.stringify(value, null, 2)}</pre>`
