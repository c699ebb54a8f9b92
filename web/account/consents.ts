/** Apps with access: what each may do, since when, how it is used, and the buttons that end it. */

import { type Html, html } from '../html.ts'
import { moment } from '../moment.ts'
import type { Page } from '../page.ts'
import { hidden, notice } from '../parts/form.ts'
import { comma } from '../reader.ts'
import { inReadingOrder, scopeWords } from '../scope-words.ts'
import { CONSENTS } from '../words/account-consents.ts'
import { words } from '../words/words.ts'
import { type AccountFrame, accountView } from './frame.ts'

export interface GrantView {
  readonly grantId: string
  readonly scopes: readonly string[]
  readonly since: number
  readonly lastUse?: number | undefined
  readonly formToken: string
}

export interface AppView {
  readonly clientId: string
  readonly name: string
  readonly firstParty: boolean
  readonly selfRegistered: boolean
  readonly scopes: readonly string[]
  /** Absent: nothing is remembered, it has what it was given at a time. */
  readonly consent?: { readonly grantedAt: number; readonly expiresAt: number } | undefined
  readonly grants: readonly GrantView[]
  readonly formToken: string
}

export type ConsentsDone = 'withdrawn' | 'ended'

export interface ConsentsView {
  readonly frame: AccountFrame
  readonly apps: readonly AppView[]
  readonly done?: ConsentsDone | undefined
}

type Says = (typeof CONSENTS)['en']

const scopeItems = (scopes: readonly string[], frame: AccountFrame): Html =>
  html`<ul class="scopes">${inReadingOrder(scopes).map(
    (scope) => html`<li>${scopeWords(scope, frame.uiLocales)}</li>`,
  )}</ul>`

function grantItem(says: Says, frame: AccountFrame, grant: GrantView, about: string): Html {
  return html`<li>
<p>${says.inUse} ${says.since(moment(grant.since, frame))}${
    grant.lastUse !== undefined && html`${comma(frame.uiLocales)}${says.lastUse(moment(grant.lastUse, frame))}`
  }${grant.scopes.includes('offline_access') && html`${comma(frame.uiLocales)}${says.awayToo}`}</p>
<form method="post" action="/account/grants/revoke">
${hidden('form_token', grant.formToken)}${hidden('grant', grant.grantId)}<button type="submit" aria-describedby="${about}">${says.end}</button>
</form>
</li>
`
}

/** What can be withdrawn: a consent that the app needs, or what it holds. One of ours without any grant has neither. */
const hasAccess = ({ firstParty, consent, grants }: AppView): boolean =>
  grants.length > 0 || (consent !== undefined && !firstParty)

function appSection(says: Says, frame: AccountFrame, app: AppView, index: number): Html {
  const id = `app-${index + 1}`
  const { consent } = app
  return html`<li>
<h2 id="${id}"><bdi>${app.name}</bdi></h2>
${app.selfRegistered && html`<p class="note">${says.selfRegistered}</p>`}
${app.firstParty && html`<p class="note">${says.firstParty}</p>`}
${
  consent &&
  html`<p>${says.allowed(moment(consent.grantedAt, frame))}${comma(frame.uiLocales)}${says.until(moment(consent.expiresAt, frame))}</p>`
}
${
  app.scopes.length > 0 &&
  html`<p>${says.itCan}</p>
${scopeItems(app.scopes, frame)}
`
}${
  app.grants.length > 0 &&
  html`<ul class="grants">
${app.grants.map((grant) => grantItem(says, frame, grant, id))}</ul>`
}
${
  hasAccess(app) &&
  html`<form method="post" action="/account/consents/withdraw">
${hidden('form_token', app.formToken)}${hidden('client_id', app.clientId)}<button class="danger" type="submit" aria-describedby="${id}">${says.withdrawApp(app.name)}</button>
</form>
`
}</li>
`
}

export function consentsPage({ frame, apps, done }: ConsentsView): Page {
  const says = words(CONSENTS, frame.uiLocales)
  return accountView(frame, {
    here: 'consents',
    title: says.title,
    content: html`${done && notice(html`<p>${says[done]}</p>`)}<p class="lead">${says.lead}</p>
${
  apps.length === 0
    ? html`<p>${says.none}</p>`
    : html`<ul class="entries">
${apps.map((app, index) => appSection(says, frame, app, index))}</ul>`
}`,
  })
}
