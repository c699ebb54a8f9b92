/** Pushed authorization requests in SQLite, RFC 9126. */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import type { PushedRequestStore } from '../port.ts'
import { decodeRecord, type PushedRequestRecord } from '../records.ts'
import { bodyOf, type Database } from './database.ts'

const decode = (body: string | undefined): PushedRequestRecord | undefined =>
  body === undefined ? undefined : decodeRecord<PushedRequestRecord>(body)

export function sqlitePushedRequests(db: Database, clock: Clock): PushedRequestStore {
  const insert = db.prepare(
    'INSERT OR REPLACE INTO pushed_requests (tenant, digest, expires_at, body) VALUES (?, ?, ?, ?)',
  )
  const select = db.prepare('SELECT body FROM pushed_requests WHERE tenant = ? AND digest = ? AND expires_at > ?')
  const spend = db.prepare('UPDATE pushed_requests SET body = ? WHERE tenant = ? AND digest = ?')
  return {
    put: (tenant, digest, request) =>
      db.write(() => void insert.run(tenant, digest, request.expiresAt, JSON.stringify(request))),
    find: (tenant, digest) => db.read(() => decode(bodyOf(select, tenant, digest, epochSeconds(clock)))),
    take: (tenant, digest) =>
      db.write(() => {
        const stored = decode(bodyOf(select, tenant, digest, epochSeconds(clock)))
        if (stored === undefined || stored.spent) return undefined
        const { dpopJkt: _key, ...rest } = stored
        spend.run(JSON.stringify({ ...rest, sealed: '', spent: true }), tenant, digest)
        return stored
      }, 'power'),
  }
}
