/**
 * What a sign-in is judged on besides its factors, and what its outcome adds to that. Every attempt counts as failed before
 * its outcome is known, so that many at once can't all pass under a limit. Checklist 38; docs/threats.md.
 */
import type { HttpRequest } from '../../http/message.ts'
import type { RiskFacts } from '../../policy-engine/contract/risk.ts'
import type { UserRecord } from '../../storage/records.ts'

export interface Attempted {
  /** As typed; empty where nobody was named yet. Counted whether such an account exists or not. */
  readonly userName: string
  /** Where it has been looked up. */
  readonly user?: UserRecord | undefined
  /** `known`: the person of this account signed in with it before; `id` then tells it from the person's others. */
  readonly device: { readonly known: boolean; readonly id?: string | undefined }
  /**
   * What is checked: a secret that could be guessed, unless said otherwise. Else no guess at the account makes anybody wait:
   * `unguessable` is a passkey or a provider's word, and of a name alone nothing is checked.
   */
  readonly proof?: 'guessable' | 'unguessable' | 'none' | undefined
}

/** Whether failures are counted by account. */
export const isGuess = ({ userName, proof = 'guessable' }: Attempted): boolean =>
  userName !== '' && proof === 'guessable'

/** One attempt to prove one factor. */
export interface SignInRisk {
  /** This attempt not counted. */
  readonly facts: RiskFacts
  /**
   * Right before a factor is checked, once policy has allowed the attempt on `facts`. Answers them anew, with every attempt
   * in them that was begun before this one: where they differ, policy is asked again. One that should have waited counts
   * `here` alone: else whoever goes on trying would keep everybody else waiting.
   */
  begin(how?: { readonly counts: 'everywhere' | 'here' }): Promise<RiskFacts>
  /** The factor was wrong. */
  failed(): Promise<void>
  /** The factor was right and another is wanted: this attempt counts no more, earlier failures do. */
  verified(): Promise<void>
  /** The person is signed in, to that session: failures from here are forgotten, and the place is remembered. */
  succeeded(signedIn: { readonly sub: string; readonly sid: string }): Promise<void>
}

export type AssessRisk = (request: HttpRequest, attempted: Attempted) => Promise<SignInRisk>
