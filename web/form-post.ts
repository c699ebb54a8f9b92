/**
 * Hands an answer to a client by a form that sends itself, and has a button where no script runs. The form may lead to the
 * client's redirect URI and nowhere else. OAuth 2.0 Form Post Response Mode 2 and 4.
 */
import { html } from './html.ts'
import { exactTarget, type Page, page } from './page.ts'

export interface FormPostView {
  readonly redirectUri: string
  readonly fields: readonly (readonly [name: string, value: string])[]
}

export function formPostPage(view: FormPostView): Page {
  return page({
    title: 'Continue',
    formAction: exactTarget(view.redirectUri),
    script: 'document.forms[0].submit()',
    content: html`<h1>Continue</h1>
<p class="lead">You are being sent back to the application.</p>
<form method="post" action="${view.redirectUri}">
${view.fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button class="primary" type="submit">Continue</button>
</form>`,
  })
}
