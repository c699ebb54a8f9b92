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
export type KeptGrace = Grace & { readonly successor: string }

const readGrace = (text: string): KeptGrace => JSON.parse(text)

export class GrantTables {
  readonly #clock: Clock
  readonly #tokens: TokenTable
  readonly #selectGrant
  readonly #insertGrant
  readonly #selectSession
  readonly #extendGrant
  readonly #indexGrant
  readonly #endTokens
  readonly #revokeGrant
  readonly #selectHandle
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
    this.#selectSession = db.prepare('SELECT 1 FROM sessions WHERE tenant = ? AND sid = ?')
    this.#extendGrant = db.prepare(
      'UPDATE grants SET expires_at = max(expires_at, ?) WHERE tenant = ? AND grant_id = ?',
    )
    this.#indexGrant = db.prepare('UPDATE grants SET sub = ?, client_id = ? WHERE tenant = ? AND grant_id = ?')
    this.#endTokens = db.prepare('UPDATE grants SET tokens_epoch = tokens_epoch + 1 WHERE tenant = ? AND grant_id = ?')
    this.#revokeGrant = db.prepare('UPDATE grants SET revoked = 1 WHERE tenant = ? AND grant_id = ?')
    this.#selectHandle = db.prepare(
      'SELECT expires_at, used, grace, body FROM handles WHERE tenant = ? AND grant_id = ? AND kind = ? AND digest = ?',
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
    if (sid !== undefined && this.#selectSession.get(tenant, sid) === undefined) return false
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
    const grant = this.grant(tenant, grantId)
    const row = grant && this.#selectHandle.get(tenant, grantId, kind, digest)
    if (grant === undefined || row === undefined) return undefined
    const used = row.used !== 0
    if (!used && Number(row.expires_at) <= epochSeconds(this.#clock)) return undefined
    const grace = row.grace === null ? undefined : readGrace(String(row.grace))
    return { grant, used, grace, body: String(row.body) }
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

  spend(tenant: string, grantId: string, kind: Kind, digest: string, successors?: Successors): Spent {
    const handle = this.handle(tenant, grantId, kind, digest)
    if (handle === undefined) return 'missing'
    if (handle.used) {
      this.revoke(tenant, grantId)
      return 'reused'
    }
    if (handle.grant.revoked) return 'revoked'
    const { digest: next, grace } = successors?.refreshToken ?? {}
    const kept = grace === undefined ? null : JSON.stringify({ ...grace, successor: next })
    this.#useHandle.run(kept, tenant, grantId, kind, digest)
    if (successors === undefined) return 'redeemed'
    this.#succeed(tenant, grantId, successors)
    // Only now is it found by its person and client: a code alone costs no index.
    const { sub, clientId } = successors.accessToken
    if (kind === 'code') this.#indexGrant.run(sub ?? null, clientId, tenant, grantId)
    return 'redeemed'
  }

  /** The grace of a spent refresh token, while it holds. */
  grace(tenant: string, grantId: string, digest: string): KeptGrace | undefined {
    const handle = this.handle(tenant, grantId, 'refresh', digest)
    const grace = handle?.grace
    if (!handle?.used || grace === undefined || handle.grant.revoked) return undefined
    if (grace.until <= epochSeconds(this.#clock) || grace.uses < 1) return undefined
    const successor = this.handle(tenant, grantId, 'refresh', grace.successor)
    return successor === undefined || successor.used ? undefined : grace
  }

  /** Answers from the grace once more: writes the access token, keeps the refresh token that is there. */
  answerAgain(tenant: string, grantId: string, digest: string, grace: KeptGrace, successors: Successors): void {
    const { refreshToken: _, ...access } = successors
    this.#useHandle.run(JSON.stringify({ ...grace, uses: grace.uses - 1 }), tenant, grantId, 'refresh', digest)
    this.#succeed(tenant, grantId, access)
  }

  #succeed(tenant: string, grantId: string, { accessToken, refreshToken, grantExpiresAt }: Successors): void {
    this.#tokens.insert(tenant, accessToken)
    if (refreshToken) this.addHandle(tenant, grantId, 'refresh', refreshToken.digest, refreshToken.record)
    this.#extendGrant.run(grantExpiresAt, tenant, grantId)
  }
}
