/** The consent page: who asks, for what, and where the answer goes. OIDC Core 3.1.2.4; checklist 16. */
import { type Html, html } from './html.ts'
import { type Page, page } from './page.ts'
import { claimWords, inReadingOrder, scopeWords } from './scope-words.ts'

export interface ConsentView {
  readonly clientName: string
  /** It registered itself: nobody here knows whether the name is its own. */
  readonly selfRegistered: boolean
  /** RFC 7591 2: what it says of itself to people; checked to be https. */
  readonly policyUri?: string | undefined
  readonly tosUri?: string | undefined
  readonly redirectUri: string
  /** As the person knows the account: shown to its owner only. */
  readonly accountName: string
  readonly scopes: readonly string[]
  /** Asked for one by one, OIDC Core 5.5. */
  readonly claims: readonly string[]
  readonly interactionId: string
  readonly formToken: string
  readonly uiLocales?: readonly string[] | undefined
}

/** Host of a web address; the scheme of an app's own. */
function destination(redirectUri: string): string {
  const uri = new URL(redirectUri)
  return uri.host === '' ? `an app on this device (${uri.protocol.slice(0, -1)})` : uri.host
}

function scopeItem(scope: string): Html {
  const words = scopeWords(scope)
  return words === undefined ? html`<li>Use the permission <code>${scope}</code></li>` : html`<li>${words}</li>`
}

const claimItem = (claim: string): Html => html`<li>See your ${claimWords(claim)}</li>`

/** The address is what was checked: the name is what the application says of itself (RFC 7591 5). */
const selfRegistered = ({ redirectUri }: ConsentView): Html =>
  html`<p class="note">This application registered itself, and nobody has checked its name. All that is known of it is where it leads: <strong>${destination(redirectUri)}</strong>.</p>
`

const link = (uri: string, words: string): Html => html`<a href="${uri}" rel="noreferrer">${words}</a>`

function about({ policyUri, tosUri }: ConsentView): Html | false {
  const links = [
    policyUri !== undefined && link(policyUri, 'how it handles your data'),
    tosUri !== undefined && link(tosUri, 'its terms'),
  ].filter((entry) => entry !== false)
  const [first, second] = links
  return (
    first !== undefined &&
    html`<p class="note">It tells you ${first}${second && html` and ${second}`}.</p>
`
  )
}

export function consentPage(view: ConsentView): Page {
  return page({
    title: 'Allow access',
    leadsTo: view.redirectUri,
    uiLocales: view.uiLocales,
    content: html`<h1>Allow access?</h1>
<p class="lead"><strong>${view.clientName}</strong> asks for access to your account <strong class="account">${view.accountName}</strong>.</p>
${view.selfRegistered && selfRegistered(view)}<h2 id="scopes">If you allow it, it can</h2>
<ul class="scopes" aria-labelledby="scopes">${inReadingOrder(view.scopes).map(scopeItem)}${view.claims.map(claimItem)}</ul>
${about(view)}<p class="note">You will return to <strong>${destination(view.redirectUri)}</strong>. Allow only what you started yourself.</p>
<form method="post" action="/consent?interaction=${encodeURIComponent(view.interactionId)}">
<input type="hidden" name="form_token" value="${view.formToken}">
<input type="hidden" name="scope" value="${view.scopes.join(' ')}">
<input type="hidden" name="claims" value="${view.claims.join(' ')}">
<div class="actions">
<button class="primary" type="submit" name="answer" value="allow">Allow</button>
<button type="submit" name="answer" value="deny">Don’t allow</button>
</div>
</form>
<p class="note">Not you? <a href="/logout">Sign out</a></p>`,
  })
}
