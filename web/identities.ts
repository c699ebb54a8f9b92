/** A person's accounts at identity providers: those that are connected, and those that can be. */
import { type AccountFrame, accountView } from './account-frame.ts'
import type { ProviderButton } from './federation.ts'
import { type Html, html } from './html.ts'
import { formTarget, type Page } from './page.ts'
import { hidden } from './parts/form.ts'
import { FEDERATION } from './words/federation.ts'
import { words } from './words/words.ts'

export interface LinkedIdentity {
  readonly key: string
  readonly provider: string
  readonly label?: string | undefined
  /** Seconds since the epoch. */
  readonly linkedAt: number
}

export interface IdentitiesView {
  readonly frame: AccountFrame
  readonly formToken: string
  readonly linked: readonly LinkedIdentity[]
  readonly offered: readonly ProviderButton[]
  /** Origins of the providers, for the page's form-action. */
  readonly leadsTo: readonly string[]
}

type Says = (typeof FEDERATION)['en']

const dateOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10)

function entry(says: Says, formToken: string, { key, provider, label, linkedAt }: LinkedIdentity, index: number): Html {
  const id = `identity-${index + 1}`
  const date = html`<time datetime="${dateOf(linkedAt)}">${dateOf(linkedAt)}</time>`
  return html`<li>
<h2 id="${id}">${provider}${label !== undefined && html` <span class="account">${label}</span>`}</h2>
<p class="note">${says.since(date)}</p>
<form method="post" action="/account/identities/unlink">
${hidden('form_token', formToken)}${hidden('identity', key)}<button type="submit" aria-describedby="${id}">${says.disconnect}</button>
</form>
</li>
`
}

const offer = (says: Says, formToken: string, { id, name, available }: ProviderButton): Html =>
  html`<form method="post" action="/account/identities/link">
${hidden('form_token', formToken)}${hidden('provider', id)}<button type="submit"${!available && html` disabled`}>${available ? says.connect(name) : says.unavailable(name)}</button>
</form>
`

export function identitiesPage({ frame, formToken, linked, offered, leadsTo }: IdentitiesView): Page {
  const says = words(FEDERATION, frame.uiLocales)
  return accountView(frame, {
    here: 'identities',
    title: says.connected,
    formAction: ["'self'", ...new Set(leadsTo.map(formTarget))].join(' '),
    content: html`<p class="lead">${says.elsewhere(frame.accountName)}</p>
${
  linked.length === 0
    ? html`<p>${says.none}</p>`
    : html`<ul class="identities">
${linked.map((one, index) => entry(says, formToken, one, index))}</ul>`
}
<div class="offers">${offered.map((one) => offer(says, formToken, one))}</div>`,
  })
}
