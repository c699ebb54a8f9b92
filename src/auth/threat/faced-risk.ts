/** Reads the facts of risk of a sign-in: the same reads whether the account is there or not (checklist 37). */
import type { HttpRequest } from '../../http/message.ts'
import type { RiskFacts } from '../../policy-engine/contract/risk.ts'
import type { Attempts, PresenceRecord } from '../../storage/threat-port.ts'
import type { AssessDeps } from './assess-deps.ts'
import { lately } from './lately.ts'
import { kilometresBetween, type Located } from './places/places.ts'
import { type Attempted, isGuess } from './risk.ts'

/** Where nobody was named, or nothing is guessed, there are no failures to wait for. */
const NONE: Attempts = { count: 0 }

export async function facedRisk(deps: AssessDeps, request: HttpRequest, attempted: Attempted): Promise<RiskFacts> {
  const { store, keys, places, surge, spares } = deps
  const { threats, limits } = store
  const { tenant, origin } = request
  const { userName, user, device, proof } = attempted
  const guesses = isGuess(attempted)
  const tried = keys.triedFrom(origin.address)
  const isShared = spares(origin.address)
  const sub = user?.sub ?? keys.account(userName)
  const [here, account, address, subnet, triedFromAddress, triedFromSubnet, surges, presence, recent] =
    await Promise.all([
      guesses ? threats.attempts(tenant, keys.here(request, attempted)) : NONE,
      guesses ? threats.attempts(tenant, keys.account(userName)) : NONE,
      isShared ? 0 : limits.count(tenant, keys.address(origin.address)),
      isShared ? 0 : limits.count(tenant, keys.subnet(origin.address)),
      isShared ? 0 : threats.countDistinct(tenant, tried.address),
      isShared ? 0 : threats.countDistinct(tenant, tried.subnet),
      surge.isOn(tenant),
      threats.presence(tenant, sub),
      lately(limits, tenant, sub),
    ])
  const isKnown = presence?.networks.includes(keys.network(origin.address)) === true
  const located = places.find(origin.address)
  const travel = travelled(presence, located, origin.time.epoch_seconds)
  return {
    failures: {
      here: here.count,
      account: account.count,
      // A success that was counted in a window before this one is taken back in this one.
      address: Math.max(0, address),
      subnet: Math.max(0, subnet),
    },
    since_failure: {
      ...since('here', here, origin.time.epoch_seconds),
      ...since('account', account, origin.time.epoch_seconds),
    },
    accounts_tried: { address: triedFromAddress, subnet: triedFromSubnet },
    surge: surges,
    ...(proof === 'unguessable' && { unguessable: true }),
    new_device: userName !== '' && !device.known,
    network_known: isKnown,
    network_changed: presence !== undefined && !isKnown,
    ...(located?.country !== undefined && { country: located.country }),
    ...(travel && { travel }),
    impossible_travel: travel !== undefined && isImpossible(travel, deps.rules.travel),
    lately: recent,
  }
}

function since(of: 'here' | 'account', attempts: Attempts, now: number): Readonly<Record<string, number>> {
  return attempts.count === 0 ? {} : { [of]: secondsSince(attempts, now * 1000 + 999) }
}

function travelled(
  presence: PresenceRecord | undefined,
  located: Located | undefined,
  now: number,
): RiskFacts['travel'] {
  if (presence?.place === undefined || located?.place === undefined) return undefined
  return {
    kilometres: kilometresBetween(presence.place, located.place),
    seconds: Math.max(0, now - presence.place.at),
  }
}

function isImpossible(
  { kilometres, seconds }: NonNullable<RiskFacts['travel']>,
  rules: AssessDeps['rules']['travel'],
): boolean {
  return kilometres >= rules.kilometres && kilometres > (rules.kilometresPerHour * seconds) / 3600
}

export const secondsSince = ({ lastAtMs }: Attempts, nowMs: number): number =>
  Math.max(0, Math.floor((nowMs - (lastAtMs ?? nowMs)) / 1000))
