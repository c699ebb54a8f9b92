/** Asks `mail_link`: its facts are put together here and nowhere else. */
import type { HttpRequest } from '../../http/message.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { Decide, Verdict } from '../../policy-engine/decide.ts'
import type { UserRecord } from '../../storage/records.ts'
import { emailOf, isEmailVerified } from '../../storage/verified-email.ts'
import { subjectFacts } from './subject-facts.ts'

type Input = DecisionInput<'mail_link'>
/** Of links that are letters of their own; the one that stops a change is part of a notice (`stop-link.ts`). */
export type LinkPurpose = Exclude<Input['purpose'], 'email_stop'>

export interface LinkQuestion {
  readonly purpose: Input['purpose']
  readonly stage: Input['stage']
  /** Undefined: nobody. */
  readonly user: UserRecord | undefined
  readonly asked?: Input['asked']
}

const NOTHING_ASKED = { here: 0, account: 0, address: 0, lately: 0 }

export function askMailLink(
  { decide }: { readonly decide: Decide },
  request: HttpRequest,
  { purpose, stage, user, asked = NOTHING_ASKED }: LinkQuestion,
): Promise<Verdict<'mail_link'>> {
  const hasEmail = user !== undefined && emailOf(user) !== undefined
  const changedAt = user?.emailChangedAt
  const age = changedAt === undefined ? undefined : Math.max(0, request.origin.time.epoch_seconds - changedAt)
  return decide(
    'mail_link',
    {
      tenant: request.tenant,
      purpose,
      stage,
      ...(user && { subject: subjectFacts(user) }),
      password: user?.passwordHash === undefined ? 'absent' : 'set',
      ...(hasEmail && { email_verified: isEmailVerified(user) }),
      ...(hasEmail && age !== undefined && { email_age_seconds: age }),
      asked,
      request: request.origin,
    },
    { requestId: request.id },
  )
}
