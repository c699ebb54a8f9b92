/** What an account can prove itself with, as `login` and `account` take it. */
import type { FactorKind } from '../../policy-engine/contract/login.ts'
import type { Store } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'

export async function enrolledFactors(
  store: { readonly factors: Pick<Store['factors'], 'of'>; readonly identities: Pick<Store['identities'], 'list'> },
  tenant: string,
  user: Pick<UserRecord, 'sub' | 'passwordHash'>,
): Promise<readonly FactorKind[]> {
  const [{ totp, passkeys, recoveryCodes }, identities] = await Promise.all([
    store.factors.of(tenant, user.sub),
    store.identities.list(tenant, user.sub),
  ])
  const kinds: Readonly<Record<FactorKind, boolean>> = {
    password: user.passwordHash !== undefined,
    totp: totp !== undefined,
    passkey: passkeys.length > 0,
    recovery_code: recoveryCodes > 0,
    federated: identities.length > 0,
  }
  return (Object.keys(kinds) as FactorKind[]).filter((kind) => kinds[kind])
}
