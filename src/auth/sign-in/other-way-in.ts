/**
 * By what a person could still sign in once one of their ways in is taken away: what `federation` and `mfa` decide on, and
 * what the store must find in the step that takes it, so that of two removals that count on each other one fails. A second
 * factor alone (TOTP, recovery code) is no way in, nor is an identity of a provider that is configured no more.
 */
import type { Store } from '../../storage/port.ts'
import type { UserRecord, Way } from '../../storage/records.ts'

/** Nothing here takes a password away: it needs no second look. */
export type OtherWay = Way | 'password'

/** Undefined: `without` is the last. */
export type OtherWayIn = (
  tenant: string,
  user: Pick<UserRecord, 'sub' | 'passwordHash'>,
  without: Way,
) => Promise<OtherWay | undefined>

interface Stores {
  readonly factors: Pick<Store['factors'], 'of'>
  readonly identities: Pick<Store['identities'], 'list'>
}

export const otherWayIn =
  (store: Stores, isConfigured: (provider: string) => boolean): OtherWayIn =>
  async (tenant, { sub, passwordHash }, without) => {
    if (passwordHash !== undefined) return 'password'
    const [{ passkeys }, identities] = await Promise.all([
      store.factors.of(tenant, sub),
      store.identities.list(tenant, sub),
    ])
    const gone = 'passkey' in without ? without.passkey : without.identity
    const passkey = passkeys.find(({ credentialId }) => credentialId !== gone)
    if (passkey !== undefined) return { passkey: passkey.credentialId }
    const identity = identities.find(({ key, provider }) => key !== gone && isConfigured(provider))
    return identity && { identity: identity.key }
  }

/** As the store takes it. */
export const keptWay = (other: OtherWay | undefined): Way | undefined => (other === 'password' ? undefined : other)
