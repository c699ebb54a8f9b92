/**
 * Wrong codes of the second factor, counted in the store before each is checked, so that many at once can't all pass under a
 * limit: in this sign-in, and of the account in 15 minutes and in a day. Who knows the password gets no million tries, and
 * who does not comes here never. Each device that the account knows, each network that it was signed in from lately, and all
 * others together have counts of their own, so that nobody elsewhere spends the owner's. Apps' codes and recovery codes apart.
 * ASVS 6.3.1; checklist 38 and 40.
 */
import type { HttpRequest } from '../../http/message.ts'
import { subnetOf } from '../../http/network-of.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { LimitStore } from '../../storage/port.ts'
import type { Tried } from '../sign-in/ask-login.ts'

const SIGN_IN_SECONDS = 30 * 60
const ACCOUNT_SECONDS = 15 * 60
const DAY_SECONDS = 24 * 60 * 60

type Counts = NonNullable<DecisionInput<'mfa'>['guesses']>

export interface Guesses {
  /** The counts as they would be with one more. */
  next(): Promise<Counts>
  /** Counts one more as wrong; answers the counts with it. */
  begin(): Promise<Counts>
  /** It was right: the account's counts start anew. */
  right(): Promise<void>
}

/** Whose tries they are: of no more places than devices and networks that the account remembers, and one. */
function placeOf({ origin }: Pick<HttpRequest, 'origin'>, { device, risk }: Tried): string {
  if (device.known && device.id !== undefined) return `device ${device.id}`
  return risk.facts.network_known ? `network ${subnetOf(origin.address)}` : 'elsewhere'
}

export function guesses(
  limits: LimitStore,
  request: Pick<HttpRequest, 'tenant' | 'origin'>,
  of: {
    readonly kind: 'totp' | 'recovery'
    readonly sub: string
    readonly interaction: string
    readonly tried: Tried
  },
): Guesses {
  const { tenant } = request
  const person = digestOf([tenant, of.sub, placeOf(request, of.tried)].join('\n'))
  const here = `mfa:${of.kind}:here:${digestOf(of.interaction)}`
  const [account, day] = [`mfa:${of.kind}:account:${person}`, `mfa:${of.kind}:day:${person}`]
  return {
    async next() {
      const counts = await Promise.all([here, account, day].map((key) => limits.count(tenant, key)))
      const [inSignIn = 0, inAccount = 0, inDay = 0] = counts
      return { here: inSignIn + 1, account: inAccount + 1, day: inDay + 1 }
    },
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
