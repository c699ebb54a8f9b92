/** What a person is told by letter of their account. */

import { momentIn } from '../moment.ts'
import { reader } from '../reader.ts'
import { deviceOf, type Letter, type LetterWords, letter, letterLanguage, letterWords, whereOf } from './mail.ts'

export type NoticeKind = keyof LetterWords['notices']

/** What whoever did not do it does at once, and where. */
const ACTS = {
  /** "This wasn't me": it puts everybody out. */
  report: '/account/activity',
  /** The password may be another by now. */
  reset: '/password/forgot',
  /** The password works no more. */
  again: '/password/forgot',
  factors: '/account/factors',
} as const

const ACT_OF: Readonly<Partial<Record<NoticeKind, keyof typeof ACTS>>> = {
  password_changed: 'reset',
  password_reset: 'reset',
  email_change_stopped: 'again',
  factor_added: 'factors',
  factor_removed: 'factors',
  recovery_codes_made: 'factors',
  guessing: 'factors',
}

/** A way to sign in that was removed; `name` is what people call it. */
export type EndedWay =
  | { readonly way: 'totp' | 'recovery_codes' }
  | { readonly way: 'passkey' | 'provider'; readonly name: string }

export interface NoticeFacts {
  readonly factor?: 'totp' | 'passkey' | undefined
  /** What the person calls the passkey. */
  readonly name?: string | undefined
  /** What the browser calls itself. */
  readonly browser?: string | undefined
  readonly system?: string | undefined
  /** Whom the account was linked to. */
  readonly provider?: string | undefined
  /** Told to the person alone. */
  readonly ended?: readonly EndedWay[] | undefined
  /** Where what was asked for can be stopped, once. */
  readonly stop?: { readonly href: string; readonly hours: number } | undefined
}

export interface NoticeSurroundings {
  readonly issuer: string
  readonly nowMs: number
  readonly locales: readonly string[]
  /** IANA name of the person's time zone, where they have one. */
  readonly timeZone?: string | undefined
  /** Absent: the reader may not be the person, and learns neither who they are nor where. */
  readonly userName?: string | undefined
}

const named = (says: LetterWords, { factor = 'passkey', name }: NoticeFacts): string =>
  name === undefined ? says[factor] : `${says[factor]} (${name})`

/** What a sentence has in it, if it has something. */
function inside(says: LetterWords, kind: NoticeKind, facts: NoticeFacts): string {
  if (kind === 'new_sign_in')
    return deviceOf(says, { browser: facts.browser ?? 'other', system: facts.system ?? 'other' })
  if (kind === 'account_linked' || kind === 'account_unlinked') return facts.provider ?? says.another
  return named(says, facts)
}

function endedIn(says: LetterWords, ended: readonly EndedWay[], locales: readonly string[]): string {
  const ways = ended.map((one) => {
    if (one.way === 'provider') return one.name
    return one.way === 'passkey' ? `${says.ways.passkey} (${one.name})` : says.ways[one.way]
  })
  return says.waysEnded(new Intl.ListFormat(letterLanguage(locales)).format(ways))
}

export function noticeMail(
  kind: NoticeKind,
  facts: NoticeFacts,
  { issuer, nowMs, locales, timeZone, userName }: NoticeSurroundings,
): Letter {
  const says = letterWords(locales)
  const [subject, what] = says.notices[kind](inside(says, kind, facts))
  const { host } = new URL(issuer)
  const when = momentIn(letterLanguage(locales), nowMs, { uiLocales: locales, timeZone })
  const from = userName === undefined ? undefined : reader().from?.()
  const act = ACT_OF[kind] ?? 'report'
  const { stop, ended = [] } = facts
  const tellsEnded = ended.length > 0 && userName !== undefined
  const after = stop ? [says.stopsFor(stop.hours)] : kind === 'email_changed' ? [says.takesBack] : []
  return letter({
    subject,
    what: tellsEnded ? `${what} ${endedIn(says, ended, locales)}` : what,
    facts: [says.account(host, userName), says.when(when), ...(from ? [whereOf(locales, from)] : [])],
    link: stop ? { href: stop.href, text: says.stop } : { href: `${issuer}${ACTS[act]}`, text: says.acts[act] },
    afterLink: after,
    host,
    locales,
  })
}
