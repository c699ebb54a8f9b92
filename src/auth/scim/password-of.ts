/** The hash of a password that came by SCIM, where it may be set; a server that hashes all it can answers 503. RFC 7643 4.1.1. */
import { ScimError } from '../../kernel/errors.ts'
import { GateFull } from '../user/password/gate.ts'
import { MAX_PASSWORD_BYTES, type PasswordHasher } from '../user/password/hasher.ts'
import type { PasswordFault, PasswordOwner, PasswordRules } from '../user/password/rules.ts'

export interface PasswordOfDeps {
  readonly passwords: PasswordHasher
  readonly passwordRules: PasswordRules
}

const SAYS: Readonly<Record<PasswordFault, (least: number) => string>> = {
  too_short: (least) => `The password of this user needs ${least} characters.`,
  too_long: () => `A password has at most ${MAX_PASSWORD_BYTES} bytes.`,
  common: () => 'This password is among the first that are guessed. Choose another, or several words.',
  breached: () => 'This password is known from a breach elsewhere. Choose another.',
  about_you: () => 'This password is little more than the name or address of the user or the service. Choose another.',
}

export async function passwordHashOf(
  { passwords, passwordRules }: PasswordOfDeps,
  password: string | undefined,
  owner: PasswordOwner,
  leastCharacters: number,
): Promise<{ readonly passwordHash: string } | undefined> {
  if (password === undefined) return undefined
  const fault = await passwordRules.check(password, owner, leastCharacters)
  if (fault !== undefined) throw new ScimError('invalidValue', { detail: SAYS[fault](leastCharacters) })
  try {
    return { passwordHash: await passwords.hash(password) }
  } catch (cause) {
    if (cause instanceof GateFull) throw new ScimError('unavailable', { cause, retryAfterSeconds: 2 })
    throw cause
  }
}
