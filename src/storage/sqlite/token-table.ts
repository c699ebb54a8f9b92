/** The rows of access tokens in SQLite, and the steps inside a transaction that touch them. */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { type AccessTokenRecord, decodeRecord } from '../records.ts'
import type { Database } from './database.ts'

export class TokenTable {
  readonly #clock: Clock
  readonly #insert
  readonly #select
  readonly #revoke

  constructor(db: Database, clock: Clock) {
    this.#clock = clock
    this.#insert = db.prepare(
      'INSERT INTO access_tokens (tenant, jti, expires_at, revoked, body) VALUES (?, ?, ?, ?, ?)',
    )
    this.#select = db.prepare('SELECT revoked, body FROM access_tokens WHERE tenant = ? AND jti = ? AND expires_at > ?')
    this.#revoke = db.prepare('UPDATE access_tokens SET revoked = 1 WHERE tenant = ? AND jti = ?')
  }

  insert(tenant: string, token: AccessTokenRecord): void {
    this.#insert.run(tenant, token.jti, token.expiresAt, token.revoked ? 1 : 0, JSON.stringify(token))
  }

  /** Only under the grant it was issued on. */
  find(tenant: string, jti: string, grantId: string | undefined): AccessTokenRecord | undefined {
    const row = this.#select.get(tenant, jti, epochSeconds(this.#clock))
    if (row === undefined) return undefined
    const token = decodeRecord<AccessTokenRecord>(String(row.body))
    if (token.grantId !== grantId) return undefined
    return row.revoked === 0 ? token : { ...token, revoked: true }
  }

  revoke(tenant: string, jti: string, grantId: string | undefined): void {
    if (this.find(tenant, jti, grantId) !== undefined) this.#revoke.run(tenant, jti)
  }
}
