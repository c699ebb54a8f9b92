/** The pages around one-use links: asking for one, what is done with it, and that it was done. */
import { type Html, html } from './html.ts'
import { type Page, page } from './page.ts'

type Locales = readonly string[] | undefined

/** Where no letters can be sent. */
export function noMailPage(uiLocales?: Locales): Page {
  return page({
    title: 'No letters from here',
    uiLocales,
    content: html`<h1>A new password</h1>
<p class="lead">This service sends no letters, so it cannot send you a link. Ask whoever looks after your account for a new password.</p>`,
  })
}

export interface ForgotView {
  readonly formToken: string
  readonly userName?: string | undefined
  readonly fault?: 'missing' | 'too_long' | undefined
  readonly uiLocales?: Locales
}

const NAME_FAULTS = { missing: 'Enter your user name.', too_long: 'That is too long.' } as const

export function forgotPage({ formToken, userName, fault, uiLocales }: ForgotView): Page {
  const faulty = fault !== undefined && html` aria-invalid="true" aria-describedby="username-fault"`
  return page({
    title: fault ? 'Error: A new password' : 'A new password',
    uiLocales,
    content: html`<h1>A new password</h1>
<p class="lead">We send a link to the e-mail address of your account. With it you set a new password.</p>
<form method="post" action="/password/forgot">
<input type="hidden" name="form_token" value="${formToken}">
<div class="field">
<label for="username">User name</label>
<input id="username" name="username" type="text" value="${userName}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" required autofocus${faulty}>
${fault && html`<p class="fault" id="username-fault">${NAME_FAULTS[fault]}</p>`}
</div>
<div class="actions"><button class="primary" type="submit">Send the link</button></div>
</form>`,
  })
}

/** The same for every name. */
export function linkSentPage(uiLocales?: Locales): Page {
  return page({
    title: 'Look into your mailbox',
    uiLocales,
    content: html`<h1>Look into your mailbox</h1>
<p class="lead">If there is an account of that name with a confirmed e-mail address, a letter with a link is on its way to it. The link works once, for a short time.</p>
<p class="note">Nothing there? Look among unwanted mail, or ask whoever looks after your account.</p>`,
  })
}

export type NewPasswordFault = 'missing' | 'too_short' | 'too_long' | 'common' | 'breached' | 'about_you'

export interface NewPasswordFaultView {
  readonly kind: NewPasswordFault
  readonly leastCharacters: number
}

export function newPasswordFault({ kind, leastCharacters }: NewPasswordFaultView): string {
  switch (kind) {
    case 'missing':
      return 'Enter a new password.'
    case 'too_short':
      return `Your password needs ${leastCharacters} characters or more. Several words are easy to remember.`
    case 'too_long':
      return 'That is too long: a password has at most 1024 bytes.'
    case 'common':
      return 'This password is among the first that are guessed. Choose another, or several words.'
    case 'breached':
      return 'This password is known from a breach elsewhere. Choose another.'
    case 'about_you':
      return 'This password is little more than your name or address, or our name. Choose another.'
  }
}

/** No longest length: what is pasted is never cut. */
export function newPasswordField(fault: NewPasswordFaultView | undefined): Html {
  const faulty = fault !== undefined && html` aria-invalid="true"`
  return html`<div class="field">
<label for="new_password">New password</label>
<input id="new_password" name="new_password" type="password" autocomplete="new-password" required aria-describedby="new-password-${fault ? 'fault' : 'note'}"${faulty}>
${fault ? html`<p class="fault" id="new-password-fault">${newPasswordFault(fault)}</p>` : html`<p class="note" id="new-password-note">8 characters or more. Longer is better: several words, or what your password manager makes.</p>`}
</div>`
}

export interface LinkFormView {
  readonly link: string
  readonly formToken: string
  readonly fault?: NewPasswordFaultView | undefined
  readonly uiLocales?: Locales
}

export function resetPage({ link, formToken, fault, uiLocales }: LinkFormView): Page {
  return page({
    title: fault ? 'Error: Set a new password' : 'Set a new password',
    uiLocales,
    content: html`<h1>Set a new password</h1>
<form method="post" action="/password/reset">
<input type="hidden" name="form_token" value="${formToken}">
<input type="hidden" name="link" value="${link}">
${newPasswordField(fault)}
<div class="actions"><button class="primary" type="submit">Set the password</button></div>
</form>`,
  })
}

export function verifyEmailPage({ link, formToken, uiLocales }: LinkFormView): Page {
  return page({
    title: 'Confirm your e-mail address',
    uiLocales,
    content: html`<h1>Confirm your e-mail address</h1>
<p class="lead">Press the button to confirm that the address this link was sent to is yours.</p>
<form method="post" action="/email/verify">
<input type="hidden" name="form_token" value="${formToken}">
<input type="hidden" name="link" value="${link}">
<div class="actions"><button class="primary" type="submit">Confirm</button></div>
</form>`,
  })
}

const DONE = {
  password: ['Your password was changed', 'You were signed out everywhere. Sign in with the new password.'],
  email: ['Your e-mail address is confirmed', 'You can go on where you were.'],
} as const

export function linkDonePage(what: keyof typeof DONE, uiLocales?: Locales): Page {
  const [title, text] = DONE[what]
  return page({
    title,
    uiLocales,
    content: html`<h1>${title}</h1>
<p class="lead">${text}</p>
<p><a href="/account">Go to your account</a></p>`,
  })
}

/** Used, too old, or of an account that has changed: the page does not say which. */
export function linkEndedPage(again: '/password/forgot' | '/account', uiLocales?: Locales): Page {
  return page({
    title: 'This link works no more',
    uiLocales,
    content: html`<h1>This link works no more</h1>
<p class="lead">It was used already, is too old, or your account has changed since it was sent.</p>
<p><a href="${again}">${again === '/account' ? 'Go to your account' : 'Ask for another link'}</a></p>`,
  })
}
