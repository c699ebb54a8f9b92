/** Whom a verified address leads to here: whose user name it is. Never whom it signs in as (checklist 43). */
import type { UserStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'
import { emailOf, isEmailVerified } from '../user/email.ts'
import type { Upstream } from './provider/upstream.ts'

export interface AccountFound {
  readonly user?: UserRecord
  readonly account: 'none' | 'unverified' | 'verified'
}

export async function accountOf(
  users: Pick<UserStore, 'findByUserName'>,
  tenant: string,
  { email }: Pick<Upstream, 'email'>,
): Promise<AccountFound> {
  const user = email === undefined ? undefined : await users.findByUserName(tenant, email)
  if (email === undefined || user === undefined) return { account: 'none' }
  const same = emailOf(user)?.toLowerCase() === email.toLowerCase()
  return { user, account: same && isEmailVerified(user) ? 'verified' : 'unverified' }
}
