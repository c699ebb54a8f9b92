/**
 * The rows of grants and their handles (codes, refresh tokens) in SQLite, and the steps inside a transaction that touch
 * them. A spent handle stays until its grant ends, so that a second use is seen (RFC 6749 4.1.2, RFC 9700 4.14).
 */
import type { SQLOutputValue } from 'node:sqlite'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import type { Grace, Spent, Successors } from '../port.ts'
import { type CodeRecord, decodeRecord, type GrantRecord, type RefreshTokenRecord } from '../records.ts'
import type { Database } from './database.ts'
import type { TokenTable } from './token-table.ts'

type Kind = 'code' | 'refresh'

type GrantRow = Readonly<Record<string, SQLOutputValue>>

/** The columns are right where both hold a value. */
export function decodeGrant(row: GrantRow): GrantRecord {
  const parsed = decodeRecord<GrantRecord>(String(row.body))
  const grant = { ...parsed, expiresAt: Number(row.expires_at), revoked: row.revoked !== 0 }
  return row.tokens_epoch === 0 ? grant : { ...grant, tokensEpoch: Number(row.tokens_epoch) }
}

/** A grace with the digest of the successor that it gives. */
type KeptGrace = Grace & { readonly successor: string }

/** Of a code or refresh token, what decides whether it may be used. */
interface HandleState {
  readonly used: boolean
  readonly grace: KeptGrace | undefined
  readonly isRevoked: boolean
  readonly grantExpiresAt: number
}

const readGrace = (text: string): KeptGrace => JSON.parse(text)

export class GrantTables {
  readonly #clock: Clock
  readonly #tokens: TokenTable
  readonly #selectGrant
  readonly #insertGrant
  readonly #selectSession
  readonly #insertClient
  readonly #extendGrant
  readonly #indexGrant
  readonly #endTokens
  readonly #revokeGrant
  readonly #selectHandle
  readonly #selectState
  readonly #insertHandle
  readonly #useHandle

