/** Codes, refresh tokens and grants in SQLite. RFC 6749 4.1 and 6, RFC 9700 4.14: each use is one transaction. */
import type { CodeStore, GrantStore, RefreshTokenStore } from '../port.ts'
import { type CodeRecord, decodeRecord, type RefreshTokenRecord } from '../records.ts'
import type { Database } from './database.ts'
import type { GrantTables } from './grant-tables.ts'

export function sqliteCodes(db: Database, tables: GrantTables): CodeStore {
  return {
    issue: (tenant, grant, digest, code) =>
      db.write(() => {
        tables.addGrant(tenant, grant)
        tables.addHandle(tenant, grant.grantId, 'code', digest, code)
      }),
    peek: (tenant, grantId, digest) =>
      db.read(() => {
        const found = tables.handle(tenant, grantId, 'code', digest)
        return found && { grant: found.grant, used: found.used, code: decodeRecord<CodeRecord>(found.body) }
      }),
    redeem: (tenant, grantId, digest, successors) =>
      db.write(() => tables.spend(tenant, grantId, 'code', digest, successors), 'power'),
    burn: (tenant, grantId, digest) => db.write(() => tables.spend(tenant, grantId, 'code', digest), 'power'),
  }
}

export function sqliteRefreshTokens(db: Database, tables: GrantTables): RefreshTokenStore {
  return {
    peek: (tenant, grantId, digest) =>
      db.read(() => {
        const found = tables.handle(tenant, grantId, 'refresh', digest)
        if (found === undefined) return undefined
        const inGrace = tables.grace(tenant, grantId, digest) !== undefined
        return { grant: found.grant, used: found.used, inGrace, token: decodeRecord<RefreshTokenRecord>(found.body) }
      }),
    rotate: (tenant, grantId, digest, successors) =>
      db.write(() => {
        const grace = tables.grace(tenant, grantId, digest)
        if (grace !== undefined) {
          tables.answerAgain(tenant, grantId, digest, grace, successors)
          return { again: grace.sealed }
        }
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

export function sqliteGrants(db: Database, tables: GrantTables): GrantStore {
  return {
    find: (tenant, grantId) => db.read(() => tables.grant(tenant, grantId)),
    revoke: (tenant, grantId) => db.write(() => tables.revoke(tenant, grantId), 'power'),
  }
}
