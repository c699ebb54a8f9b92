/** The person's own second factors: what there is, with names and uses, and how to change it. ASVS 7.5.1 and 7.4.3. */

import { type AccountFrame, accountView } from './account-frame.ts'
import { type Html, html } from './html.ts'
import type { Page } from './page.ts'

export interface PasskeyRow {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly lastUsedAt?: number | undefined
  readonly synced: boolean
}

export interface FactorsView {
  readonly frame: AccountFrame
  readonly formToken: string
  readonly totp?: { readonly createdAt: number; readonly lastUsedAt?: number | undefined } | undefined
  readonly passkeys: readonly PasskeyRow[]
  readonly recoveryCodes: number
  /** What has just been done: the other sessions may be ended now. */
  readonly done?: FactorsDone | undefined
}

export const FACTORS_DONE = ['added', 'removed', 'renamed', 'sessions_ended'] as const
export type FactorsDone = (typeof FACTORS_DONE)[number]

const DONE: Readonly<Record<FactorsDone, string>> = {
  added: 'It was added. We have told you by e-mail too.',
  removed: 'It was removed. We have told you by e-mail too.',
  renamed: 'It has its new name.',
  sessions_ended: 'You are signed out everywhere else.',
}

const day = (epochSeconds: number): Html => {
  const iso = new Date(epochSeconds * 1000).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 10)}</time>`
}

const uses = (lastUsedAt: number | undefined): Html =>
  lastUsedAt === undefined ? html`not used yet` : html`last used ${day(lastUsedAt)}`

function form(view: FactorsView, action: string, fields: Html, button: Html): Html {
  return html`<form method="post" action="/account/factors" class="inline">
<input type="hidden" name="form_token" value="${view.formToken}">
<input type="hidden" name="action" value="${action}">
${fields}${button}
</form>`
}

function passkeyItem(view: FactorsView, { id, name, createdAt, lastUsedAt, synced }: PasskeyRow, index: number): Html {
  const factor = html`<input type="hidden" name="factor" value="${id}">`
  const field = `name-${index}`
  return html`<li>
<h3>${name}</h3>
<p class="note">Added ${day(createdAt)}, ${uses(lastUsedAt)}${synced && html`, synced between your devices`}</p>
${form(view, 'rename', html`${factor}<label for="${field}">Name</label> <input id="${field}" name="name" value="${name}" maxlength="64" required>`, html` <button type="submit">Rename</button>`)}
${form(view, 'remove_passkey', factor, html`<button type="submit">Remove ${name}</button>`)}
</li>`
}

export function factorsPage(view: FactorsView): Page {
  const { totp } = view
  const hasFactor = totp !== undefined || view.passkeys.length > 0
  const endOthers = form(
    view,
    'end_other_sessions',
    html``,
    html`<button type="submit">Sign out everywhere else</button>`,
  )
  const changed = view.done === 'added' || view.done === 'removed'
  return accountView(view.frame, {
    here: 'factors',
    title: 'Ways to sign in',
    content: html`${view.done !== undefined && html`<div class="notice" role="status"><p>${DONE[view.done]}</p>${changed && html`<p>If somebody else may have been in your account:</p>${endOthers}`}</div>`}
<h2>Passkeys and security keys</h2>
${view.passkeys.length === 0 ? html`<p class="note">None yet.</p>` : html`<ul class="factors">${view.passkeys.map((row, index) => passkeyItem(view, row, index))}</ul>`}
<p><a href="/mfa/enrol/passkey">Add a passkey</a></p>
<h2>Authenticator app</h2>
${
  totp === undefined
    ? html`<p class="note">None yet.</p><p><a href="/mfa/enrol/totp">Add an authenticator app</a></p>`
    : html`<p class="note">Added ${day(totp.createdAt)}, ${uses(totp.lastUsedAt)}</p>${form(view, 'remove_totp', html``, html`<button type="submit">Remove the authenticator app</button>`)}`
}
<h2>Recovery codes</h2>
${
  hasFactor
    ? html`<p class="note">${view.recoveryCodes} left.</p>${form(view, 'recovery_codes', html``, html`<button type="submit">Make new recovery codes</button>`)}`
    : html`<p class="note">You get them with your first passkey or app.</p>`
}`,
  })
}
