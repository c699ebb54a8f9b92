/** What a person is told by letter of their account. */
import { type Letter, letter } from './mail.ts'

export type NoticeKind =
  | 'password_changed'
  | 'password_reset'
  | 'factor_added'
  | 'factor_removed'
  | 'recovery_codes_made'
  | 'recovery_code_used'
  | 'email_change_asked'
  | 'email_changed'
  | 'new_sign_in'
  | 'account_linked'
  | 'account_unlinked'
  | 'sessions_ended'
  | 'guessing'
  | 'unusual_sign_in'
  | 'unusual_use'

export interface NoticeFacts {
  readonly factor?: 'totp' | 'passkey' | undefined
  /** What the person calls the passkey. */
  readonly name?: string | undefined
  /** What the browser calls itself. */
  readonly browser?: string | undefined
  readonly system?: string | undefined
  /** Whom the account was linked to. */
  readonly provider?: string | undefined
}

export interface NoticeSurroundings {
  readonly issuer: string
  readonly nowMs: number
  readonly locales: readonly string[]
}

const FACTORS = { totp: 'An authenticator app', passkey: 'A passkey' } as const

const named = ({ factor = 'passkey', name }: NoticeFacts): string =>
  name === undefined ? FACTORS[factor] : `${FACTORS[factor]} (${name})`

const SAYS: Readonly<Record<NoticeKind, (facts: NoticeFacts) => readonly [subject: string, what: string]>> = {
  password_changed: () => ['Your password was changed', 'The password of your account was changed.'],
  password_reset: () => [
    'Your password was reset',
    'A new password was set for your account by a link that was sent to this address. All sessions were ended.',
  ],
  factor_added: (facts) => ['A way to sign in was added', `${named(facts)} was added to your account.`],
  factor_removed: (facts) => ['A way to sign in was removed', `${named(facts)} was removed from your account.`],
  recovery_codes_made: () => [
    'New recovery codes were made',
    'New recovery codes were made for your account. Those before them work no more.',
  ],
  recovery_code_used: () => ['A recovery code was used', 'A recovery code was used to sign in to your account.'],
  email_change_asked: () => [
    'Your e-mail address is about to change',
    'Somebody signed in to your account asked to change its e-mail address. It changes once the new address is confirmed.',
  ],
  email_changed: () => ['Your e-mail address was changed', 'The e-mail address of your account was changed.'],
  new_sign_in: ({ browser, system }) => [
    'New sign-in to your account',
    browser === undefined || browser === 'other'
      ? 'Your account was signed in to on a device that it was not used on before.'
      : `Your account was signed in to with ${browser}${system === undefined || system === 'other' ? '' : ` on ${system}`}, on a device that it was not used on before.`,
  ],
  account_linked: ({ provider }) => [
    'A sign-in with another account was added',
    `Your account can now be signed in to with ${provider ?? 'another provider'}.`,
  ],
  account_unlinked: ({ provider }) => [
    'A sign-in with another account was removed',
    `Your account can no longer be signed in to with ${provider ?? 'another provider'}.`,
  ],
  guessing: () => [
    'Somebody tries to sign in to your account',
    'There were many attempts to sign in to your account from devices that it was not used on before, and they failed. Your account is not locked. A passkey cannot be guessed: add one if you have none.',
  ],
  unusual_sign_in: () => [
    'Unusual sign-in to your account',
    'Your account was signed in to in a way that is unusual for you: from a new device, or from far away from the last time.',
  ],
  unusual_use: () => [
    'Unusual use of your account',
    'Something that may be used once only, by one application, came twice. What that application had of your account was ended for your safety.',
  ],
  sessions_ended: () => ['You were signed out', 'Sessions of your account were ended.'],
}

export function noticeMail(
  kind: NoticeKind,
  facts: NoticeFacts,
  { issuer, nowMs, locales }: NoticeSurroundings,
): Letter {
  const [subject, what] = SAYS[kind](facts)
  const when = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  return letter({
    subject,
    locales,
    paragraphs: [what, `When: ${when.format(nowMs)} UTC`, `Account: ${new URL(issuer).host}`],
    link: { href: `${issuer}/account`, text: 'If this was not you, change your password and look at your account' },
  })
}
