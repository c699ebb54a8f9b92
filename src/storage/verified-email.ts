/**
 * By which address a person is found: the primary one of the SCIM profile (RFC 7643 4.1.2), once it was proven. Stores keep an index
 * of it, in which an address stands once in a tenant.
 */
import { domainToASCII } from 'node:url'
import type { UserRecord } from './records.ts'

type Person = Pick<UserRecord, 'profile'>

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

/** The primary entry of a multi-valued attribute, else its first (RFC 7643 2.4). */
export function primaryEntry(values: unknown): Readonly<Record<string, unknown>> {
  const entries = Array.isArray(values) ? values.map(asRecord) : []
  return entries.find((entry) => entry.primary === true) ?? entries[0] ?? {}
}

export function emailOf({ profile }: Person): string | undefined {
  const { value } = primaryEntry(profile.emails)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Verified here, or by a source that policy takes as authoritative. */
export const isEmailVerified = (user: Person): boolean =>
  emailOf(user) !== undefined && user.profile.emailVerified === true

/** `domainToASCII` reads the host of a URL: it stops at what ends one, drops and decodes what it likes. */
const DOMAIN = /^[\p{L}\p{M}\p{N}.-]+$/u

/**
 * Addresses with one key are one address: without case, in Unicode NFKC (so that no look-alike of a letter makes another one), the
 * domain in its ASCII form (RFC 5891). Any other text is its own key, in that writing.
 */
export function emailKey(address: string): string {
  const plain = address.normalize('NFKC').toLowerCase().normalize('NFKC')
  const at = plain.lastIndexOf('@')
  const written = plain.slice(at + 1)
  const domain = DOMAIN.test(written) ? domainToASCII(written) : ''
  return at < 1 || domain === '' ? plain : `${plain.slice(0, at + 1)}${domain}`
}

/** Undefined: nobody has proven the address, and the person is found by none. */
export function verifiedEmailKey(user: Person): string | undefined {
  const address = emailOf(user)
  return address !== undefined && isEmailVerified(user) ? emailKey(address) : undefined
}
