/** Rows of people, with the keys that each is found by: written here alone, whoever else writes in the same step. */
import type { UserWritten } from '../port.ts'
import { type UserRecord, userNameKey } from '../records.ts'
import { emailKey, verifiedEmailKey } from '../verified-email.ts'
import { bodyOf, changed, type Database } from './database.ts'

/**
 * Of a verified address, else of a user name: whoever has proven an address is who it means, though another has it as a name.
 * Parameters: tenant, name key, e-mail key.
 */
export const SUB_OF_NAME = `coalesce(
  (SELECT sub FROM users WHERE tenant = ?1 AND email_key = ?3),
  (SELECT sub FROM users WHERE tenant = ?1 AND name_key = ?2))`

/** Its last two parameters. */
export const signInKeys = (name: string): readonly [string, string] => [userNameKey(name), emailKey(name)]

type Refused = Exclude<UserWritten, 'missing'>

export class UserTable {
  readonly #holder
  readonly #insert
  readonly #update
  readonly #updateBody

  constructor(db: Database) {
    this.#holder = db.prepare('SELECT sub AS body FROM users WHERE tenant = ? AND email_key = ?')
    this.#insert = db.prepare(
      'INSERT INTO users (tenant, sub, name_key, email_key, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    )
    this.#updateBody = db.prepare('UPDATE users SET body = ? WHERE tenant = ? AND sub = ?')
    this.#update = db.prepare(
      'UPDATE OR IGNORE users SET name_key = ?, email_key = ?, body = ? WHERE tenant = ? AND sub = ?',
    )
  }

  insert(tenant: string, user: UserRecord): Refused {
    const email = verifiedEmailKey(user)
    const values = [tenant, user.sub, userNameKey(user.userName)] as const
    if (changed(this.#insert, ...values, email ?? null, JSON.stringify(user)) === 1) return 'written'
    return this.#why(tenant, user.sub, email)
  }

  /** Of one that is there. */
  update(tenant: string, user: UserRecord): Refused {
    const email = verifiedEmailKey(user)
    const values = [userNameKey(user.userName), email ?? null, JSON.stringify(user)] as const
    if (changed(this.#update, ...values, tenant, user.sub) === 1) return 'written'
    return this.#why(tenant, user.sub, email)
  }

  /** But for what it is found by, which stays. */
  replaceBody(tenant: string, user: UserRecord): boolean {
    return changed(this.#updateBody, JSON.stringify(user), tenant, user.sub) === 1
  }

  #why(tenant: string, sub: string, email: string | undefined): Refused {
    const holder = email === undefined ? undefined : bodyOf(this.#holder, tenant, email)
    return holder === undefined || holder === sub ? 'conflict' : 'email_taken'
  }
}
