/**
 * What kind of network an address belongs to (IANA, IPv4 and IPv6 Special-Purpose Address Registries, RFC 6890). An IPv4
 * address inside an IPv6 one (mapped, NAT64, 6to4) is judged as the IPv4 address that it reaches.
 */
import { BlockList, isIP, isIPv4 } from 'node:net'

export type AddressKind =
  | 'public'
  | 'private'
  | 'loopback'
  | 'link-local'
  /** Where a cloud tells each machine its credentials. */
  | 'metadata'
  | 'multicast'
  | 'reserved'

type Range = readonly [network: string, prefix: number]

/** The first that holds the address names its kind. */
const KINDS: readonly (readonly [AddressKind, readonly Range[]])[] = [
  [
    'metadata',
    [
      ['169.254.169.254', 32],
      ['169.254.170.2', 32],
      ['169.254.170.23', 32],
      ['100.100.100.200', 32],
      ['168.63.129.16', 32],
      ['fd00:ec2::254', 128],
      ['fd00:ec2::23', 128],
      ['fd20:ce::254', 128],
    ],
  ],
  [
    'loopback',
    [
      ['127.0.0.0', 8],
      ['::1', 128],
    ],
  ],
  [
    'link-local',
    [
      ['169.254.0.0', 16],
      ['fe80::', 10],
    ],
  ],
  [
    'private',
    [
      ['10.0.0.0', 8],
      ['172.16.0.0', 12],
      ['192.168.0.0', 16],
      // Carrier-grade NAT, RFC 6598.
      ['100.64.0.0', 10],
      // Benchmarking, RFC 2544.
      ['198.18.0.0', 15],
      ['fc00::', 7],
      // Site-local, deprecated by RFC 3879 and still routed in places.
      ['fec0::', 10],
    ],
  ],
  [
    'multicast',
    [
      ['224.0.0.0', 4],
      ['ff00::', 8],
    ],
  ],
  [
    'reserved',
    [
      ['0.0.0.0', 8],
      ['192.0.0.0', 24],
      ['192.0.2.0', 24],
      ['192.88.99.0', 24],
      ['198.51.100.0', 24],
      ['203.0.113.0', 24],
      ['240.0.0.0', 4],
      // NAT64 of one network (RFC 8215): the place of the IPv4 address in it is that network's own, and unknown here.
      ['64:ff9b:1::', 48],
      ['2001::', 23],
      ['2001:db8::', 32],
      ['3fff::', 20],
      ['5f00::', 16],
    ],
  ],
]

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv4(address) ? 'ipv4' : 'ipv6')

const LISTS: readonly (readonly [AddressKind, BlockList])[] = KINDS.map(([kind, ranges]) => {
  const list = new BlockList()
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, familyOf(network))
  return [kind, list]
})
const GLOBAL_UNICAST = new BlockList()
GLOBAL_UNICAST.addSubnet('2000::', 3, 'ipv6')

/** Of an address as `plainAddress` gives it. */
export function kindOf(address: string): AddressKind {
  const family = familyOf(address)
  const kind = LISTS.find(([, list]) => list.check(address, family))?.[0]
  if (kind !== undefined) return kind
  return family === 'ipv4' || GLOBAL_UNICAST.check(address, 'ipv6') ? 'public' : 'reserved'
}

/** In one spelling, without zone, and as IPv4 where an IPv6 address stands for one; undefined for what is no address. */
export function plainAddress(text: string): string | undefined {
  const address = text.replace(/%.*$/, '')
  const version = isIP(address)
  if (version === 0) return undefined
  if (version === 4) return address
  // The URL standard has one spelling of each IPv6 address, all in hexadecimal.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  return embedded(groupsOf(canonical)) ?? canonical
}

/** The eight 16-bit groups of an address in its canonical spelling. */
function groupsOf(canonical: string): readonly number[] {
  const [head = '', tail] = canonical.split('::')
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)))
  const front = parse(head)
  const back = parse(tail ?? '')
  const gap = tail === undefined ? 0 : 8 - front.length - back.length
  return [...front, ...new Array<number>(gap).fill(0), ...back]
}

/** IPv4-mapped and IPv4-compatible (RFC 4291 2.5.5), NAT64 (RFC 6052), 6to4 (RFC 3056), SIIT (RFC 2765). */
function embedded(groups: readonly number[]): string | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups
  if (a === 0x2002) return dotted(b, c)
  if (a === 0x64 && b === 0xff9b && (c | d | e | f) === 0) return dotted(g, h)
  if ((a | b | c | d) !== 0) return undefined
  if (e === 0xffff && f === 0) return dotted(g, h)
  if (e !== 0) return undefined
  if (f === 0xffff) return dotted(g, h)
  return f === 0 && g !== 0 ? dotted(g, h) : undefined
}

const dotted = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join('.')
