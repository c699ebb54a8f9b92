/** Recent activity: what happened to the account, when and from where, and a button for what the person did not do. */

import { type Html, html } from '../html.ts'
import { moment } from '../moment.ts'
import type { Page } from '../page.ts'
import { hidden } from '../parts/form.ts'
import { ACTIVITY } from '../words/account-activity.ts'
import { words } from '../words/words.ts'
import { type AccountFrame, accountView } from './frame.ts'
import { type Place, placeWords } from './place.ts'

export interface ActivityView {
  readonly id: string
  /** Name of the security event. */
  readonly kind: string
  readonly at: number
  readonly times: number
  /** The application's name; `own`: our own pages. */
  readonly app?: { readonly name: string } | 'own' | undefined
  readonly place?: Place | undefined
  /** Refused: whoever it was did not get in. */
  readonly refused: boolean
  readonly formToken: string
}

export interface ActivitiesView {
  readonly frame: AccountFrame
  readonly entries: readonly ActivityView[]
}

type Says = (typeof ACTIVITY)['en']

const kindWords = (says: Says, kind: string): string =>
  Object.hasOwn(says.kinds, kind) ? says.kinds[kind as keyof Says['kinds']] : says.other

function entry(says: Says, frame: AccountFrame, view: ActivityView, index: number): Html {
  const when = moment(view.at, frame)
  const app = view.app === 'own' ? says.ownPages : view.app && says.forApp(view.app.name)
  const id = `entry-${index + 1}`
  return html`<li>
<h2 id="${id}">${kindWords(says, view.kind)}${app && html` ${app}`}</h2>
<p>${view.times > 1 ? says.lastOf(when, view.times) : when}</p>
${view.place && html`<p class="note">${placeWords(view.place, frame)}</p>`}
${
  !view.refused &&
  html`<form method="post" action="/account/activity/report">
${hidden('form_token', view.formToken)}${hidden('entry', view.id)}<button type="submit" aria-describedby="${id} report">${says.notMe}</button>
</form>`
}
</li>
`
}

export function activityPage(view: ActivitiesView): Page {
  const { frame, entries } = view
  const says = words(ACTIVITY, frame.uiLocales)
  return accountView(frame, {
    here: 'activity',
    title: says.title,
    content: html`<p class="lead">${says.lead}</p>
<p class="note" id="report"><strong>${says.notMe}:</strong> ${says.whatHappens}</p>
${
  entries.length === 0
    ? html`<p>${says.none}</p>`
    : html`<ul class="entries">
${entries.map((one, index) => entry(says, frame, one, index))}</ul>`
}`,
  })
}
