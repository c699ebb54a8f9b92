/** The consent page: who asks, for what, and where the answer goes. OIDC Core 3.1.2.4; checklist 16. */
import { type Html, html } from './html.ts'
import { type Page, page } from './page.ts'
import { buttons, hidden } from './parts/form.ts'
import { scopeList } from './scope-words.ts'
import { CONSENT } from './words/consent.ts'
import { words } from './words/words.ts'

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

type Says = (typeof CONSENT)['en']

/** Host of a web address; the scheme of an app's own. */
function destination(says: Says, redirectUri: string): string {
  const uri = new URL(redirectUri)
  return uri.host === '' ? says.app(uri.protocol.slice(0, -1)) : uri.host
}

const link = (uri: string, text: string): Html => html`<a href="${uri}" rel="noreferrer">${text}</a>`

function about(says: Says, { policyUri, tosUri }: ConsentView): Html | false {
  const links = [
    policyUri !== undefined && link(policyUri, says.handlesData),
    tosUri !== undefined && link(tosUri, says.terms),
  ].filter((entry) => entry !== false)
  const [first, second] = links
  return (
    first !== undefined &&
    html`<p class="note">${says.tells(first, second)}</p>
`
  )
}

export function consentPage(view: ConsentView): Page {
  const says = words(CONSENT, view.uiLocales)
  const leadsTo = destination(says, view.redirectUri)
  return page({
    title: says.title,
    leadsTo: view.redirectUri,
    uiLocales: view.uiLocales,
    // The address is what was checked: the name is what the application says of itself (RFC 7591 5).
    content: html`<h1>${says.question}</h1>
<p class="lead">${says.asks(view.clientName, view.accountName)}</p>
${
  view.selfRegistered &&
  html`<p class="warning">${says.selfRegistered(leadsTo)}</p>
`
}<h2 id="scopes">${says.itCan}</h2>
${scopeList(view.scopes, view.claims, view.uiLocales)}
${about(says, view)}<p class="note">${says.returns(leadsTo)}</p>
<form method="post" action="/consent?interaction=${encodeURIComponent(view.interactionId)}">
${hidden('form_token', view.formToken)}${hidden('scope', view.scopes.join(' '))}${hidden('claims', view.claims.join(' '))}${buttons({ words: says.allow, value: 'allow' }, { words: says.deny, value: 'deny' })}
</form>
<p class="note">${says.notYou} <a href="/logout">${says.signOut}</a></p>`,
  })
}
