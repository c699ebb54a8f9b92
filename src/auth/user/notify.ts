/**
 * Tells a person by letter what happened to their account, in their language: whoever did it. It holds no secret and leads to
 * no address but the issuer's. ASVS 6.3.7; checklist 42. It never delays an answer and never fails.
 */
import { type NoticeFacts, type NoticeKind, noticeMail } from '../../../web/notice-mail.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Mailer } from '../../mail/mailer.ts'
import type { UserRecord } from '../../storage/records.ts'
import { emailOf } from '../../storage/verified-email.ts'
import { localesOf, timeZoneOf } from './email.ts'

export interface NotifyDeps {
  readonly issuer: string
  readonly mail: Mailer
  readonly clock: Clock
}

/** `alsoTo`: an address that was the person's until now. */
export function notifyUser(
  { issuer, mail, clock }: NotifyDeps,
  user: UserRecord,
  kind: NoticeKind,
  { alsoTo, ...facts }: NoticeFacts & { readonly alsoTo?: string | undefined } = {},
): void {
  if (!mail.enabled) return
  const letter = noticeMail(kind, facts, {
    issuer,
    nowMs: clock.nowMs(),
    locales: localesOf(user),
    timeZone: timeZoneOf(user),
  })
  for (const to of new Set([emailOf(user), alsoTo])) if (to !== undefined) mail.send({ to, kind: 'notice', ...letter })
}
