/**
 * Wrong codes of the second factor, counted in the store before each is checked, so that many at once can't all pass under a
 * limit: in this sign-in, and of the account in 15 minutes and in a day. Who knows the password gets no million tries, and
 * who does not comes here never. Apps' codes and recovery codes apart: whoever uses up the one leaves the owner the other.
 * ASVS 6.3.1; checklist 38 and 40.
 */
import type { HttpRequest } from '../../http/message.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { LimitStore } from '../../storage/port.ts'

const SIGN_IN_SECONDS = 30 * 60
const ACCOUNT_SECONDS = 15 * 60
const DAY_SECONDS = 24 * 60 * 60

export interface Guesses {
  /** Counts this one as wrong; answers the counts with it. */
  begin(): Promise<NonNullable<DecisionInput<'mfa'>['guesses']>>
  /** It was right: the account's counts start anew. */
  right(): Promise<void>
}

export function guesses(
  limits: LimitStore,
  { tenant }: Pick<HttpRequest, 'tenant'>,
  of: { readonly kind: 'totp' | 'recovery'; readonly sub: string; readonly interaction: string },
): Guesses {
  const here = `mfa:${of.kind}:here:${digestOf(of.interaction)}`
  const account = `mfa:${of.kind}:account:${digestOf(`${tenant}\n${of.sub}`)}`
  const day = `mfa:${of.kind}:day:${digestOf(`${tenant}\n${of.sub}`)}`
  return {
    async begin() {
      const [inSignIn, inAccount, inDay] = await Promise.all([
        limits.hit(tenant, here, SIGN_IN_SECONDS),
        limits.hit(tenant, account, ACCOUNT_SECONDS),
        limits.hit(tenant, day, DAY_SECONDS),
      ])
      return { here: inSignIn, account: inAccount, day: inDay }
    },
    async right() {
      await Promise.all([limits.clear(tenant, account), limits.clear(tenant, day)])
    },
  }
}
