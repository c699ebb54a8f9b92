/**
 * Second factors of people, and what the store does with them once: a TOTP step, a recovery code, a passkey's counter.
 * They end with their person, and never by themselves.
 */
import type { Way } from './records.ts'
import type { Written } from './written.ts'

export interface TotpRecord {
  readonly v: 1
  /** 160 random bits under the envelope key. */
  readonly sealed: string
  readonly createdAt: number
}

/** What is kept of an attestation, WebAuthn Level 3 6.5: only a `verified` one says what `aaguid` says. */
export type AttestationKind = 'none' | 'self' | 'untrusted' | 'verified'

export interface PasskeyRecord {
  readonly v: 1
  readonly sub: string
  /** base64url; unique in a tenant, WebAuthn Level 3 7.1 step 26. */
  readonly credentialId: string
  /** COSE_Key, base64url. */
  readonly publicKey: string
  readonly transports: readonly string[]
  /** It may be synced to other devices; fixed when it is made. */
  readonly backupEligible: boolean
  readonly aaguid: string
  readonly attestation: AttestationKind
  /** A PIN or biometric was checked when it was made. */
  readonly userVerified: boolean
  readonly createdAt: number
  /** Of the authenticator, as last seen; 0 where it has none. */
  readonly counter: number
  /** As last seen: it is synced now. */
  readonly backedUp: boolean
  readonly name: string
  readonly lastUsedAt?: number
}

/** All that one person has. */
export interface Factors {
  readonly totp?: TotpRecord & { readonly lastUsedAt?: number }
  /** The oldest first. */
  readonly passkeys: readonly PasskeyRecord[]
  /** Recovery codes that are left. */
  readonly recoveryCodes: number
}

/** What an assertion showed of its authenticator. */
export interface PasskeyUse {
  readonly counter: number
  readonly backedUp: boolean
  readonly usedAt: number
}

export interface FactorStore {
  of(tenant: string, sub: string): Promise<Factors>
  totp: {
    /** `conflict`: the person has one. `missing`: the person is none. */
    add(tenant: string, sub: string, totp: TotpRecord): Promise<Written>
    remove(tenant: string, sub: string): Promise<Exclude<Written, 'conflict'>>
    /**
     * Spends a time step, RFC 6238 5.2: one of any number at once, and none that is not after the last one spent. A factor
     * that was replaced meanwhile (`sealed` differs) is `missing`.
     */
    useStep(
      tenant: string,
      sub: string,
      use: { readonly sealed: string; readonly step: number; readonly usedAt: number },
    ): Promise<'used' | 'replayed' | 'missing'>
    /** Puts `sealed` in the place of `before`; what is spent stays spent. */
    reseal(tenant: string, sub: string, before: string, sealed: string): Promise<Written>
    /** Those who have one, in an order that does not change, after `after`. */
    list(
      tenant: string,
      after: string,
      limit: number,
    ): Promise<readonly { readonly sub: string; readonly sealed: string }[]>
  }
  passkeys: {
    /** `conflict`: the credential id is taken in this tenant, whoever has it. `missing`: the person is none. */
    add(tenant: string, passkey: PasskeyRecord): Promise<Written>
    find(tenant: string, credentialId: string): Promise<PasskeyRecord | undefined>
    /** `regressed`, and nothing is written: the counter did not grow, WebAuthn Level 3 7.2 step 22. Two of 0 are no counter. */
    use(tenant: string, credentialId: string, use: PasskeyUse): Promise<'used' | 'regressed' | 'missing'>
    rename(tenant: string, sub: string, credentialId: string, name: string): Promise<Exclude<Written, 'conflict'>>
    /** `conflict`: `kept`, which the person was to keep, is not there any more, and nothing is removed. */
    remove(tenant: string, sub: string, credentialId: string, kept?: Way): Promise<Written>
  }
  recoveryCodes: {
    /** In place of all that there were. */
    replace(tenant: string, sub: string, digests: readonly string[]): Promise<Exclude<Written, 'conflict'>>
    /** Spends it: of all who come with one at once, one gets `used`. */
    use(tenant: string, sub: string, digest: string): Promise<'used' | 'missing'>
  }
}
