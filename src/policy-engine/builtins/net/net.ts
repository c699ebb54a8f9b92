/** net.*: what the module's own C code lacks. */
import { isArray, isObject, isSet, RegoSet, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from '../builtin.ts'
import { asString } from '../operands.ts'
import { mergeCidrs } from './cidr-merge.ts'
import {
  contains,
  containsNetwork,
  type Network,
  parseAddress,
  parseNetwork,
  tryNetwork,
  writeAddress,
} from './ip-network.ts'
import { lookUpAddresses } from './look-up.ts'

export const NET: BuiltinTable = {
  'net.lookup_ip_addr': lookUpAddresses,
  'net.cidr_is_valid': (_, text) => typeof text === 'string' && tryNetwork(text) !== undefined,
  'net.cidr_expand': (context, text) => expand(context, parseNetwork(asString(1, text))),
  'net.cidr_merge': mergeCidrs,
  'net.cidr_contains_matches': (context, outer, inner) => containedPairs(context, outer, inner),
}

function expand(context: BuiltinContext, network: Network): Value {
  const size = 2 ** (network.bits - network.prefix)
  context.charge(size * 200)
  const { bits, value } = network
  return new RegoSet(Array.from({ length: size }, (_, at) => writeAddress({ bits, value: value + BigInt(at) })))
}

interface Candidate {
  readonly cidr: Value
  /** What names it in the answer: its index, its key, or itself. */
  readonly index: Value
}

function containedPairs(context: BuiltinContext, outer: Value | undefined, inner: Value | undefined): Value {
  const networks = new Map<Value, Network>()
  const found: Value[] = []
  for (const left of candidates(1, outer)) {
    for (const right of candidates(2, inner)) {
      context.charge(100)
      if (containsText(networks, left.cidr, right.cidr)) found.push([left.index, right.index])
    }
  }
  return new RegoSet(found)
}

/** Lazily: a member that is wrong matters only where it is reached. */
function* candidates(position: number, value: Value | undefined): Generator<Candidate> {
  if (typeof value === 'string') yield { cidr: value, index: value }
  else if (value === undefined || value === null || typeof value !== 'object') return
  else if (isArray(value))
    for (const [at, member] of value.entries()) yield { cidr: cidrOf(position, member), index: at }
  else if (isSet(value)) for (const member of value) yield { cidr: cidrOf(position, member), index: member }
  else if (isObject(value)) for (const [key, member] of value) yield { cidr: cidrOf(position, member), index: key }
}

/** A text, or an array that begins with one. */
function cidrOf(position: number, member: Value): Value {
  if (typeof member === 'string') return member
  const [first] = isArray(member) ? member : []
  if (first === undefined) throw new BuiltinError(`operand ${position}: element must be string or non-empty array`)
  return first
}

function containsText(networks: Map<Value, Network>, outer: Value, inner: Value): boolean {
  const text = asString(1, outer)
  const network = networks.get(text) ?? parseNetwork(text)
  networks.set(text, network)
  const within = asString(1, inner)
  const address = parseAddress(within)
  if (address !== undefined) return contains(network, address)
  const block = tryNetwork(within)
  if (block !== undefined) return containsNetwork(network, block)
  throw new BuiltinError(`not a valid textual representation of an IP address or CIDR: ${within}`)
}
