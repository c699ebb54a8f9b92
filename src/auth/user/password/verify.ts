/**
 * A password that somebody claims to be a person's. The same work for an unknown person (checklist 37); one that is right and
 * was hashed at another cost is hashed anew, before anybody notices (checklist 36).
 */
import type { HttpRequest } from '../../../http/message.ts'
import { OAuthError, StoreUnavailable } from '../../../kernel/errors.ts'
import type { UserStore } from '../../../storage/port.ts'
import type { UserRecord } from '../../../storage/records.ts'
import { GateFull, type Turn } from './gate.ts'
import type { PasswordHasher } from './hasher.ts'

export interface VerifyPasswordDeps {
  readonly passwords: PasswordHasher
  readonly store: { readonly users: Pick<UserStore, 'replace'> }
}

/** Throws temporarily_unavailable where as many hash as can. */
export async function verifyPassword(
  deps: VerifyPasswordDeps,
  request: HttpRequest,
  password: string,
  user: UserRecord | undefined,
  turn?: Turn,
): Promise<boolean> {
  const stored = user?.passwordHash
  const isRight = await slowedDown(deps.passwords.verify(password, stored, turn))
  if (isRight && user && stored !== undefined && !deps.passwords.isCurrent(stored))
    await rehash(deps, request.tenant, user, password)
  return isRight
}

/** Too many at once is for now: the caller comes again. */
export async function slowedDown<T>(hashing: Promise<T>): Promise<T> {
  try {
    return await hashing
  } catch (cause) {
    if (cause instanceof GateFull) throw new OAuthError('temporarily_unavailable', { cause, retryAfterSeconds: 2 })
    throw cause
  }
}

/** What cannot be done now is done at the next sign-in; whoever changed the record meanwhile has the last word. */
async function rehash(
  { passwords, store }: VerifyPasswordDeps,
  tenant: string,
  user: UserRecord,
  password: string,
): Promise<void> {
  try {
    const passwordHash = await passwords.hash(password)
    await store.users.replace(tenant, { ...user, passwordHash, version: user.version + 1 }, user.version)
  } catch (cause) {
    if (!(cause instanceof GateFull) && !(cause instanceof StoreUnavailable)) throw cause
  }
}
