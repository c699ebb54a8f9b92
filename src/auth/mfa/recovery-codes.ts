/**
 * Recovery codes: 120 random bits each, so that SHA-256 keeps them as well as a slow hash keeps a password (ASVS 6.5.2), in
 * letters that are not taken for one another. Checklist 40.
 */
import { randomBytes } from 'node:crypto'
import { digestOf } from '../../kernel/ids.ts'

/** Crockford's base 32, of which each takes five bits: no I, L, O or U. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 24
const SHAPE = new RegExp(`^[${LETTERS}]{${LENGTH}}$`)

const grouped = (code: string): string => (code.match(/.{4}/g) ?? []).join('-')

export function newRecoveryCode(): string {
  const bytes = randomBytes(LENGTH)
  const code = [...bytes].map((byte) => LETTERS.charAt(byte % LETTERS.length)).join('')
  bytes.fill(0)
  return grouped(code)
}

/** As it was typed: case, blanks and hyphens don't matter, nor letters that look like digits. Undefined: none of ours. */
export function readRecoveryCode(typed: string | undefined): string | undefined {
  const code = (typed ?? '').toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  return SHAPE.test(code) ? grouped(code) : undefined
}

/** Of one account in one tenant, so that equal codes of two would not be seen to be. */
export const recoveryDigest = (tenant: string, sub: string, code: string): string =>
  digestOf(`recovery\n${tenant}\n${sub}\n${code}`)
