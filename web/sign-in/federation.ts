/** Pages of a sign-in at an identity provider: it did not work, an account is there already, and whether to connect the two. */
import { type Html, html } from '../html.ts'
import { type Page, page } from '../page.ts'
import { buttons, hidden } from '../parts/form.ts'
import { FEDERATION } from '../words/federation.ts'
import { words } from '../words/words.ts'

export interface ProviderButton {
  readonly id: string
  readonly name: string
  /** False while the provider does not answer. */
  readonly available: boolean
}

/** Links, not forms: they lead to another site, and carry nothing but the sign-in that waits in this browser. */
export function providerButtons(
  providers: readonly ProviderButton[],
  interactionId: string,
  uiLocales?: readonly string[],
): Html | false {
  if (providers.length === 0) return false
  const says = words(FEDERATION, uiLocales)
  return html`<div class="providers">
<p class="divider"><span>${says.or}</span></p>
<ul>
${providers.map(({ id, name, available }) =>
  available
    ? html`<li><a class="button" href="/federation/${id}/start?interaction=${encodeURIComponent(interactionId)}">${says.continueWith(name)}</a></li>
`
    : html`<li class="note">${says.notAvailable(name)}</li>
`,
)}</ul>
</div>`
}

export interface FederationFailedView {
  readonly provider: string
  readonly kind:
    | 'unavailable'
    | 'refused_there'
    | 'denied'
    | 'confirm_first'
    | 'not_now'
    | 'wrong_organisation'
    | 'not_anew'
    | 'failed'
  readonly backTo?: string | undefined
}

export function federationFailedPage({ provider, kind, backTo }: FederationFailedView): Page {
  const says = words(FEDERATION)
  const { failed } = says
  const told: Readonly<Record<FederationFailedView['kind'], readonly [title: string, text: string]>> = {
    unavailable: [says.notAvailable(provider), failed.unavailable],
    refused_there: [failed.refusedTitle, failed.refused(provider)],
    denied: [failed.deniedTitle, failed.denied(provider)],
    confirm_first: [failed.confirmTitle, failed.confirm(provider)],
    not_now: [failed.laterTitle, failed.later],
    wrong_organisation: [failed.deniedTitle, failed.organisation(provider)],
    not_anew: [failed.refusedTitle, failed.notAnew(provider)],
    failed: [failed.brokenTitle, failed.broken(provider)],
  }
  const [title, text] = told[kind]
  return page({
    title,
    content: html`<h1>${title}</h1>
<p class="lead" role="alert">${text}</p>
${backTo !== undefined && html`<p><a class="button" href="${backTo}">${says.goBack}</a></p>`}`,
  })
}

export interface AccountExistsView {
  readonly provider: string
  readonly address: string
  readonly signInAt: string
  readonly uiLocales?: readonly string[] | undefined
}

export function accountExistsPage({ provider, address, signInAt, uiLocales }: AccountExistsView): Page {
  const { exists } = words(FEDERATION, uiLocales)
  return page({
    title: exists.title,
    uiLocales,
    content: html`<h1>${exists.title}</h1>
<p class="lead">${exists.text(address, provider)}</p>
<p><a class="button primary" href="${signInAt}">${exists.signIn}</a></p>`,
  })
}

export interface LinkView {
  readonly provider: string
  /** What the account there is known by. */
  readonly label?: string | undefined
  readonly accountName: string
  readonly pending: string
  readonly formToken: string
  /** Where the sign-in ends, for the page's form-action. */
  readonly leadsTo: string
  readonly uiLocales?: readonly string[] | undefined
}

export function linkPage(view: LinkView): Page {
  const { provider, label, accountName } = view
  const { link } = words(FEDERATION, view.uiLocales)
  return page({
    title: link.title(provider),
    leadsTo: view.leadsTo,
    uiLocales: view.uiLocales,
    content: html`<h1>${link.question(provider)}</h1>
<p class="lead">${link.text(accountName, provider)}</p>
${label !== undefined && html`<p class="note">${provider}: <span class="account">${label}</span></p>`}
<form method="post" action="/federation/link?pending=${encodeURIComponent(view.pending)}">
${hidden('form_token', view.formToken)}${buttons({ words: link.connect, value: 'link' }, { words: link.notNow, value: 'skip' })}
</form>`,
  })
}
