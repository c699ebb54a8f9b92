/** After a sign-in for one of our own pages was cancelled. */
import { html } from './html.ts'
import { type Page, page } from './page.ts'
import { SIGN_IN } from './words/sign-in.ts'
import { words } from './words/words.ts'

export function notSignedInPage(): Page {
  const says = words(SIGN_IN)
  return page({
    title: says.notSignedIn,
    content: html`<h1>${says.youAreNotSignedIn}</h1>
<p class="lead">${says.closePage}</p>`,
  })
}
