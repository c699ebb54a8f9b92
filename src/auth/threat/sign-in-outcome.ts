/** What a failed and a completed sign-in add to what is known, and which signals rise with it. */
import type { HttpRequest } from '../../http/message.ts'
import type { RiskFacts } from '../../policy-engine/contract/risk.ts'
import type { Attempt } from '../../storage/threat-port.ts'
import type { AssessDeps } from './assess-deps.ts'
import { coarse } from './places/places.ts'
import type { Attempted } from './risk.ts'
import { HOUR_SECONDS, PRESENCE_SECONDS, RISES_AT } from './rules.ts'
import { hasRisen } from './signal.ts'

/** The attempt itself is counted already: as failed, before it was checked. */
export async function noteFailure(
  deps: AssessDeps,
  request: HttpRequest,
  attempted: Attempted,
  account: Attempt | undefined,
): Promise<void> {
  const { store, keys, surge, spares } = deps
  const { tenant, origin } = request
  const { address } = origin
  const [places, item] = [keys.triedFrom(address), keys.accountItem(attempted.userName)]
  const tried = (place: string) => (spares(address) ? 0 : store.threats.addDistinct(tenant, place, item, HOUR_SECONDS))
  const [fromAddress, fromSubnet, surges] = await Promise.all([
    tried(places.address),
    tried(places.subnet),
    surge.add(tenant),
  ])
  const failures = account === undefined ? 0 : account.before.count + 1
  const about = { tenant, requestId: request.id }
  const rise = async (name: string, count: number, from: number, raise: () => void) => {
    if (await hasRisen(store.limits, tenant, name, count, from)) raise()
  }
  await Promise.all([
    rise(keys.account(attempted.userName), failures, RISES_AT.password_guessing, () =>
      deps.raise({ ...about, signal: 'password_guessing', sub: attempted.user?.sub, count: failures }),
    ),
    rise(places.address, fromAddress, RISES_AT.tried_from_address, () =>
      deps.raise({
        ...about,
        signal: 'credential_stuffing',
        source: { kind: 'address', address },
        count: fromAddress,
      }),
    ),
    rise(places.subnet, fromSubnet, RISES_AT.tried_from_subnet, () =>
      deps.raise({ ...about, signal: 'credential_stuffing', source: { kind: 'subnet', address }, count: fromSubnet }),
    ),
    surges.isOn &&
      rise('failure_surge', surges.count, deps.rules.surgeFloor, () =>
        deps.raise({ ...about, signal: 'failure_surge', count: surges.count, usual: surges.usual }),
      ),
  ])
}

export async function noteSuccess(
  deps: AssessDeps,
  request: HttpRequest,
  { device }: Attempted,
  { sub, sid }: { readonly sub: string; readonly sid: string },
  facts: RiskFacts,
): Promise<void> {
  const { store, keys, places } = deps
  const { tenant, origin } = request
  const at = origin.time.epoch_seconds
  const place = places.find(origin.address)?.place
  const about = { tenant, requestId: request.id, sub, sid, count: 1 }
  const before = device.known ? undefined : await store.threats.presence(tenant, sub)
  await store.threats.noteArrival(tenant, sub, {
    network: keys.network(origin.address),
    ...(place && { place: coarse(place) }),
    at,
    expiresAt: at + PRESENCE_SECONDS,
  })
  if (facts.impossible_travel) deps.raise({ ...about, signal: 'impossible_travel' })
  // Of somebody's first sign-in of all every device is new.
  if (before !== undefined) deps.raise({ ...about, signal: 'new_device' })
}
