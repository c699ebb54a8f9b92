/**
 * What a session is used from: browser and system by name, and the network. A copied cookie comes from elsewhere; that
 * something differs from the last time is a fact for `session`, never proof of theft. Checklist 44.
 */
import { isIPv4 } from 'node:net'
import type { HttpRequest } from '../../http/message.ts'
import { networkOf } from '../../http/network-of.ts'
import type { ActivityPlace } from '../../storage/activity-port.ts'
import type { Sight } from '../../storage/records.ts'
import { browserName } from './browser-name.ts'

/** The /24 of IPv4, the /48 of IPv6: what one household or office keeps, at least for a day. */
export function wideNetworkOf(address: string): string {
  if (isIPv4(address)) return `${address.slice(0, address.lastIndexOf('.'))}.0/24`
  return `${networkOf(address).split(':').slice(0, 3).join(':')}::/48`
}

/** As its person may know it again. */
export function placeOf(
  request: Pick<HttpRequest, 'headers' | 'origin'>,
  countryOf: (address: string) => string | undefined = () => undefined,
): ActivityPlace {
  const { address } = request.origin
  const country = countryOf(address)
  return { ...browserName(request), network: wideNetworkOf(address), ...(country !== undefined && { country }) }
}

const isOfIPv4 = (place: string): boolean => place.endsWith('/24')

export interface Changes {
  readonly browser: boolean
  readonly network: boolean
  /** As it is now. */
  readonly sight: Sight
}

const NOWHERE: Sight = { browser: '', system: '', networks: [] }

export const sightOf = (request: Pick<HttpRequest, 'headers' | 'origin'>): Sight => ({
  ...browserName(request),
  networks: [wideNetworkOf(request.origin.address)],
})

/** One that nothing is known of, begun before this was kept, has not changed. */
export function changesSince(before: Sight | undefined, request: Pick<HttpRequest, 'headers' | 'origin'>): Changes {
  const { browser, system, networks } = before ?? NOWHERE
  const now = sightOf(request)
  const [place = ''] = now.networks
  const others = networks.filter((one) => isOfIPv4(one) !== isOfIPv4(place))
  return {
    browser: before !== undefined && (now.browser !== browser || now.system !== system),
    network: before !== undefined && !networks.includes(place),
    sight: { ...now, networks: [place, ...others] },
  }
}
