/** Unfinished sign-outs in SQLite. A claim moves what it takes on by its lease, in the transaction that reads it. */
import type { Clock } from '../../kernel/clock.ts'
import { type LogoutStore, MAX_LOGOUT_TASKS } from '../port.ts'
import { decodeRecord, type LogoutTask } from '../records.ts'
import { changed, type Database } from './database.ts'

export function sqliteLogouts(db: Database, clock: Clock): LogoutStore {
  const upsert = db.prepare('INSERT OR REPLACE INTO logouts (tenant, id, due_at_ms, body) VALUES (?, ?, ?, ?)')
  const claim = db.prepare(
    `UPDATE logouts SET due_at_ms = ? WHERE (tenant, id) IN
      (SELECT tenant, id FROM logouts WHERE tenant = ? AND due_at_ms <= ? ORDER BY due_at_ms LIMIT ?) RETURNING body`,
  )
  const update = db.prepare('UPDATE logouts SET due_at_ms = ?, body = ? WHERE tenant = ? AND id = ?')
  const remove = db.prepare('DELETE FROM logouts WHERE tenant = ? AND id = ?')
  const count = db.prepare('SELECT count(*) AS total FROM logouts WHERE tenant = ?')
  const waiting = (tenant: string): number => Number(count.get(tenant)?.total)
  return {
    add: (tenant, task, delayMs) =>
      db.write(() => {
        if (waiting(tenant) >= MAX_LOGOUT_TASKS) return 'full'
        upsert.run(tenant, task.id, clock.nowMs() + delayMs, JSON.stringify(task))
        return 'added'
      }, 'power'),
    claim: (tenant, leaseMs, limit) =>
      db.write(() => {
        const now = clock.nowMs()
        return claim.all(now + leaseMs, tenant, now, limit).map(({ body }) => decodeRecord<LogoutTask>(String(body)))
      }, 'power'),
    putOff: (tenant, task, delayMs) =>
      db.write(() => void changed(update, clock.nowMs() + delayMs, JSON.stringify(task), tenant, task.id)),
    remove: (tenant, id) => db.write(() => void remove.run(tenant, id)),
    waiting: (tenant) => db.read(() => waiting(tenant)),
  }
}
