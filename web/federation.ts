/** Pages of a sign-in at an identity provider: it did not work, an account is there already, and whether to connect the two. */
import { type Html, html } from './html.ts'
import { type Page, page } from './page.ts'

export interface ProviderButton {
  readonly id: string
  readonly name: string
  /** False while the provider does not answer. */
  readonly available: boolean
}

/** Links, not forms: they lead to another site, and carry nothing but the sign-in that waits in this browser. */
export const providerButtons = (providers: readonly ProviderButton[], interactionId: string): Html | false =>
  providers.length > 0 &&
  html`<div class="providers">
<p class="divider"><span>or</span></p>
${providers.map(({ id, name, available }) =>
  available
    ? html`<p><a class="button" href="/federation/${id}/start?interaction=${encodeURIComponent(interactionId)}">Continue with ${name}</a></p>
`
    : html`<p><span class="button" role="link" aria-disabled="true">${name} is not available at the moment</span></p>
`,
)}</div>`

export interface FederationFailedView {
  readonly provider: string
  readonly kind: 'unavailable' | 'refused_there' | 'denied' | 'failed'
  readonly backTo?: string | undefined
}

const SAYS: Readonly<
  Record<FederationFailedView['kind'], (provider: string) => readonly [title: string, text: string]>
> = {
  unavailable: (provider) => [
    `${provider} is not available at the moment`,
    'Try again in a while, or continue another way.',
  ],
  refused_there: (provider) => ['Not signed in', `${provider} did not sign you in, or you cancelled it there.`],
  denied: (provider) => [
    'Not allowed',
    `Your account at ${provider} cannot be used here. It may need a verified e-mail address, or be connected to another account.`,
  ],
  failed: (provider) => [
    'That did not work',
    `The answer of ${provider} could not be used: it was for another browser, came too late, or was not sound. Start again.`,
  ],
}

export function federationFailedPage({ provider, kind, backTo }: FederationFailedView): Page {
  const [title, text] = SAYS[kind](provider)
  return page({
    title,
    content: html`<h1>${title}</h1>
<p class="lead" role="alert">${text}</p>
${backTo !== undefined && html`<p><a class="button" href="${backTo}">Go back</a></p>`}`,
  })
}

export interface AccountExistsView {
  readonly provider: string
  readonly address: string
  readonly signInAt: string
  readonly uiLocales?: readonly string[] | undefined
}

export function accountExistsPage({ provider, address, signInAt, uiLocales }: AccountExistsView): Page {
  return page({
    title: 'You have an account already',
    uiLocales,
    content: html`<h1>You have an account already</h1>
<p class="lead">There is an account for <strong class="account">${address}</strong>. Sign in to it as you did before; then you can connect ${provider} to it.</p>
<p><a class="button primary" href="${signInAt}">Sign in to your account</a></p>`,
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
  return page({
    title: `Connect ${provider}`,
    leadsTo: view.leadsTo,
    uiLocales: view.uiLocales,
    content: html`<h1>Connect ${provider}?</h1>
<p class="lead">You are signed in as <strong class="account">${accountName}</strong>. From now on you can sign in with ${provider}${label !== undefined && html` (<span class="account">${label}</span>)`} too.</p>
<form method="post" action="/federation/link?pending=${encodeURIComponent(view.pending)}">
<input type="hidden" name="form_token" value="${view.formToken}">
<div class="actions">
<button class="primary" type="submit" name="answer" value="link">Connect</button>
<button type="submit" name="answer" value="skip">Not now</button>
</div>
</form>`,
  })
}
