/** Adds a second factor: the choice, the QR code of an app, a passkey, and the recovery codes, which are shown once. */

import { readFileSync } from 'node:fs'
import { Html, html } from '../html.ts'
import { moment } from '../moment.ts'
import { type Page, page } from '../page.ts'
import { alert, type Button, buttons, FAULT, field, hidden } from '../parts/form.ts'
import { ENROL } from '../words/enrol.ts'
import { SIGN_IN } from '../words/sign-in.ts'
import { words } from '../words/words.ts'
import { CODE_PATTERN } from './code-pattern.ts'

const STYLE = new Html(readFileSync(new URL('./enrol.css', import.meta.url), 'utf8'))

export interface EnrolView {
  /** The query that the forms and links carry, with its `?`; empty outside a sign-in. */
  readonly query: string
  readonly formToken: string
  /** The client's redirect URI, where the sign-in ends there. */
  readonly leadsTo?: string | undefined
  readonly uiLocales?: readonly string[] | undefined
}

export type EnrolFault = keyof (typeof ENROL)['en']['faults']

/** What a passkey is called that its owner did not name. */
export const unnamedPasskey = (uiLocales?: readonly string[]): string => words(ENROL, uiLocales).unnamed

/** During a sign-in one may leave it; from the account one goes back there. */
function waysOut(view: EnrolView): { readonly cancel: readonly Button[]; readonly back: Html | false } {
  if (view.query !== '')
    return { cancel: [{ words: words(SIGN_IN, view.uiLocales).cancel, value: 'deny', leaves: true }], back: false }
  const back = html`<p class="way"><a href="/account/factors">${words(ENROL, view.uiLocales).back}</a></p>`
  return { cancel: [], back }
}

type Choice = 'passkey' | 'totp'

/** Of a sign-in. The token is of the form of its first page, which takes a refusal at any step. */
export function enrolChoicePage(view: EnrolView & { readonly offers: readonly Choice[] }): Page {
  const says = words(ENROL, view.uiLocales)
  const texts = { passkey: [says.passkey, says.passkeyNote], totp: [says.app, says.appNote] } as const
  return page({
    title: says.choice,
    leadsTo: view.leadsTo,
    uiLocales: view.uiLocales,
    style: STYLE,
    content: html`<h1>${says.choice}</h1>
<p class="lead">${says.choiceLead}</p>
<ul class="choices">${view.offers.map(
      (one) => html`<li><a href="/mfa/enrol/${one}${view.query}">${texts[one][0]}</a>
<p class="note">${texts[one][1]}</p></li>
`,
    )}</ul>
<form method="post" action="/login${view.query}">
${hidden('form_token', view.formToken)}<div class="actions">
<button type="submit" name="answer" value="deny">${words(SIGN_IN, view.uiLocales).cancel}</button>
</div>
</form>`,
  })
}

export interface EnrolTotpView extends EnrolView {
  readonly enrolment: string
  readonly qr: { readonly size: number; readonly path: string }
  readonly secret: string
  readonly uri: string
  readonly fault?: EnrolFault | undefined
}

export function enrolTotpPage(view: EnrolTotpView): Page {
  const says = words(ENROL, view.uiLocales)
  const { qr, fault } = view
  const { cancel, back } = waysOut(view)
  return page({
    title: says.addApp,
    faulty: fault !== undefined,
    leadsTo: view.leadsTo,
    uiLocales: view.uiLocales,
    style: STYLE,
    content: html`<h1>${says.addApp}</h1>
${fault !== undefined && alert(says.faults[fault])}<ol class="steps">
<li>${says.scan}
<svg class="qr" viewBox="0 0 ${qr.size} ${qr.size}" width="240" height="240" role="img" aria-label="${says.qr}" shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/><path fill="#000" d="${qr.path}"/></svg>
<p class="note">${says.typeKey} <code class="secret">${view.secret}</code></p>
<p class="note"><a href="${view.uri}">${says.openApp}</a></p>
</li>
<li>${says.thenCode}
<form method="post" action="/mfa/enrol/totp${view.query}">
${hidden('form_token', view.formToken)}${hidden('enrolment', view.enrolment)}${field({
  name: 'code',
  label: says.code,
  attributes: html`inputmode="numeric" autocomplete="one-time-code" pattern="${CODE_PATTERN}" maxlength="16" dir="ltr" required`,
  describedBy: fault === undefined ? undefined : FAULT,
})}
${buttons({ words: says.add }, ...cancel)}
</form>
</li>
</ol>
${back}`,
  })
}

