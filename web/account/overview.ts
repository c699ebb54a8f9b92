/** The first page of self-service: who the person is here, and how safe the account is. */

import { type Html, html } from '../html.ts'
import { moment } from '../moment.ts'
import type { Page } from '../page.ts'
import { comma } from '../reader.ts'
import { ACCOUNT } from '../words/account.ts'
import { OVERVIEW } from '../words/account-overview.ts'
import { words } from '../words/words.ts'
import { type AccountFrame, accountView, linked } from './frame.ts'
import { type Place, placeWords } from './place.ts'

type FactorName = keyof (typeof OVERVIEW)['en']['factors']

export interface OverviewView {
  readonly frame: AccountFrame
  readonly userName: string
  readonly name?: string | undefined
  /** Absent: policy does not show it. */
  readonly email?: { readonly address: string | undefined; readonly verified: boolean } | undefined
  /** What the account can prove itself with. */
  readonly factors: readonly FactorName[]
  /** Refused sign-ins lately. */
  readonly refused: number
  readonly lastSignIns: readonly { readonly at: number; readonly place?: Place | undefined }[]
}

const FACTORS = '/account/factors'
const EMAIL = '/account/email'

function warnings(view: OverviewView): readonly Html[] {
  const { frame, factors, email } = view
  const says = { ...words(ACCOUNT, frame.uiLocales), ...words(OVERVIEW, frame.uiLocales) }
  const hasSecondFactor = factors.some((factor) => factor === 'totp' || factor === 'passkey')
  const warning = (isOpen: boolean, text: string, path: string, act: string) =>
    isOpen && html`${text} ${frame.paths.has(path) && linked(frame, path, act)}`
  return [
    warning(!hasSecondFactor && factors.includes('password'), says.passwordAlone, FACTORS, says.addFactor),
    warning(hasSecondFactor && !factors.includes('recovery_code'), says.noRecoveryCodes, FACTORS, says.makeCodes),
    warning(email !== undefined && email.address === undefined, says.noEmail, EMAIL, says.addEmail),
    warning(email?.address !== undefined && !email.verified, says.emailNotVerified, EMAIL, says.verifyEmail),
    warning(view.refused > 0, says.refused(view.refused), '/account/activity', says.lookAtActivity),
  ].filter((text) => text !== false)
}

export function overviewPage(view: OverviewView): Page {
  const { frame, email } = view
  const says = { ...words(ACCOUNT, frame.uiLocales), ...words(OVERVIEW, frame.uiLocales) }
  const open = warnings(view)
  return accountView(frame, {
    here: 'overview',
    title: says.title,
    content: html`<section aria-labelledby="who">
<h2 id="who">${says.who}</h2>
<dl>
${view.name !== undefined && html`<dt>${says.name}</dt><dd>${view.name}</dd>`}
<dt>${says.userName}</dt><dd><bdi>${view.userName}</bdi></dd>
${
  email?.address !== undefined &&
  html`<dt>${says.email}</dt><dd><bdi>${email.address}</bdi> (${email.verified ? says.verified : says.notVerified})</dd>`
}
</dl>
</section>
<section aria-labelledby="safety">
<h2 id="safety">${says.safety}</h2>
${open.length === 0 ? html`<p>${says.nothingLeft}</p>` : html`<ul class="warnings">${open.map((text) => html`<li>${text}</li>`)}</ul>`}
<dl>
<dt>${says.waysToSignIn}</dt><dd>${view.factors.map((factor) => says.factors[factor]).join(comma(view.frame.uiLocales))}</dd>
</dl>
</section>
<section aria-labelledby="last">
<h2 id="last">${says.lastSignIns}</h2>
${
  view.lastSignIns.length === 0
    ? html`<p>${says.none}</p>`
    : html`<ul class="entries">${view.lastSignIns.map(
        ({
          at,
          place,
        }) => html`<li><p>${moment(at, frame)}</p>${place && html`<p class="note">${placeWords(place, frame)}</p>`}</li>
`,
      )}</ul>`
}
</section>`,
  })
}
