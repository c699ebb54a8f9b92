/** Health for probes. `/health`: can serve, store and policy included. `/health/live`: the process answers. Public. */
import { StoreUnavailable } from '../kernel/errors.ts'
import type { HttpRequest, Reply } from './message.ts'

export interface HealthDeps {
  readonly store: { ping(): Promise<void> }
  /** Whether decisions can be had. */
  readonly policyReady: () => boolean | Promise<boolean>
  /** Whether this node knows the signing keys as they are. */
  readonly keysReady: () => boolean
}

const answer = (status: 200 | 503, checks: Readonly<Record<string, boolean>>): Reply => ({
  status,
  body: { status: status === 200 ? 'ok' : 'unavailable', ...checks },
})

async function reachable(store: HealthDeps['store']): Promise<boolean> {
  try {
    await store.ping()
    return true
  } catch (error) {
    if (error instanceof StoreUnavailable) return false
    throw error
  }
}

export async function health(deps: HealthDeps, _request: HttpRequest): Promise<Reply> {
  const [store, policy] = await Promise.all([reachable(deps.store), deps.policyReady()])
  const keys = deps.keysReady()
  return answer(store && policy && keys ? 200 : 503, { store, policy, ...(!keys && { keys }) })
}

export const live = async (): Promise<Reply> => answer(200, {})