export interface EnrolPasskeyView extends EnrolView {
  readonly options: object
  readonly fault?: EnrolFault | undefined
}

export function enrolPasskeyPage(view: EnrolPasskeyView): Page {
  const says = words(ENROL, view.uiLocales)
  const { cancel, back } = waysOut(view)
  return page({
    title: says.addPasskey,
    faulty: view.fault !== undefined,
    leadsTo: view.leadsTo,
    uiLocales: view.uiLocales,
    script: 'passkey.js',
    style: STYLE,
    content: html`<h1>${says.addPasskey}</h1>
<p class="lead">${says.addPasskeyLead}</p>
${view.fault !== undefined && alert(says.faults[view.fault])}<form method="post" action="/mfa/enrol/passkey${view.query}" data-passkey="register" data-options="${JSON.stringify(view.options)}">
${hidden('form_token', view.formToken)}${hidden('credential', '')}${field({
  name: 'name',
  label: says.name,
  attributes: html`maxlength="64" autocomplete="off"`,
})}
<p class="fault" data-passkey-held hidden role="alert">${says.held}</p>
<p class="fault" data-passkey-failed hidden role="alert">${says.failed}</p>
<noscript><p class="fault">${says.needsScript}</p></noscript>
${buttons({ words: says.create }, ...cancel)}
</form>
${back}`,
  })
}

export interface RecoveryCodesView {
  readonly codes: readonly string[]
  /** Where they let in: the address that is typed there. */
  readonly site: string
  readonly accountName: string
  readonly madeAt: number
  /** IANA name of the person's time zone, where they have one. */
  readonly timeZone?: string | undefined
  readonly goesOnTo: string
  readonly uiLocales?: readonly string[] | undefined
}

/** In the page itself, so that it works without script and nothing but the page ever holds the codes. RFC 2397. */
function textFile({ site, accountName, madeAt, codes, uiLocales }: RecoveryCodesView): string {
  const says = words(ENROL, uiLocales)
  const lines = [
    `${says.site}: ${site}`,
    `${says.account}: ${accountName}`,
    `${says.made}: ${new Date(madeAt * 1000).toISOString()}`,
    '',
    ...codes,
    '',
  ]
  return `data:text/plain;charset=utf-8,${encodeURIComponent(lines.join('\r\n'))}`
}

/** Shown once: the store has their digests only. Names its account, since a sheet is found again years later, among others. */
export function recoveryCodesPage(view: RecoveryCodesView): Page {
  const says = words(ENROL, view.uiLocales)
  return page({
    title: says.keepCodes,
    uiLocales: view.uiLocales,
    style: STYLE,
    content: html`<h1>${says.keepCodes}</h1>
<p class="lead">${says.keepCodesLead}</p>
<dl>
<dt>${says.site}</dt>
<dd><bdi>${view.site}</bdi></dd>
<dt>${says.account}</dt>
<dd><span class="account"><bdi>${view.accountName}</bdi></span></dd>
<dt>${says.made}</dt>
<dd>${moment(view.madeAt, view)}</dd>
</dl>
<ol class="codes" dir="ltr">${view.codes.map((code) => html`<li><code>${code}</code></li>`)}</ol>
<p class="way"><a href="${textFile(view)}" download="recovery-codes.txt">${says.download}</a></p>
<p class="note">${says.keepCodesNote}</p>
<p class="onward"><a href="${view.goesOnTo}">${says.kept}</a></p>`,
  })
}
