/** net.cidr_merge: addresses and blocks to the fewest blocks. A lone IPv4 address stands for its class's network. */
import { isArray, isSet, RegoSet, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import {
  addressAt,
  lastAddress,
  type Network,
  parseAddress,
  parseNetwork,
  position,
  writeNetwork,
} from './ip-network.ts'

interface Range {
  readonly first: bigint
  readonly last: bigint
  /** Only where nothing was merged: written as it was given. */
  readonly network: Network | undefined
}

export function mergeCidrs(context: BuiltinContext, given: Value | undefined): RegoSet {
  if (given === undefined || !(isArray(given) || isSet(given))) throw new BuiltinError('operand must be an array')
  const members = [...given]
  context.charge(members.length * Math.ceil(Math.log2(members.length + 2)) * 100)
  const ranges = merge(members.map((member) => rangeOf(networkOf(member))))
  return new RegoSet(
    ranges.flatMap(({ first, last, network }) => (network ? [network] : blocks(first, last))).map(writeNetwork),
  )
}

function networkOf(member: Value): Network {
  if (typeof member !== 'string') throw new BuiltinError('element must be string')
  const address = parseAddress(member)
  if (address === undefined) return parseNetwork(member)
  if (address.bits === 128) throw new BuiltinError('IPv6 invalid: needs prefix length')
  return { ...address, prefix: classPrefix(Number(address.value >> 24n)) }
}

const classPrefix = (firstByte: number): number => (firstByte < 0x80 ? 8 : firstByte < 0xc0 ? 16 : 24)

function rangeOf(network: Network): Range {
  const host = BigInt(network.bits - network.prefix)
  const base = (network.value >> host) << host
  return { first: position({ bits: network.bits, value: base }), last: position(lastAddress(network)), network }
}

function merge(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => compare(a.last, b.last) || compare(a.first, b.first))
  const merged: Range[] = []
  // From the highest down, as a block may swallow several below it.
  for (let current = sorted.pop(); current !== undefined; ) {
    const below = sorted.pop()
    if (below === undefined || below.last < before(current.first)) {
      merged.push(current)
      current = below
    } else {
      current = { first: lower(below.first, current.first), last: current.last, network: undefined }
    }
  }
  return merged
}

const lower = (a: bigint, b: bigint): bigint => (compare(a, b) < 0 ? a : b)
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** Nothing is before the first address of either family. */
const before = (place: bigint): bigint => (place === 0n || place === 0xffffn << 32n ? place : place - 1n)

/** The largest aligned blocks, one after the other. */
function blocks(first: bigint, last: bigint): Network[] {
  const found: Network[] = []
  for (let from = first; from <= last; ) {
    let size = 1n
    let host = 0
    while (from % (size * 2n) === 0n && from + size * 2n - 1n <= last && host < 128) {
      size *= 2n
      host++
    }
    const address = addressAt(from)
    const inV4 = address.bits === 32 && host <= 32
    found.push(inV4 ? { ...address, prefix: 32 - host } : { bits: 128, value: from, prefix: 128 - host })
    from += size
  }
  return found
}
