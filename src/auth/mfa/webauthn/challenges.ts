/**
 * Challenges of WebAuthn ceremonies: 256 random bits, five minutes, for one ceremony of one browser, taken once. WebAuthn Level 3 13.4.3; checklist 41.
 */
import type { HttpRequest } from '../../../http/message.ts'
import { type Clock, epochSeconds } from '../../../kernel/clock.ts'
import { equalDigests } from '../../../kernel/constant-time.ts'
import { digestOf, randomSecret } from '../../../kernel/ids.ts'
import type { OneUseStore } from '../../../storage/port.ts'
import type { OneUseRecord } from '../../../storage/records.ts'

export const CHALLENGE_SECONDS = 5 * 60

export interface ChallengeDeps {
  readonly store: { readonly oneUse: OneUseStore }
  readonly clock: Clock
}

/** `passkey_assertion`: at sign-in or step-up. `passkey_registration`: of one person. */
export type Ceremony = 'passkey_assertion' | 'passkey_registration'

export interface ChallengeFor {
  readonly ceremony: Ceremony
  /** What only this browser knows: its cookie's secret. */
  readonly browser: string
  readonly sub?: string | undefined
}

export async function newChallenge(
  { store, clock }: ChallengeDeps,
  { tenant }: Pick<HttpRequest, 'tenant'>,
  { ceremony, browser, sub }: ChallengeFor,
): Promise<string> {
  const challenge = randomSecret()
  const now = epochSeconds(clock)
  await store.oneUse.put(tenant, digestOf(challenge), {
    v: 1,
    kind: ceremony,
    ...(sub !== undefined && { sub }),
    facts: { browser: digestOf(browser) },
    createdAt: now,
    expiresAt: now + CHALLENGE_SECONDS,
  })
  return challenge
}

const isFor = (record: OneUseRecord | undefined, { browser, sub }: ChallengeFor): boolean =>
  record !== undefined && record.sub === sub && equalDigests(String(record.facts.browser), digestOf(browser))

/** Whether it was made for this ceremony, browser and person, and nobody has taken it; it is still there afterwards. */
export const knowsChallenge = async (
  { store }: ChallengeDeps,
  { tenant }: Pick<HttpRequest, 'tenant'>,
  challenge: string,
  of: ChallengeFor,
): Promise<boolean> => isFor(await store.oneUse.find(tenant, of.ceremony, digestOf(challenge)), of)

/** True for one of all who come with it. */
export const takeChallenge = async (
  { store }: ChallengeDeps,
  { tenant }: Pick<HttpRequest, 'tenant'>,
  challenge: string,
  of: ChallengeFor,
): Promise<boolean> => isFor(await store.oneUse.take(tenant, of.ceremony, digestOf(challenge)), of)
