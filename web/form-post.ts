/**
 * Hands an answer to a client by a form that sends itself, and has a button where no script runs. OAuth 2.0 Form Post Response
 * Mode 2 and 4.
 */
import { html } from './html.ts'
import { type Page, page } from './page.ts'
import { buttons, hidden } from './parts/form.ts'
import { FORM_POST } from './words/form-post.ts'
import { words } from './words/words.ts'

export interface FormPostView {
  readonly redirectUri: string
  readonly fields: readonly (readonly [name: string, value: string])[]
}

export function formPostPage(view: FormPostView): Page {
  const says = words(FORM_POST)
  return page({
    title: says.goOn,
    leadsTo: view.redirectUri,
    script: 'form-post.js',
    content: html`<h1>${says.goOn}</h1>
<p class="lead">${says.sentBack}</p>
<form method="post" action="${view.redirectUri}">
${view.fields.map(([name, value]) => hidden(name, value))}${buttons({ words: says.goOn })}
</form>`,
  })
}
