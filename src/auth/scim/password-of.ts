/** The hash of a password that came by SCIM; a server that hashes all it can answers 503. RFC 7643 4.1.1. */
import { ScimError } from '../../kernel/errors.ts'
import { GateFull } from '../user/gate.ts'
import type { PasswordHasher } from '../user/password.ts'

export async function passwordHashOf(
  passwords: PasswordHasher,
  password: string | undefined,
): Promise<{ readonly passwordHash: string } | undefined> {
  if (password === undefined) return undefined
  try {
    return { passwordHash: await passwords.hash(password) }
  } catch (cause) {
    if (cause instanceof GateFull) throw new ScimError('unavailable', { cause, retryAfterSeconds: 2 })
    throw cause
  }
}
