/** IP addresses and CIDR blocks as Go's package net reads and writes them; IPv4 in IPv6 (::ffff:0:0/96) is IPv4. */
import { isIPv4, isIPv6 } from 'node:net'
import { BuiltinError } from '../builtin.ts'

export interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

export interface Network extends Address {
  readonly prefix: number
}

const MAPPED = 0xffffn << 32n
const isMapped = (value: bigint): boolean => value >> 32n === 0xffffn

export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { bits: 32, value: parseV4(text) }
  if (text.includes('%') || !isIPv6(text)) return undefined
  return unmapped(parseV6(text))
}

const unmapped = (value: bigint): Address =>
  isMapped(value) ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value }

const parseV4 = (text: string): bigint => text.split('.').reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)

function parseV6(text: string): bigint {
  const tail = text.slice(text.lastIndexOf(':') + 1)
  const v4 = tail.includes('.') ? parseV4(tail) : undefined
  const groups =
    v4 === undefined ? text : `${text.slice(0, -tail.length)}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`
  const [head = '', rest] = groups.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = rest === undefined || rest === '' ? [] : rest.split(':')
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

/** The block, bits behind the prefix cleared. Throws BuiltinError in Go's words. */
export function parseNetwork(text: string): Network {
  const network = tryNetwork(text)
  if (network === undefined) throw new BuiltinError(`invalid CIDR address: ${text}`)
  return network
}

export function tryNetwork(text: string): Network | undefined {
  const [, address = '', length = ''] = /^([^/]*)\/(\d{1,7})$/.exec(text) ?? []
  const isV4 = isIPv4(address)
  if (!isV4 && (address.includes('%') || !isIPv6(address))) return undefined
  const prefix = Number(length)
  if (prefix > (isV4 ? 32 : 128)) return undefined
  const value = isV4 ? parseV4(address) : parseV6(address)
  if (isV4) return { bits: 32, value: masked(value, 32, prefix), prefix }
  const base = masked(value, 128, prefix)
  return isMapped(base) && prefix >= 96
    ? { bits: 32, value: base & 0xffffffffn, prefix: prefix - 96 }
    : { bits: 128, value: base, prefix }
}

function masked(value: bigint, bits: number, prefix: number): bigint {
  const host = BigInt(bits - prefix)
  return (value >> host) << host
}

export const contains = (network: Network, { bits, value }: Address): boolean =>
  network.bits === bits && masked(value, bits, network.prefix) === masked(network.value, bits, network.prefix)

export const containsNetwork = (outer: Network, inner: Network): boolean =>
  outer.prefix <= inner.prefix && contains(outer, inner)

/** Both families on one line of 128 bits. */
export const position = ({ bits, value }: Address): bigint => (bits === 32 ? MAPPED | value : value)
export const addressAt = (place: bigint): Address => unmapped(place)

export function lastAddress({ bits, value, prefix }: Network): Address {
  return { bits, value: masked(value, bits, prefix) | ((1n << BigInt(bits - prefix)) - 1n) }
}

export function writeAddress({ bits, value }: Address): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.')
  return writeV6(value)
}

/** RFC 5952: the first longest run of two or more zero groups is cut. */
function writeV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - at * 16)) & 0xffffn).toString(16))
  let best = { from: 0, length: 1 }
  for (let from = 0; from < 8; from++) {
    let length = 0
    while (groups[from + length] === '0') length++
    if (length > best.length) best = { from, length }
  }
  if (best.length < 2) return groups.join(':')
  return `${groups.slice(0, best.from).join(':')}::${groups.slice(best.from + best.length).join(':')}`
}

export const writeNetwork = (network: Network): string => `${writeAddress(network)}/${network.prefix}`
