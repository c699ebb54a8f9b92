/** The pages of the device grant: the code, what it stands for, and that it is answered. RFC 8628 3.3. */
import { html } from './html.ts'
import { countryName, moment } from './moment.ts'
import { type Page, page } from './page.ts'
import { alert, buttons, FAULT, field, hidden } from './parts/form.ts'
import { scopeList } from './scope-words.ts'
import { CONSENT } from './words/consent.ts'
import { DEVICE } from './words/device.ts'
import { words } from './words/words.ts'

export interface DeviceCodeView {
  readonly fault?: 'unknown' | undefined
}

export function deviceCodePage({ fault }: DeviceCodeView): Page {
  const says = words(DEVICE)
  return page({
    title: says.connect,
    faulty: fault !== undefined,
    content: html`<h1>${says.connect}</h1>
<p class="lead">${says.typeCode}</p>
${fault && alert(says.unknown)}<form method="get" action="/device">
${field({
  name: 'user_code',
  label: says.code,
  attributes: html`type="text" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false" maxlength="20" placeholder="XXXX-XXXX" required autofocus`,
  describedBy: fault && FAULT,
})}
${buttons({ words: says.goOn })}
</form>`,
  })
}

export interface DeviceConfirmView {
  readonly clientName: string
  readonly selfRegistered: boolean
  readonly accountName: string
  readonly userCode: string
  /** Where the device asks from. */
  readonly address: string
  /** ISO 3166-1 alpha-2, where it is known. */
  readonly country?: string | undefined
  /** It is the network that this browser is in. */
  readonly sameNetwork: boolean
  /** Seconds since the Unix epoch. */
  readonly askedAt: number
  readonly scopes: readonly string[]
  readonly formToken: string
}

export function deviceConfirmPage(view: DeviceConfirmView): Page {
  const [says, consent] = [words(DEVICE), words(CONSENT)]
  return page({
    title: says.connectThis,
    content: html`<h1>${says.connectThis}</h1>
<p class="lead">${consent.asks(view.clientName, view.accountName)}</p>
<dl class="facts">
<dt>${says.code}</dt><dd><code>${view.userCode}</code></dd>
<dt>${says.askedFrom}</dt><dd>${says.from(view.address, view.sameNetwork, view.country && countryName(view.country, {}))}</dd>
<dt>${says.askedAt}</dt><dd>${moment(view.askedAt, {})}</dd>
</dl>
${view.selfRegistered && html`<p class="note">${says.selfRegistered}</p>`}
<h2 id="scopes">${consent.itCan}</h2>
${scopeList(view.scopes)}
<p class="warning"><strong>${says.onlyIf}</strong> ${says.whoSent}</p>
<form method="post" action="/device/confirm">
${hidden('form_token', view.formToken)}${hidden('user_code', view.userCode)}${buttons(
  { words: consent.allow, value: 'allow' },
  { words: consent.deny, value: 'deny' },
)}
</form>`,
  })
}

export function deviceAnsweredPage({ allowed }: { readonly allowed: boolean }): Page {
  const says = words(DEVICE)
  return page({
    title: allowed ? says.connected : says.notConnected,
    content: html`<h1>${allowed ? says.isConnected : says.isNotConnected}</h1>
<p class="lead">${allowed ? says.goesOn : says.noAccess}</p>`,
  })
}
