/** The letters that hold a one-use link. */

import { momentIn } from '../moment.ts'
import { reader } from '../reader.ts'
import { type Letter, letter, letterLanguage, letterWords, whereOf } from './mail.ts'

export interface LinkMail {
  readonly purpose: 'password_reset' | 'email_verify' | 'email_change'
  readonly link: string
  readonly minutes: number
  readonly issuer: string
  readonly nowMs: number
  readonly locales: readonly string[]
  /** IANA name of the person's time zone, where they have one. */
  readonly timeZone?: string | undefined
  /** Absent: nobody has proven to read the address, so the letter says nothing of the person. */
  readonly userName?: string | undefined
}

export function linkMail({ purpose, link, minutes, issuer, nowMs, locales, timeZone, userName }: LinkMail): Letter {
  const says = letterWords(locales)
  const { subject, what, go, otherwise } = says.links[purpose]
  const { host } = new URL(issuer)
  const when = says.when(momentIn(letterLanguage(locales), nowMs, { uiLocales: locales, timeZone }))
  const from = userName === undefined ? undefined : reader().from?.()
  return letter({
    subject,
    what,
    facts: [says.account(host, userName), when, ...(from ? [whereOf(locales, from)] : [])],
    link: { href: link, text: go },
    afterLink: [says.once(minutes), otherwise],
    host,
    locales,
  })
}
