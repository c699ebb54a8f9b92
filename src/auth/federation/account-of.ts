/**
 * Whom a verified address leads to here: who has proven it here too. Never whom it signs in as (checklist 43). That somebody has it
 * as a user name, or in a profile, and has not proven it, is known and leads to nobody: it may be anybody's word. Who has proven
 * another address since keeps the name, and keeps nobody out by it.
 */
import type { UserStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'
import { isEmailVerified } from '../../storage/verified-email.ts'
import type { Upstream } from './provider/upstream.ts'

export type AccountFound =
  | { readonly account: 'none' | 'unverified'; readonly user?: never }
  | { readonly account: 'verified'; readonly user: UserRecord }

export async function accountOf(
  users: Pick<UserStore, 'findByUserName' | 'findByVerifiedEmail'>,
  tenant: string,
  { email }: Pick<Upstream, 'email'>,
): Promise<AccountFound> {
  if (email === undefined) return { account: 'none' }
  const user = await users.findByVerifiedEmail(tenant, email)
  if (user !== undefined) return { account: 'verified', user }
  const named = await users.findByUserName(tenant, email)
  return { account: named === undefined || isEmailVerified(named) ? 'none' : 'unverified' }
}
