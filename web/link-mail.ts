/** The letters that hold a one-use link. */
import { type Letter, letter, letterWords } from './mail.ts'

export interface LinkMail {
  readonly purpose: 'password_reset' | 'email_verify' | 'email_change'
  readonly link: string
  readonly minutes: number
  readonly issuer: string
  readonly locales: readonly string[]
}

export function linkMail({ purpose, link, minutes, issuer, locales }: LinkMail): Letter {
  const says = letterWords(locales)
  const { subject, what, go, otherwise } = says.links[purpose]
  return letter({
    subject,
    locales,
    paragraphs: [what, says.account(new URL(issuer).host)],
    link: { href: link, text: go },
    afterLink: [says.once(minutes), otherwise],
  })
}
