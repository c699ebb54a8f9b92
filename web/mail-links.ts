/** The pages around one-use links: asking for one, what is done with it, and that it was done. */
import { html } from './html.ts'
import { type Page, page } from './page.ts'
import { buttons, field, hidden } from './parts/form.ts'
import { type NewPasswordFault, newPasswordField } from './sign-in/new-password.ts'
import { PASSWORDS } from './words/passwords.ts'
import { SIGN_IN } from './words/sign-in.ts'
import { words } from './words/words.ts'

/** Where no letters can be sent. */
export function noMailPage(): Page {
  const says = words(PASSWORDS)
  return page({
    title: says.aNewPassword,
    content: html`<h1>${says.aNewPassword}</h1>
<p class="lead">${says.noLetters}</p>`,
  })
}

export interface ForgotView {
  readonly formToken: string
  readonly fault?: 'noUserName' | 'userNameTooLong' | undefined
}

export function forgotPage({ formToken, fault }: ForgotView): Page {
  const [says, about] = [words(PASSWORDS), words(SIGN_IN)]
  return page({
    title: says.aNewPassword,
    faulty: fault !== undefined,
    content: html`<h1>${says.aNewPassword}</h1>
<p class="lead">${says.howItGoes}</p>
<form method="post" action="/password/forgot">
${hidden('form_token', formToken)}${field({
  name: 'username',
  label: about.userName,
  attributes: html`type="text" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" required autofocus`,
  fault: fault && about.faults[fault],
})}
${buttons({ words: says.sendLink })}
</form>`,
  })
}

/** The same for every name. */
export function linkSentPage(): Page {
  const says = words(PASSWORDS)
  return page({
    title: says.mailbox,
    content: html`<h1>${says.mailbox}</h1>
<p class="lead">${says.onItsWay}</p>
<p class="note">${says.nothingThere}</p>`,
  })
}

export interface LinkFormView {
  readonly link: string
  readonly formToken: string
  readonly fault?: NewPasswordFault | undefined
}

/** `after`: a change of address was stopped, and the password that the account had works no more. */
export function resetPage({
  link,
  formToken,
  fault,
  after,
}: LinkFormView & { readonly after?: 'stopped' | undefined }): Page {
  const says = words(PASSWORDS)
  return page({
    title: says.setNew,
    faulty: fault !== undefined,
    content: html`<h1>${says.setNew}</h1>
${
  after === 'stopped' &&
  html`<p class="lead" role="status">${says.stopped}</p>
`
}<form method="post" action="/password/reset">
${hidden('form_token', formToken)}${hidden('link', link)}${newPasswordField(says, fault)}
${buttons({ words: says.set })}
</form>`,
  })
}

export function verifyEmailPage({ link, formToken }: LinkFormView): Page {
  const says = words(PASSWORDS)
  return page({
    title: says.confirmEmail,
    content: html`<h1>${says.confirmEmail}</h1>
<p class="lead">${says.confirmIt}</p>
<form method="post" action="/email/verify">
${hidden('form_token', formToken)}${hidden('link', link)}${buttons({ words: says.confirm })}
</form>`,
  })
}

export function stopEmailChangePage({ link, formToken }: LinkFormView): Page {
  const says = words(PASSWORDS)
  return page({
    title: says.stopTitle,
    content: html`<h1>${says.stopTitle}</h1>
<p class="lead">${says.stopIt}</p>
<form method="post" action="/email/stop">
${hidden('form_token', formToken)}${hidden('link', link)}${buttons({ words: says.stop })}
</form>`,
  })
}

export function linkDonePage(what: 'password' | 'email', uiLocales: readonly string[]): Page {
  const says = words(PASSWORDS, uiLocales)
  const [title, text] = what === 'password' ? [says.changed, says.signInAnew] : [says.confirmed, says.goOn]
  return page({
    title,
    uiLocales,
    content: html`<h1>${title}</h1>
<p class="lead">${text}</p>
<p class="way"><a href="/account">${says.toAccount}</a></p>`,
  })
}

/** Told to who has just proven to read it, and to nobody else. */
export function addressTakenPage(): Page {
  const says = words(PASSWORDS)
  return page({
    title: says.addressTaken,
    content: html`<h1>${says.addressTaken}</h1>
<p class="lead">${says.whyTaken}</p>
<p class="way"><a href="/account">${says.toAccount}</a></p>`,
  })
}

/** Used, too old, or of an account that has changed: the page does not say which. */
export function linkEndedPage(again: '/password/forgot' | '/account'): Page {
  const says = words(PASSWORDS)
  return page({
    title: says.ended,
    content: html`<h1>${says.ended}</h1>
<p class="lead">${says.whyEnded}</p>
<p class="way"><a href="${again}">${again === '/account' ? says.toAccount : says.another}</a></p>`,
  })
}
