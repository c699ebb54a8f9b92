/**
 * Keys of counters, under a secret of the instance: the store holds no name or address, nobody outside can find two that share
 * a place, and there are so many places and no more, however many names and addresses an attacker makes up. Two that meet in
 * one are counted together: of a million places, one in a thousand accounts meets one of 1,000 under attack.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { HttpRequest } from '../../http/message.ts'
import { networkOf, subnetOf } from '../../http/network-of.ts'
import { userNameKey } from '../../storage/records.ts'
import type { RiseAbout } from '../../storage/threat-port.ts'
import type { Attempted } from './risk.ts'

/** 2^20 places of each kind of counter, 2^18 of each kind of sketch. */
const COUNTER_BITS = 20
const SKETCH_BITS = 18

export interface CounterKeys {
  /** Failures that are counted against an attempt from here. */
  here(request: HttpRequest, attempted: Attempted): string
  /** Failures of all unknown devices. */
  account(userName: string): string
  address(address: string): string
  subnet(address: string): string
  triedFrom(address: string): { readonly address: string; readonly subnet: string }
  /** Tells accounts apart in a sketch. */
  accountItem(userName: string): string
  /** As a person's presence remembers it. */
  network(address: string): string
  client(purpose: 'agreed' | 'introspected', clientId: string): string
  personItem(sub: string): string
  /** What a signal is about, with no other beside it; an address is cut to its network. */
  about(about: RiseAbout, id: string): string
}

export function counterKeys(derive: (purpose: string) => Uint8Array): CounterKeys {
  const bytes = derive('threat counters')
  const key = createSecretKey(bytes)
  bytes.fill(0)
  const place = (bits: number, ...parts: readonly string[]) => `${parts[0]}:${placeOf(key, bits, parts)}`
  return {
    here: (request, { userName, device }) =>
      device.known && device.id !== undefined
        ? place(COUNTER_BITS, 'device', userNameKey(userName), device.id)
        : place(COUNTER_BITS, 'from', userNameKey(userName), networkOf(request.origin.address)),
    account: (userName) => place(COUNTER_BITS, 'account', userNameKey(userName)),
    address: (address) => place(COUNTER_BITS, 'address', networkOf(address)),
    subnet: (address) => place(COUNTER_BITS, 'subnet', subnetOf(address)),
    triedFrom: (address) => ({
      address: place(SKETCH_BITS, 'tried-address', networkOf(address)),
      subnet: place(SKETCH_BITS, 'tried-subnet', subnetOf(address)),
    }),
    accountItem: (userName) => digest(key, ['item', userNameKey(userName)]).toString('base64url'),
    network: (address) => digest(key, ['network', subnetOf(address)]).toString('base64url', 0, 12),
    client: (purpose, clientId) => place(SKETCH_BITS, purpose, clientId),
    personItem: (sub) => digest(key, ['person', sub]).toString('base64url'),
    about: (about, id) => digest(key, ['about', about, cutTo(about, id)]).toString('base64url'),
  }
}

const cutTo = (about: RiseAbout, id: string): string =>
  about === 'address' ? networkOf(id) : about === 'subnet' ? subnetOf(id) : id

const digest = (key: KeyObject, parts: readonly string[]): Buffer =>
  createHmac('sha256', key).update(JSON.stringify(parts)).digest()

const placeOf = (key: KeyObject, bits: number, parts: readonly string[]): number =>
  digest(key, parts).readUInt32BE(0) >>> (32 - bits)
