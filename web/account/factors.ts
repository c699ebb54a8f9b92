/** The person's own second factors: what there is, with names and uses, and how to change it. ASVS 7.5.1 and 7.4.3. */

import { type Html, html } from '../html.ts'
import { moment } from '../moment.ts'
import type { Page } from '../page.ts'
import { hidden, notice } from '../parts/form.ts'
import { ACCOUNT } from '../words/account.ts'
import { FACTORS } from '../words/factors.ts'
import { PASSWORDS } from '../words/passwords.ts'
import { words } from '../words/words.ts'
import { type AccountFrame, accountView } from './frame.ts'
import { type LettersReach, toldByLetter } from './letters.ts'

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
  readonly letters: LettersReach
  /** What has just been done: the other sessions may be ended now. */
  readonly done?: FactorsDone | undefined
  /** Id of the passkey whose new name is none. */
  readonly unnamed?: string | undefined
}

export const FACTORS_DONE = ['added', 'removed', 'renamed', 'sessions_ended', 'confirmed'] as const
export type FactorsDone = (typeof FACTORS_DONE)[number]

function form(view: FactorsView, action: string, content: Html): Html {
  return html`<form method="post" action="/account/factors" class="inline">
${hidden('form_token', view.formToken)}${hidden('action', action)}${content}</form>
`
}

const button = (text: string): Html => html`<button type="submit">${text}</button>
`
const removal = (text: string): Html => html`<button class="danger" type="submit">${text}</button>
`

function history(
  view: FactorsView,
  { createdAt, lastUsedAt, synced = false }: Partial<PasskeyRow> & { createdAt: number },
) {
  const says = words(FACTORS, view.frame.uiLocales)
  const used = lastUsedAt === undefined ? says.notUsed : says.lastUsed(moment(lastUsedAt, view.frame))
  return html`<p class="note">${says.added(moment(createdAt, view.frame))} · ${used}${synced && html` · ${says.synced}`}</p>
`
}

function passkeyItem(view: FactorsView, row: PasskeyRow, index: number): Html {
  const says = words(FACTORS, view.frame.uiLocales)
  const { id, name } = row
  const factor = hidden('factor', id)
  const field = `name-${index}`
  const fault = `${field}-fault`
  const isUnnamed = view.unnamed === id
  return html`<li>
<h3>${name}</h3>
${history(view, row)}${form(
  view,
  'rename',
  html`${factor}<label for="${field}">${says.name}</label>
<input id="${field}" name="name" value="${name}" maxlength="64" autocomplete="off" required${isUnnamed && html` aria-invalid="true" aria-describedby="${fault}" autofocus`}>
${button(says.rename)}${
  isUnnamed &&
  html`<p class="fault" id="${fault}">${says.nameMissing}</p>
`
}`,
)}${form(view, 'remove_passkey', html`${factor}${removal(says.remove(name))}`)}</li>
`
}

function told(view: FactorsView): Html | false {
  const says = words(FACTORS, view.frame.uiLocales)
  const { done } = view
  if (done === undefined) return false
  const changed = done === 'added' || done === 'removed'
  return notice(html`<p>${says.done[done]} ${changed && toldByLetter(view.frame, view.letters, says.toldToo)}</p>
${
  changed &&
  html`<p>${says.endOthersLead}</p>
${form(view, 'end_other_sessions', button(says.endOthers))}`
}`)
}

const PASSWORD = '/account/password'

export function factorsPage(view: FactorsView): Page {
  const says = words(FACTORS, view.frame.uiLocales)
  const { totp, passkeys } = view
  const hasFactor = totp !== undefined || passkeys.length > 0
  return accountView(view.frame, {
    here: 'factors',
    title: words(ACCOUNT, view.frame.uiLocales).parts.factors,
    faulty: view.unnamed !== undefined,
    content: html`${told(view)}${
      view.frame.paths.has(PASSWORD) &&
      html`<p><a class="button" href="${PASSWORD}">${words(PASSWORDS, view.frame.uiLocales).change}</a></p>
`
    }<h2>${says.passkeys}</h2>
${
  passkeys.length === 0
    ? html`<p class="note">${says.none}</p>`
    : html`<ul class="factors">${passkeys.map((row, index) => passkeyItem(view, row, index))}</ul>`
}
<p><a class="button" href="/mfa/enrol/passkey">${says.addPasskey}</a></p>
<h2>${says.app}</h2>
${
  totp === undefined
    ? html`<p class="note">${says.none}</p>
<p><a class="button" href="/mfa/enrol/totp">${says.addApp}</a></p>`
    : html`${history(view, totp)}${form(view, 'remove_totp', removal(says.removeApp))}`
}
<h2>${says.recoveryCodes}</h2>
${
  hasFactor
    ? html`<p class="note">${says.codesLeft(view.recoveryCodes)}</p>
${form(view, 'recovery_codes', button(says.newCodes))}`
    : html`<p class="note">${says.codesCome}</p>`
}`,
  })
}
