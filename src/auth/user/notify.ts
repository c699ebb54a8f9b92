/**
 * Tells a person by letter what happened to their account, in their language: whoever did it. It holds no secret and leads to
 * no address but the issuer's. ASVS 6.3.7; checklist 42. It never delays an answer and never fails.
 */
import type { LettersReach } from '../../../web/account/letters.ts'
import { type NoticeFacts, type NoticeKind, noticeMail } from '../../../web/letters/notice-mail.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Mailer } from '../../mail/mailer.ts'
import type { UserRecord } from '../../storage/records.ts'
import { emailOf, isEmailVerified } from '../../storage/verified-email.ts'
import { localesOf, timeZoneOf } from './email.ts'

export interface NotifyDeps {
  readonly issuer: string
  readonly mail: Mailer
  readonly clock: Clock
}

/** Whether the person reads of what happens to their account. */
export function lettersReach({ mail }: Pick<NotifyDeps, 'mail'>, user: UserRecord): LettersReach {
  if (!mail.enabled) return 'disabled'
  return emailOf(user) === undefined ? 'no_address' : 'sent'
}

export interface NoticeOf extends NoticeFacts {
  /** An address that was the account's until now. */
  readonly alsoTo?: string | undefined
  /** Whether the person has proven to read that one. */
  readonly knownThere?: boolean | undefined
}

/** Who the person is and where they were is told to an address alone that they have proven to read. */
export function notifyUser(
  { issuer, mail, clock }: NotifyDeps,
  user: UserRecord,
  kind: NoticeKind,
  { alsoTo, knownThere = false, ...facts }: NoticeOf = {},
): void {
  if (!mail.enabled) return
  const tell = (to: string, isTheirs: boolean) =>
    mail.send({
      to,
      kind: 'notice',
      ...noticeMail(kind, facts, {
        issuer,
        nowMs: clock.nowMs(),
        locales: localesOf(user),
        timeZone: timeZoneOf(user),
        userName: isTheirs ? user.userName : undefined,
      }),
    })
  const to = emailOf(user)
  if (to !== undefined) tell(to, isEmailVerified(user))
  if (alsoTo !== undefined && alsoTo !== to) tell(alsoTo, knownThere)
}
