/**
 * Failed sign-ins of the last 15 minutes, by account and by address: the facts that `login` is decided on. Keys are
 * digests, so that the store holds no name or address; an account is counted whether it exists or not. Checklist 38.
 */
import type { HttpRequest } from '../../http/message.ts'
import { networkOf } from '../../http/network-of.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { LimitStore } from '../../storage/port.ts'
import { userNameKey } from '../../storage/records.ts'

export const WINDOW_SECONDS = 15 * 60

export interface FailureCounts {
  readonly account: number
  readonly address: number
}

export interface FailureCounters {
  counts(): Promise<FailureCounts>
  /**
   * Counts this attempt as failed before its outcome is known, so that many at once can't all pass under the limit.
   * Answers the account's failures without it.
   */
  begin(): Promise<number>
  /** The attempt did fail. */
  failed(): Promise<void>
  /** It did not: the account's count starts anew. */
  succeeded(): Promise<void>
}

export function failureCounters(limits: LimitStore, request: HttpRequest, userName: string): FailureCounters {
  const { tenant } = request
  const account = `login:account:${digestOf(`${tenant}\n${userNameKey(userName)}`)}`
  const address = `login:address:${digestOf(`${tenant}\n${networkOf(request.origin.address)}`)}`
  return {
    async counts() {
      const [ofAccount, ofAddress] = await Promise.all([limits.count(tenant, account), limits.count(tenant, address)])
      return { account: ofAccount, address: ofAddress }
    },
    begin: async () => (await limits.hit(tenant, account, WINDOW_SECONDS)) - 1,
    failed: async () => {
      await limits.hit(tenant, address, WINDOW_SECONDS)
    },
    succeeded: () => limits.clear(tenant, account),
  }
}
