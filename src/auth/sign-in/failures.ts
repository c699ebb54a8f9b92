/**
 * Failed sign-ins of the last 15 minutes, by account and by address. Keys are digests, so that the store holds no name or
 * address; an account is counted whether it exists or not. Checklist 38.
 */
import { networkOf } from '../../http/network-of.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { RiskFacts } from '../../policy-engine/contract/risk.ts'
import type { LimitStore } from '../../storage/port.ts'
import { userNameKey } from '../../storage/records.ts'
import type { AssessRisk } from '../threat/risk.ts'

const WINDOW_SECONDS = 15 * 60

const facts = (account: number, address: number): RiskFacts => ({
  failures: { here: account, account, address, subnet: address },
  since_failure: {},
  accounts_tried: { address: 0, subnet: 0 },
  surge: false,
  new_device: true,
  network_changed: false,
  impossible_travel: false,
  lately: { replays: 0, refresh_reuse: 0 },
})

export function assessFailures(limits: LimitStore): AssessRisk {
  return async (request, { userName }) => {
    const { tenant } = request
    const account = `login:account:${digestOf(`${tenant}\n${userNameKey(userName)}`)}`
    const address = `login:address:${digestOf(`${tenant}\n${networkOf(request.origin.address)}`)}`
    const [ofAccount, ofAddress] = await Promise.all([
      userName === '' ? 0 : limits.count(tenant, account),
      limits.count(tenant, address),
    ])
    return {
      facts: facts(ofAccount, ofAddress),
      begin: async () => facts((await limits.hit(tenant, account, WINDOW_SECONDS)) - 1, ofAddress),
      failed: async () => {
        await limits.hit(tenant, address, WINDOW_SECONDS)
      },
      verified: async () => undefined,
      succeeded: () => limits.clear(tenant, account),
    }
  }
}
