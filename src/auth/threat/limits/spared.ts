/** Addresses that nothing is counted against: what comes from there may be everybody. Checklist 38. */
import { kindOf, plainAddress } from '../../../egress/address.ts'

/** Of an address, or of an IPv6 network told by its first four groups. */
export type Spares = (address: string) => boolean

/** This machine is no guest. Without a proxy that is known, a private network may be that of one which everybody comes through. */
export const sparedAddresses =
  (knowsProxies: boolean): Spares =>
  (text) => {
    const address = plainAddress(text) ?? plainAddress(`${text}::`)
    if (address === undefined) return true
    const kind = kindOf(address)
    return kind === 'loopback' || (!knowsProxies && kind === 'private')
  }
