/** A person's accounts at identity providers: those that are connected, and those that can be. */

import { type Html, html } from '../html.ts'
import { moment } from '../moment.ts'
import type { Page } from '../page.ts'
import { hidden } from '../parts/form.ts'
import type { ProviderButton } from '../sign-in/federation.ts'
import { ACCOUNT } from '../words/account.ts'
import { FEDERATION } from '../words/federation.ts'
import { words } from '../words/words.ts'
import { type AccountFrame, accountView } from './frame.ts'

export interface LinkedIdentity {
  readonly key: string
  readonly provider: string
  readonly label?: string | undefined
  /** Seconds since the epoch. */
  readonly linkedAt: number
}

export interface IdentitiesView {
  readonly frame: AccountFrame
  readonly formTokens: { readonly link: string; readonly unlink: string }
  readonly linked: readonly LinkedIdentity[]
  readonly offered: readonly ProviderButton[]
  /** Addresses of the providers. */
  readonly leadsTo: readonly string[]
}

export function identitiesPage({ frame, formTokens, linked, offered, leadsTo }: IdentitiesView): Page {
  const says = words(FEDERATION, frame.uiLocales)
  const entry = ({ key, provider, label, linkedAt }: LinkedIdentity): Html => html`<li>
<h3>${provider}</h3>
${label !== undefined && html`<p class="account">${label}</p>`}
<p class="note">${says.since} ${moment(linkedAt, frame)}</p>
<form method="post" action="/account/identities/unlink">
${hidden('form_token', formTokens.unlink)}${hidden('identity', key)}<button class="danger" type="submit" aria-label="${says.disconnectThis([provider, label].filter(Boolean).join(' '))}">${says.disconnect}</button>
</form>
</li>
`
  const offer = ({ id, name, available }: ProviderButton): Html =>
    available
      ? html`<li>
<form method="post" action="/account/identities/link">
${hidden('form_token', formTokens.link)}${hidden('provider', id)}<button type="submit">${says.link.title(name)}</button>
</form>
</li>
`
      : html`<li class="note">${says.notAvailable(name)}</li>
`
  return accountView(frame, {
    here: 'identities',
    title: words(ACCOUNT, frame.uiLocales).parts.identities,
    leadsTo,
    content: html`<p class="lead">${says.linkedAccounts}</p>
<h2>${says.connected}</h2>
${
  linked.length === 0
    ? html`<p>${says.none}</p>`
    : html`<ul class="entries">
${linked.map(entry)}</ul>`
}
${
  offered.length > 0 &&
  html`<h2>${says.more}</h2>
<ul class="entries">
${offered.map(offer)}</ul>`
}`,
  })
}
