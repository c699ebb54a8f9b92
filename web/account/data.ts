/** What is kept of a person, for them to take away or to end. */

import { html } from '../html.ts'
import { type Page, page } from '../page.ts'
import { field, hidden } from '../parts/form.ts'
import { ACCOUNT_DATA } from '../words/account-data.ts'
import { words } from '../words/words.ts'
import { type AccountFrame, accountView } from './frame.ts'

export interface OwnDataView {
  readonly frame: AccountFrame
  readonly accountName: string
  /** The user name was not typed as it is. */
  readonly unconfirmed: boolean
  readonly exportToken: string
  readonly eraseToken: string
}

export function ownDataPage(view: OwnDataView): Page {
  const says = words(ACCOUNT_DATA, view.frame.uiLocales)
  return accountView(view.frame, {
    here: 'data',
    title: says.title,
    faulty: view.unconfirmed,
    content: html`<section aria-labelledby="copy">
<h2 id="copy">${says.copy}</h2>
<p>${says.copyLead}</p>
<form method="post" action="/account/data/export" data-answer="file">
${hidden('form_token', view.exportToken)}<button type="submit">${says.download}</button>
</form>
</section>
<section aria-labelledby="end">
<h2 id="end">${says.end}</h2>
<p>${says.endLead}</p>
<form method="post" action="/account/data/erase">
${hidden('form_token', view.eraseToken)}${field({
  name: 'confirm',
  label: says.confirm(view.accountName),
  attributes: html`type="text" autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="256" required`,
  fault: view.unconfirmed && says.unconfirmed,
})}<button class="primary danger" type="submit">${says.erase}</button>
</form>
</section>`,
  })
}

export function erasedPage(uiLocales?: readonly string[]): Page {
  const says = words(ACCOUNT_DATA, uiLocales)
  return page({
    title: says.erased,
    uiLocales,
    content: html`<h1>${says.erased}</h1><p class="lead">${says.erasedLead}</p>`,
  })
}
