/** Whom an address stands for where requests are counted. */
import { isIPv6 } from 'node:net'

/** The eight groups of an IPv6 address, each in its shortest form. */
function groupsOf(address: string): readonly string[] {
  const [head = '', tail] = address.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const full = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return full.map((group) => Number.parseInt(group, 16).toString(16))
}

/** IPv6 by /64, the least that one subscriber has: its lower half is free for a guesser to change. */
export const networkOf = (address: string): string =>
  isIPv6(address) ? groupsOf(address).slice(0, 4).join(':') : address

/** The /24 of an IPv4 address, the /48 of an IPv6 one: what one site or renter of servers has. */
export const subnetOf = (address: string): string =>
  isIPv6(address) ? groupsOf(address).slice(0, 3).join(':') : address.split('.').slice(0, 3).join('.')
