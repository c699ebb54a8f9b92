/** The e-mail address of an account: verified, or changed by a letter to the new one. */

import { type Html, html } from '../html.ts'
import type { Page } from '../page.ts'
import { buttons, field, hidden, notice } from '../parts/form.ts'
import { EMAIL } from '../words/account-email.ts'
import { words } from '../words/words.ts'
import { type AccountFrame, accountView } from './frame.ts'

export type EmailFault = 'noAddress' | 'same'

export interface EmailView {
  readonly frame: AccountFrame
  readonly address: string | undefined
  readonly verified: boolean
  /** Letters can be sent, and policy lets the person change it. */
  readonly offers: 'change' | 'noMail' | 'managed'
  readonly formToken: string
  /** As it was typed. */
  readonly typed?: string | undefined
  readonly fault?: EmailFault | undefined
  /** Where a letter goes. */
  readonly sentTo?: string | undefined
}

type Says = (typeof EMAIL)['en']

const verifyForm = (says: Says, { formToken }: EmailView): Html => html`<form method="post" action="/account/email">
${hidden('form_token', formToken)}${hidden('purpose', 'verify')}<button type="submit">${says.verify}</button>
</form>
`

const changeForm = (says: Says, { formToken, typed, fault }: EmailView): Html => html`<h2>${says.change}</h2>
<form method="post" action="/account/email">
${hidden('form_token', formToken)}${hidden('purpose', 'change')}${field({
  name: 'email',
  label: says.address,
  hint: says.changeHint,
  attributes: html`type="email" autocomplete="email" dir="ltr" maxlength="254" required value="${typed}"`,
  fault: fault && says[fault],
})}
${buttons({ words: says.send })}
</form>`

export function emailPage(view: EmailView): Page {
  const { frame, address, offers } = view
  const says = words(EMAIL, frame.uiLocales)
  const needsVerifying = address !== undefined && !view.verified
  return accountView(frame, {
    here: 'profile',
    title: says.title,
    faulty: view.fault !== undefined,
    content: html`${view.sentTo !== undefined && notice(html`<p>${says.sent(view.sentTo)}</p>`)}<p>${
      address === undefined ? says.none : says.now(address)
    } ${needsVerifying && says.notVerified}</p>
${needsVerifying && offers === 'change' && verifyForm(says, view)}
${offers === 'change' ? changeForm(says, view) : html`<p class="note">${says[offers]}</p>`}`,
  })
}
