/** What a person is told by letter of their account. */
import { type Letter, letter, letterLanguage, letterWords } from './mail.ts'
import { momentIn } from './moment.ts'

type Says = ReturnType<typeof letterWords>

export type NoticeKind = keyof Says['notices']

export interface NoticeFacts {
  readonly factor?: 'totp' | 'passkey' | undefined
  /** What the person calls the passkey. */
  readonly name?: string | undefined
  /** What the browser calls itself. */
  readonly browser?: string | undefined
  readonly system?: string | undefined
  /** Whom the account was linked to. */
  readonly provider?: string | undefined
  /** Where what was asked for can be stopped, once. */
  readonly stop?: { readonly href: string; readonly hours: number } | undefined
}

export interface NoticeSurroundings {
  readonly issuer: string
  readonly nowMs: number
  readonly locales: readonly string[]
  /** IANA name of the person's time zone, where they have one. */
  readonly timeZone?: string | undefined
}

const named = (says: Says, { factor = 'passkey', name }: NoticeFacts): string =>
  name === undefined ? says[factor] : `${says[factor]} (${name})`

function deviceOf(says: Says, { browser = 'other', system = 'other' }: NoticeFacts): string {
  if (browser === 'other') return ''
  return system === 'other' ? browser : says.on(browser, system)
}

/** What a sentence has in it, if it has something. */
function inside(says: Says, kind: NoticeKind, facts: NoticeFacts): string {
  if (kind === 'new_sign_in') return deviceOf(says, facts)
  if (kind === 'account_linked' || kind === 'account_unlinked') return facts.provider ?? says.another
  return named(says, facts)
}

export function noticeMail(
  kind: NoticeKind,
  facts: NoticeFacts,
  { issuer, nowMs, locales, timeZone }: NoticeSurroundings,
): Letter {
  const says = letterWords(locales)
  const [subject, what] = says.notices[kind](inside(says, kind, facts))
  const when = momentIn(letterLanguage(locales), nowMs, { uiLocales: locales, timeZone })
  return letter({
    subject,
    locales,
    paragraphs: [what, says.when(when), says.account(new URL(issuer).host)],
    link: facts.stop ? { href: facts.stop.href, text: says.stop } : { href: `${issuer}/account`, text: says.notYou },
    ...(facts.stop && { afterLink: [says.stopsFor(facts.stop.hours)] }),
  })
}
