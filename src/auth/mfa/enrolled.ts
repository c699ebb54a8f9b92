/** What an account can prove itself with, as `login` takes it. */
import type { FactorKind } from '../../policy-engine/contract/login.ts'
import type { FactorStore } from '../../storage/factors.ts'
import type { UserRecord } from '../../storage/records.ts'

export async function enrolledFactors(
  factors: Pick<FactorStore, 'of'>,
  tenant: string,
  user: Pick<UserRecord, 'sub' | 'passwordHash'>,
): Promise<readonly FactorKind[]> {
  const { totp, passkeys, recoveryCodes } = await factors.of(tenant, user.sub)
  const kinds: Readonly<Record<Exclude<FactorKind, 'federated'>, boolean>> = {
    password: user.passwordHash !== undefined,
    totp: totp !== undefined,
    passkey: passkeys.length > 0,
    recovery_code: recoveryCodes > 0,
  }
  return (Object.keys(kinds) as (keyof typeof kinds)[]).filter((kind) => kinds[kind])
}
