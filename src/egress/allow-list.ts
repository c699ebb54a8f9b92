/**
 * Who may be reached. An entry is a host (`opa.internal`), a suffix (`*.example.com`), an address or a CIDR range, each with
 * a port behind it or for every port; an IPv6 one with a port stands in brackets (`[fd00::/8]:443`).
 *
 * | reached | when |
 * |---|---|
 * | public address | unlisted hosts are let out, or host or address is listed |
 * | private or loopback address | the host is listed by its whole name, or the address is |
 * | link-local, metadata, multicast, reserved address | the address is listed |
 *
 * A suffix vouches for public addresses only: whoever may make a name below it could point it at this machine.
 */
import { BlockList, isIP } from 'node:net'
import { type AddressKind, kindOf, plainAddress } from './address.ts'

export interface Target {
  /** As in a URL, in lower case, without brackets. */
  readonly host: string
  /** Absent: of any port, for a look-up. */
  readonly port?: number
}

export interface AllowList {
  /** Whether it makes sense to look the host up at all. */
  mayResolve(target: Target): boolean
  /** Undefined where `address` of the target may be connected to; else the kind that forbids it. */
  refuses(target: Target, address: string): AddressKind | undefined
}

interface Entry {
  readonly port: number | undefined
  readonly host?: string
  /** With its dot. */
  readonly suffix?: string
  readonly range?: BlockList
}

/** Kinds that the whole name of a host vouches for. */
const BY_NAME: ReadonlySet<AddressKind> = new Set(['public', 'private', 'loopback'])

const HOST = /^(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/

/** `unlisted`: what becomes of hosts and addresses that no entry names, where they are public. */
export function createAllowList(entries: readonly string[], unlisted: 'public' | 'none'): AllowList {
  const list = entries.map((entry) => {
    const parsed = parseEntry(entry)
    if (parsed === undefined) throw new TypeError(`not an entry of the allow-list: ${entry}`)
    return parsed
  })
  const at = ({ port }: Target) =>
    list.filter((entry) => port === undefined || entry.port === undefined || entry.port === port)
  return {
    mayResolve: (target) =>
      unlisted === 'public' || at(target).some((entry) => entry.range !== undefined || names(entry, target.host)),
    refuses: (target, address) => {
      const plain = plainAddress(address)
      if (plain === undefined) return 'reserved'
      const open = at(target)
      if (open.some(({ range }) => range?.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6') === true)) return undefined
      const kind = kindOf(plain)
      if (kind === 'public' && unlisted === 'public') return undefined
      const byName = open.some((entry) => entry.host === target.host) && BY_NAME.has(kind)
      const bySuffix = kind === 'public' && open.some((entry) => names(entry, target.host))
      return byName || bySuffix ? undefined : kind
    },
  }
}

const names = ({ host, suffix }: Entry, name: string): boolean =>
  host === name || (suffix !== undefined && name.endsWith(suffix))

export const isEntry = (text: string): boolean => parseEntry(text) !== undefined

function parseEntry(text: string): Entry | undefined {
  const { subject, port } = splitPort(text.toLowerCase())
  if (subject === '' || (port !== undefined && (port < 1 || port > 65_535))) return undefined
  const range = rangeOf(subject)
  if (range !== undefined) return { port, range }
  const name = subject.replace(/^\*\./, '')
  // What looks like an address and is none would never match.
  if (!HOST.test(name) || name.length > 253 || /^[\d.]+$/.test(name)) return undefined
  return subject === name ? { port, host: name } : { port, suffix: `.${name}` }
}

function splitPort(text: string): { subject: string; port: number | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(\d{1,5}))?$/.exec(text)
  const [, subject = text, port] = bracketed ?? (isIP(text.split('/')[0] ?? '') === 6 ? [] : portAtEnd(text))
  return { subject, port: port === undefined ? undefined : Number(port) }
}

const portAtEnd = (text: string): readonly (string | undefined)[] => /^(.+):(\d{1,5})$/.exec(text) ?? []

/** IPv6 ranges that stand for IPv4 ones are no entries: what they reach is judged as IPv4. */
function rangeOf(text: string): BlockList | undefined {
  const [network = '', bits, ...rest] = text.split('/')
  const version = isIP(network)
  if (version === 0 || rest.length > 0 || (version === 6 && isIP(plainAddress(network) ?? '') !== 6)) return undefined
  const longest = version === 4 ? 32 : 128
  const prefix = bits === undefined ? longest : Number(bits)
  if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || prefix > longest)) return undefined
  const list = new BlockList()
  list.addSubnet(network, prefix, version === 4 ? 'ipv4' : 'ipv6')
  return list
}
