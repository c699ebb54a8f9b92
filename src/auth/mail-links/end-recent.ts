/**
 * What whoever was in an account may have added to come back by: second factors, recovery codes, accounts of providers. What is as
 * old as the account itself stays. Of recovery codes nobody knows since when there are, so all end. OWASP ASVS 7.4.3; checklist 45.
 */
import type { EndedWay } from '../../../web/letters/notice-mail.ts'
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import type { FactorStore } from '../../storage/factors.ts'
import type { IdentityStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'

export interface EndRecentDeps {
  readonly audit: Audit
  readonly store: {
    readonly factors: Pick<FactorStore, 'of' | 'totp' | 'passkeys' | 'recoveryCodes'>
    readonly identities: Pick<IdentityStore, 'list' | 'unlink'>
  }
}

/**
 * `since` in seconds since the epoch. To be asked once nobody of before is in the account; may be done again. Answers what ended; of a
 * provider's account the id of the provider.
 */
export async function endRecentWaysIn(
  { audit, store: { factors, identities } }: EndRecentDeps,
  { tenant, id }: HttpRequest,
  { sub, createdAt }: UserRecord,
  { since, decisionId }: { readonly since: number; readonly decisionId: string },
): Promise<readonly EndedWay[]> {
  const ended: EndedWay[] = []
  const isRecent = (at: number): boolean => at >= since && at > createdAt
  const about = { tenant, request_id: id, sub, decision_id: decisionId }
  const removed = (detail: string) => audit({ event: 'factor_removed', ...about, detail })

  const { totp, passkeys, recoveryCodes } = await factors.of(tenant, sub)
  if (totp !== undefined && isRecent(totp.createdAt)) {
    await factors.totp.remove(tenant, sub)
    await removed('totp')
    ended.push({ way: 'totp' })
  }
  for (const passkey of passkeys.filter((one) => isRecent(one.createdAt))) {
    await factors.passkeys.remove(tenant, sub, passkey.credentialId)
    await removed('passkey')
    ended.push({ way: 'passkey', name: passkey.name })
  }
  if (recoveryCodes > 0) {
    await factors.recoveryCodes.replace(tenant, sub, [])
    await removed('recovery_codes')
    ended.push({ way: 'recovery_codes' })
  }
  for (const { key, provider, linkedAt } of await identities.list(tenant, sub)) {
    if (!isRecent(linkedAt)) continue
    await identities.unlink(tenant, sub, key)
    await audit({ event: 'identity_unlinked', ...about, resource: `provider/${provider}` })
    ended.push({ way: 'provider', name: provider })
  }
  return ended
}
