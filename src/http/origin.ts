/**
 * Address and time of a request, as decisions take them. `X-Forwarded-For` counts only as far as the proxies named in
 * the configuration wrote it: read from the right, the first address that is no trusted proxy is the caller's.
 */
import { BlockList, isIP, isIPv4 } from 'node:net'
import type { Clock } from '../kernel/clock.ts'
import { ConfigError } from '../kernel/errors.ts'
import type { Origin } from './message.ts'

/** The caller's address, from the socket's and the X-Forwarded-For header. */
export type AddressReader = (socketAddress: string | undefined, forwarded: string | undefined) => string

/** IPv4 in IPv6 form becomes IPv4, zone ids go: one address has one text. */
export function normalise(text: string): string {
  const bare = text.trim().split('%')[0] ?? ''
  const mapped = bare.toLowerCase().startsWith('::ffff:') ? bare.slice(7) : bare
  return isIPv4(mapped) ? mapped : bare.toLowerCase()
}

function proxyList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = isIP(address)
    const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix)
    if (family === 0 || !Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128))
      throw new ConfigError(`trusted proxy ${network} is no address or CIDR network`)
    list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

/** Whether an address in its one text is that of a proxy whose word counts. */
export type TrustsProxy = (address: string) => boolean

export function trustedProxies(networks: readonly string[]): TrustsProxy {
  const list = proxyList(networks)
  return (address) => isIP(address) !== 0 && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

/** `unnamed` is called once: when somebody who is no trusted proxy writes X-Forwarded-For. */
export function addressReader(networks: readonly string[], unnamed: () => void = () => undefined): AddressReader {
  const trusted = trustedProxies(networks)
  let isTold = false
  return (socketAddress, forwarded) => {
    let address = normalise(socketAddress ?? '')
    if (forwarded !== undefined && !isTold && !trusted(address)) {
      isTold = true
      unnamed()
    }
    if (networks.length === 0) return address
    const hops = forwarded === undefined ? [] : forwarded.split(',')
    while (trusted(address)) {
      const previous = normalise(hops.pop() ?? '')
      if (isIP(previous) === 0) break
      address = previous
    }
    return address
  }
}

const MINUTE_MS = 60 * 1000
const DAY_MINUTES = 24 * 60

export function originAt(address: string, clock: Clock): Origin {
  const nowMs = clock.nowMs()
  const minutes = Math.floor(nowMs / MINUTE_MS)
  const days = Math.floor(minutes / DAY_MINUTES)
  // 1 January 1970 was a Thursday, 4 in ISO 8601.
  const weekday = ((days + 3) % 7) + 1
  return {
    address,
    time: { epoch_seconds: Math.floor(nowMs / 1000), minute_of_day: minutes % DAY_MINUTES, weekday },
  }
}
