/** A change of a person that must not undo another: read, changed, written where nothing came between, else done anew. */
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { UserStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'

const ATTEMPTS = 8

/** Somebody else has proven the address that the change would give the person. */
class EmailTaken extends Error {
  override readonly name = 'EmailTaken'
}

/** For callers that have an answer to it. */
export function asTaken(cause: unknown): 'email_taken' {
  if (cause instanceof EmailTaken) return 'email_taken'
  throw cause
}

/** Throws EmailTaken. Answers what was written; undefined where the person is gone or `change` wants no change of what is there now. */
export async function changeUser(
  users: Pick<UserStore, 'find' | 'replace'>,
  tenant: string,
  sub: string,
  nowSeconds: number,
  change: (user: UserRecord) => Partial<UserRecord> | undefined,
): Promise<UserRecord | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const user = await users.find(tenant, sub)
    const changed = user && change(user)
    if (user === undefined || changed === undefined) return undefined
    const next = { ...user, ...changed, updatedAt: nowSeconds, version: user.version + 1 }
    const written = await users.replace(tenant, next, user.version)
    if (written === 'written') return next
    if (written === 'missing') return undefined
    if (written === 'email_taken') throw new EmailTaken()
  }
  throw new StoreUnavailable('a person changes faster than can be written')
}
