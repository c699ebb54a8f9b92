/** Codes, refresh tokens and grants in SQLite. RFC 6749 4.1 and 6, RFC 9700 4.14: each use is one transaction. */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { CodeStore, GrantStore, GrantsOf, RefreshTokenStore, Spent } from '../port.ts'
import { type CodeRecord, decodeRecord, type RefreshTokenRecord } from '../records.ts'
import type { Database } from './database.ts'
import { decodeGrant, type GrantTables } from './grant-tables.ts'

/** Codes are spent without grace: their rows have none. */
function spentCode(spent: ReturnType<GrantTables['spend']>): Spent {
  if (typeof spent !== 'string') throw new StoreUnavailable('sqlite: a code with a grace')
  return spent
}

export function sqliteCodes(db: Database, tables: GrantTables): CodeStore {
  return {
    issue: (tenant, grant, digest, code) =>
      db.write(() => {
        if (!tables.addGrant(tenant, grant)) return 'ended'
        tables.addHandle(tenant, grant.grantId, 'code', digest, code)
        return 'issued'
      }),
    peek: (tenant, grantId, digest) =>
      db.read(() => {
        const found = tables.handle(tenant, grantId, 'code', digest)
        return found && { grant: found.grant, used: found.used, code: decodeRecord<CodeRecord>(found.body) }
      }),
    redeem: (tenant, grantId, digest, successors) =>
      db.write(() => spentCode(tables.spend(tenant, grantId, 'code', digest, successors)), 'power'),
    burn: (tenant, grantId, digest) =>
      db.write(() => spentCode(tables.spend(tenant, grantId, 'code', digest)), 'power'),
  }
}

export function sqliteRefreshTokens(db: Database, tables: GrantTables): RefreshTokenStore {
  return {
    peek: (tenant, grantId, digest) =>
      db.read(() => {
        const found = tables.handle(tenant, grantId, 'refresh', digest)
        if (found === undefined) return undefined
        const inGrace = tables.isInGrace(tenant, grantId, found)
        return { grant: found.grant, used: found.used, inGrace, token: decodeRecord<RefreshTokenRecord>(found.body) }
      }),
    rotate: (tenant, grantId, digest, successors) =>
      db.write(() => {
        const spent = tables.spend(tenant, grantId, 'refresh', digest, successors)
        return spent === 'redeemed' ? 'rotated' : spent
      }, 'power'),
    reuse: (tenant, grantId, digest) =>
      db.write(() => {
        if (!tables.handle(tenant, grantId, 'refresh', digest)?.used) return 'missing'
        tables.revoke(tenant, grantId)
        return 'reused'
      }, 'power'),
  }
}

/** Newest first: rows of one key are in order of writing. */
function pagesOf(db: Database, column: 'sub' | 'client_id' | 'sid') {
  const where = `tenant = ? AND ${column} = ? AND expires_at > ?`
  return {
    page: db.prepare(
      `SELECT expires_at, revoked, tokens_epoch, body FROM grants WHERE ${where} ORDER BY rowid DESC LIMIT ? OFFSET ?`,
    ),
    count: db.prepare(`SELECT count(*) AS total FROM grants WHERE ${where}`),
  }
}

export function sqliteGrants(db: Database, tables: GrantTables, clock: Clock): GrantStore {
  const [bySub, byClient, bySid] = [pagesOf(db, 'sub'), pagesOf(db, 'client_id'), pagesOf(db, 'sid')]
  const lastRefresh = db.prepare(
    `SELECT max(body ->> '$.issuedAt') AS at FROM handles WHERE tenant = ? AND grant_id = ? AND kind = 'refresh'`,
  )
  const ofWhom = (of: GrantsOf) =>
    'sub' in of
      ? { ...bySub, value: of.sub }
      : 'sid' in of
        ? { ...bySid, value: of.sid }
        : { ...byClient, value: of.clientId }
  return {
    find: (tenant, grantId) => db.read(() => tables.grant(tenant, grantId)),
    list: (tenant, of, offset, limit) =>
      db.read(() => {
        const { page, count, value } = ofWhom(of)
        const now = epochSeconds(clock)
        return {
          total: Number(count.get(tenant, value, now)?.total),
          records: page.all(tenant, value, now, limit, offset).map(decodeGrant),
        }
      }),
    lastRefreshedAt: (tenant, grantId) =>
      db.read(() => {
        const at = lastRefresh.get(tenant, grantId)?.at
        return typeof at === 'number' ? at : undefined
      }),
    endAccessTokens: (tenant, grantId) => db.write(() => tables.endAccessTokens(tenant, grantId), 'power'),
    revoke: (tenant, grantId) => db.write(() => tables.revoke(tenant, grantId), 'power'),
  }
}
