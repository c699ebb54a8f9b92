/** A person's accounts at identity providers: those that are connected, and those that can be. */

import type { ProviderButton } from './federation.ts'
import { html } from './html.ts'
import { formTarget, type Page, page } from './page.ts'

export interface LinkedIdentity {
  readonly key: string
  readonly provider: string
  readonly label?: string | undefined
  /** Seconds since the epoch. */
  readonly linkedAt: number
}

export interface IdentitiesView {
  readonly accountName: string
  readonly formToken: string
  readonly linked: readonly LinkedIdentity[]
  readonly offered: readonly ProviderButton[]
  /** Origins of the providers, for the page's form-action. */
  readonly leadsTo: readonly string[]
}

const dateOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10)

export function identitiesPage({ accountName, formToken, linked, offered, leadsTo }: IdentitiesView): Page {
  const token = html`<input type="hidden" name="form_token" value="${formToken}">`
  return page({
    title: 'Connected accounts',
    formAction: ["'self'", ...new Set(leadsTo.map(formTarget))].join(' '),
    content: html`<h1>Connected accounts</h1>
<p class="lead">Accounts elsewhere that you can sign in with as <strong class="account">${accountName}</strong>.</p>
${
  linked.length === 0
    ? html`<p>None is connected.</p>`
    : html`<ul class="identities">
${linked.map(
  ({ key, provider, label, linkedAt }) => html`<li>
<form method="post" action="/account/identities/unlink">
${token}
<input type="hidden" name="identity" value="${key}">
<p><strong>${provider}</strong>${label !== undefined && html` <span class="account">${label}</span>`} <small>since <time datetime="${dateOf(linkedAt)}">${dateOf(linkedAt)}</time></small></p>
<button type="submit" aria-label="Disconnect ${provider} ${label}">Disconnect</button>
</form>
</li>
`,
)}</ul>`
}
${offered.map(
  ({ id, name, available }) => html`<form method="post" action="/account/identities/link">
${token}
<input type="hidden" name="provider" value="${id}">
<button type="submit"${!available && html` disabled`}>${available ? `Connect ${name}` : `${name} is not available at the moment`}</button>
</form>
`,
)}`,
  })
}
