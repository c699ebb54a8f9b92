/** The field for a new password, wherever one is set. It has no longest length: what is pasted is never cut. */
import { type Html, html } from '../html.ts'
import { field } from '../parts/form.ts'
import type { PASSWORDS } from '../words/passwords.ts'

export interface NewPasswordFault {
  readonly kind: 'missing' | 'too_short' | 'too_long' | 'common' | 'breached' | 'about_you' | 'same' | 'ended'
  readonly leastCharacters: number
}

type Says = (typeof PASSWORDS)['en']

const said = ({ faults }: Says, { kind, leastCharacters }: NewPasswordFault): string =>
  kind === 'too_short' ? faults.too_short(leastCharacters) : faults[kind]

export const newPasswordField = (says: Says, fault: NewPasswordFault | undefined): Html =>
  field({
    name: 'new_password',
    label: says.newPassword,
    attributes: html`type="password" autocomplete="new-password" required`,
    fault: fault && said(says, fault),
    hint: fault === undefined ? says.hint : undefined,
  })
