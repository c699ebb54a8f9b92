/** Whether letters tell the person of what happens to their account, said where it matters; who has no address is led to one. */
import { type Content, html } from '../html.ts'
import { ACCOUNT } from '../words/account.ts'
import { words } from '../words/words.ts'
import { type AccountFrame, linked } from './frame.ts'

/** `disabled`: the service sends none to anybody. */
export type LettersReach = 'sent' | 'no_address' | 'disabled'

const EMAIL = '/account/email'

/** `text` says that a letter goes out. */
export function toldByLetter(frame: AccountFrame, reach: LettersReach, text: string): Content {
  if (reach === 'disabled') return false
  if (reach === 'sent') return text
  const { noEmail, addEmail } = words(ACCOUNT, frame.uiLocales)
  return html`${noEmail} ${frame.paths.has(EMAIL) && linked(frame, EMAIL, addEmail)}`
}
