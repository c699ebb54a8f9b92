/** The password, changed by its owner. */

import { html } from '../html.ts'
import type { Page } from '../page.ts'
import { buttons, field, hidden, notice } from '../parts/form.ts'
import { type NewPasswordFault, newPasswordField } from '../sign-in/new-password.ts'
import { PASSWORDS } from '../words/passwords.ts'
import { words } from '../words/words.ts'
import { type AccountFrame, accountView } from './frame.ts'

/** `reported`: the person said that it was not them, and is here to choose another password. */
export type PasswordDone = 'changed' | 'reported'

export interface ChangePasswordView {
  readonly frame: AccountFrame
  readonly formToken: string
  /** There is one that must be given first. */
  readonly hasPassword: boolean
  readonly done?: PasswordDone | undefined
  readonly fault?: NewPasswordFault | 'wrong' | undefined
}

export function changePasswordPage({ frame, formToken, hasPassword, done, fault }: ChangePasswordView): Page {
  const says = words(PASSWORDS, frame.uiLocales)
  return accountView(frame, {
    here: 'factors',
    title: says.change,
    faulty: fault !== undefined,
    content: html`${done && notice(says[done])}<form method="post" action="/account/password">
${hidden('form_token', formToken)}<input type="text" name="username" value="${frame.accountName}" autocomplete="username" readonly hidden>
${
  hasPassword &&
  field({
    name: 'password',
    label: says.current,
    attributes: html`type="password" autocomplete="current-password" required`,
    fault: fault === 'wrong' && says.faults.wrong,
  })
}${newPasswordField(says, fault === 'wrong' ? undefined : fault)}
<label class="check"><input type="checkbox" name="end_others" value="yes" checked> ${says.signOutOthers}</label>
${buttons({ words: says.change })}
</form>`,
  })
}
