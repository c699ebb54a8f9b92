/** What came twice about a person in the last hour: counted as audit tells of it, read with the risk of a sign-in. */
import { digestOf } from '../../kernel/ids.ts'
import type { RiskFacts } from '../../policy-engine/contract/risk.ts'
import type { LimitStore } from '../../storage/port.ts'
import { HOUR_SECONDS } from './rules.ts'

export type CameTwice = keyof RiskFacts['lately']

const keyOf = (what: CameTwice, about: string): string => `lately:${what}:${digestOf(about)}`

/** Answers how often by now. `about`: a person, or a client where no person is. */
export const noteLately = (
  limits: Pick<LimitStore, 'hit'>,
  tenant: string,
  what: CameTwice,
  about: string,
): Promise<number> => limits.hit(tenant, keyOf(what, about), HOUR_SECONDS)

export async function lately(
  limits: Pick<LimitStore, 'count'>,
  tenant: string,
  about: string,
): Promise<RiskFacts['lately']> {
  const [replays, reuse] = await Promise.all([
    limits.count(tenant, keyOf('replays', about)),
    limits.count(tenant, keyOf('refresh_reuse', about)),
  ])
  return { replays, refresh_reuse: reuse }
}
