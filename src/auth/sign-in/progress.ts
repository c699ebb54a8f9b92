/** What was proven in one sign-in, as it is kept and as `login` takes it. A proof counts for ten minutes, and for one person. */
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { FactorKind } from '../../policy-engine/contract/login.ts'
import type { ProvenFactor, SignInProgress } from '../../storage/interaction-records.ts'
import type { UserRecord } from '../../storage/records.ts'

export type LoginFactors = DecisionInput<'login'>['factors']

/** How long a proof counts: who walks away half-way leaves nothing behind that opens an account. */
export const PROOF_SECONDS = 10 * 60

export const NOTHING_PROVEN: SignInProgress = { factors: [] }

/** Undefined where nothing counts any more: another person's, too old, or the account has ended its sessions meanwhile. */
export function countingFactors(
  progress: SignInProgress | undefined,
  user: Pick<UserRecord, 'sub' | 'revocationEpoch'>,
  nowSeconds: number,
): readonly ProvenFactor[] {
  if (progress?.sub !== user.sub || progress.userEpoch !== user.revocationEpoch) return []
  return progress.factors.filter(({ at }) => nowSeconds - at < PROOF_SECONDS)
}

/** The newest proof of each kind; `failed` is one that did not hold just now. */
export function loginFactors(proven: readonly ProvenFactor[], failed?: FactorKind): LoginFactors {
  const of = (kind: FactorKind) => {
    if (kind === failed) return 'failed' as const
    return proven.some((factor) => factor.kind === kind) ? ('verified' as const) : ('absent' as const)
  }
  const passkey = proven.find(({ kind }) => kind === 'passkey')
  return {
    password: of('password'),
    totp: of('totp'),
    recovery_code: of('recovery_code'),
    federated: of('federated'),
    passkey: passkey?.userVerified === false && failed !== 'passkey' ? 'present' : of('passkey'),
  }
}

/** Whether one of them tells who this is without an earlier sign-in: a passkey only where it verified its user. */
export const provesFirst = (proven: readonly ProvenFactor[]): boolean =>
  proven.some(({ kind, userVerified }) =>
    kind === 'passkey' ? userVerified !== false : kind === 'password' || kind === 'federated',
  )

export const withFactor = (proven: readonly ProvenFactor[], factor: ProvenFactor): readonly ProvenFactor[] => [
  ...proven.filter(({ kind }) => kind !== factor.kind),
  factor,
]
