/** The letters that hold a one-use link. */
import { type Letter, letter } from './mail.ts'

export interface LinkMail {
  readonly purpose: 'password_reset' | 'email_verify' | 'email_change'
  readonly link: string
  readonly minutes: number
  readonly issuer: string
  readonly locales: readonly string[]
}

const WORDS = {
  password_reset: {
    subject: 'Set a new password',
    what: 'Somebody asked for a new password for your account.',
    go: 'Set a new password',
    else: 'If it was not you, do nothing: your password stays as it is.',
  },
  email_verify: {
    subject: 'Confirm your e-mail address',
    what: 'This is the e-mail address of an account.',
    go: 'Confirm that it is yours',
    else: 'If you know of no such account, do nothing.',
  },
  email_change: {
    subject: 'Confirm your new e-mail address',
    what: 'This is to become the e-mail address of an account.',
    go: 'Confirm that it is yours',
    else: 'If you did not ask for this, do nothing: nothing changes.',
  },
} as const

export function linkMail({ purpose, link, minutes, issuer, locales }: LinkMail): Letter {
  const words = WORDS[purpose]
  return letter({
    subject: words.subject,
    locales,
    paragraphs: [words.what, `Account: ${new URL(issuer).host}`],
    link: { href: link, text: words.go },
    afterLink: [`The link works once, for ${minutes} minutes.`, words.else],
  })
}