  constructor(db: Database, clock: Clock, tokens: TokenTable) {
    this.#clock = clock
    this.#tokens = tokens
    this.#selectGrant = db.prepare(
      'SELECT expires_at, revoked, tokens_epoch, body FROM grants WHERE tenant = ? AND grant_id = ? AND expires_at > ?',
    )
    this.#insertGrant = db.prepare(
      'INSERT INTO grants (tenant, grant_id, expires_at, revoked, sid, body) VALUES (?, ?, ?, ?, ?, ?)',
    )
    this.#selectSession = db.prepare(
      'SELECT expires_at FROM sessions WHERE tenant = ? AND sid = ? ORDER BY expires_at DESC LIMIT 1',
    )
    this.#insertClient = db.prepare(
      'INSERT OR IGNORE INTO session_clients (tenant, sid, client_id, expires_at) VALUES (?, ?, ?, ?)',
    )
    this.#extendGrant = db.prepare(
      'UPDATE grants SET expires_at = max(expires_at, ?) WHERE tenant = ? AND grant_id = ?',
    )
    this.#indexGrant = db.prepare('UPDATE grants SET sub = ?, client_id = ? WHERE tenant = ? AND grant_id = ?')
    this.#endTokens = db.prepare('UPDATE grants SET tokens_epoch = tokens_epoch + 1 WHERE tenant = ? AND grant_id = ?')
    this.#revokeGrant = db.prepare(
      `UPDATE grants SET revoked = 1, body = json_remove(body, '$.nonce', '$.claims') WHERE tenant = ? AND grant_id = ?`,
    )
    const both = `FROM handles h JOIN grants g ON g.tenant = h.tenant AND g.grant_id = h.grant_id
      WHERE h.tenant = ? AND h.grant_id = ? AND h.kind = ? AND h.digest = ? AND g.expires_at > ?`
    this.#selectHandle = db.prepare(
      `SELECT g.expires_at, g.revoked, g.tokens_epoch, g.body, h.expires_at AS handle_expires_at, h.used,
        h.grace, h.body AS handle_body ${both}`,
    )
    this.#selectState = db.prepare(
      `SELECT g.expires_at, g.revoked, h.expires_at AS handle_expires_at, h.used, h.grace ${both}`,
    )
    this.#insertHandle = db.prepare(
      'INSERT INTO handles (tenant, grant_id, kind, digest, expires_at, used, body) VALUES (?, ?, ?, ?, ?, 0, ?)',
    )
    this.#useHandle = db.prepare(
      'UPDATE handles SET used = 1, grace = ? WHERE tenant = ? AND grant_id = ? AND kind = ? AND digest = ?',
    )
  }

  grant(tenant: string, grantId: string): GrantRecord | undefined {
    const row = this.#selectGrant.get(tenant, grantId, epochSeconds(this.#clock))
    return row && decodeGrant(row)
  }

  /** False, and nothing written, where its session has ended. */
  addGrant(tenant: string, grant: GrantRecord): boolean {
    const { grantId, expiresAt, revoked, sid } = grant
    if (sid !== undefined) {
      const session = this.#selectSession.get(tenant, sid)
      if (session === undefined) return false
      this.#insertClient.run(tenant, sid, grant.clientId, Number(session.expires_at))
    }
    const body = JSON.stringify(grant)
    this.#insertGrant.run(tenant, grantId, expiresAt, revoked ? 1 : 0, sid ?? null, body)
    return true
  }

  endAccessTokens(tenant: string, grantId: string): void {
    this.#endTokens.run(tenant, grantId)
  }

  revoke(tenant: string, grantId: string): void {
    this.#revokeGrant.run(tenant, grantId)
  }

  /** With its grant; a spent one however old, an unspent one until it expires. */
  handle(tenant: string, grantId: string, kind: Kind, digest: string) {
    const row = this.#selectHandle.get(tenant, grantId, kind, digest, epochSeconds(this.#clock))
    const state = row && this.#stateOf(row)
    return state && { ...state, grant: decodeGrant(row), body: String(row.handle_body) }
  }

  /** What decides a use, without the records: most uses need no more. */
  #state(tenant: string, grantId: string, kind: Kind, digest: string): HandleState | undefined {
    const row = this.#selectState.get(tenant, grantId, kind, digest, epochSeconds(this.#clock))
    return row && this.#stateOf(row)
  }

  #stateOf(row: GrantRow): HandleState | undefined {
    const used = row.used !== 0
    if (!used && Number(row.handle_expires_at) <= epochSeconds(this.#clock)) return undefined
    const grace = row.grace === null ? undefined : readGrace(String(row.grace))
    return { used, grace, isRevoked: row.revoked !== 0, grantExpiresAt: Number(row.expires_at) }
  }

  addHandle(
    tenant: string,
    grantId: string,
    kind: Kind,
    digest: string,
    record: CodeRecord | RefreshTokenRecord,
  ): void {
    this.#insertHandle.run(tenant, grantId, kind, digest, record.expiresAt, JSON.stringify(record))
  }

  spend(
    tenant: string,
    grantId: string,
    kind: Kind,
    digest: string,
    successors?: Successors,
  ): Spent | { readonly again: string } {
    const handle = this.#state(tenant, grantId, kind, digest)
    if (handle === undefined) return 'missing'
    if (handle.used) {
      const grace = this.#holds(tenant, grantId, handle)
      if (grace !== undefined && successors !== undefined)
        return this.#answerAgain(tenant, grantId, digest, { handle, grace, successors })
      this.revoke(tenant, grantId)
      return 'reused'
    }
    if (handle.isRevoked) return 'revoked'
    const { digest: next, grace } = successors?.refreshToken ?? {}
    const kept = grace === undefined ? null : JSON.stringify({ ...grace, successor: next })
    this.#useHandle.run(kept, tenant, grantId, kind, digest)
    if (successors === undefined) return 'redeemed'
    this.#succeed(tenant, grantId, successors, handle)
    // Only now is it found by its person and client: a code alone costs no index.
    const { sub, clientId } = successors.accessToken
    if (kind === 'code') this.#indexGrant.run(sub ?? null, clientId, tenant, grantId)
    return 'redeemed'
  }

  /** Whether a spent refresh token would still give its successor. */
  isInGrace(tenant: string, grantId: string, handle: HandleState): boolean {
    return handle.used && this.#holds(tenant, grantId, handle) !== undefined
  }

  #holds(tenant: string, grantId: string, { grace, isRevoked }: HandleState): KeptGrace | undefined {
    if (grace === undefined || isRevoked || grace.until <= epochSeconds(this.#clock) || grace.uses < 1) return undefined
    const successor = this.#state(tenant, grantId, 'refresh', grace.successor)
    return successor === undefined || successor.used ? undefined : grace
  }

  /** Answers from the grace once more: writes the access token, keeps the refresh token that is there. */
  #answerAgain(
    tenant: string,
    grantId: string,
    digest: string,
    given: { readonly handle: HandleState; readonly grace: KeptGrace; readonly successors: Successors },
  ): { readonly again: string } {
    const { handle, grace, successors } = given
    const { refreshToken: _, ...access } = successors
    this.#useHandle.run(JSON.stringify({ ...grace, uses: grace.uses - 1 }), tenant, grantId, 'refresh', digest)
    this.#succeed(tenant, grantId, access, handle)
    return { again: grace.sealed }
  }

  #succeed(tenant: string, grantId: string, successors: Successors, before: HandleState): void {
    const { accessToken, refreshToken, grantExpiresAt } = successors
    this.#tokens.insert(tenant, accessToken)
    if (refreshToken) this.addHandle(tenant, grantId, 'refresh', refreshToken.digest, refreshToken.record)
    if (grantExpiresAt > before.grantExpiresAt) this.#extendGrant.run(grantExpiresAt, tenant, grantId)
  }
}
