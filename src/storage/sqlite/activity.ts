/** Activity of people in SQLite: rows in order of writing, bounded for each person; they go with the person (`users.ts`). */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { type ActivityEntry, type ActivityRecord, type ActivityStore, MAX_ACTIVITY } from '../activity-port.ts'
import { decodeRecord } from '../records.ts'
import type { Database } from './database.ts'

export function sqliteActivity(db: Database, clock: Clock): ActivityStore {
  const person = db.prepare('SELECT 1 FROM users WHERE tenant = ? AND sub = ?')
  const take = db.prepare(
    `DELETE FROM activity WHERE seq = (SELECT max(seq) FROM activity
      WHERE tenant = ? AND sub = ? AND shelf = ? AND fold = ? AND at >= ?) RETURNING times`,
  )
  const insert = db.prepare(
    'INSERT INTO activity (tenant, sub, shelf, fold, times, at, expires_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const bound = db.prepare(
    `DELETE FROM activity WHERE seq IN (
      SELECT seq FROM activity WHERE tenant = ? AND sub = ? AND shelf = ? ORDER BY seq DESC LIMIT -1 OFFSET ?)`,
  )
  const all = db.prepare(
    'SELECT shelf, times, body FROM activity WHERE tenant = ? AND sub = ? AND expires_at > ? ORDER BY at DESC, seq DESC',
  )
  return {
    append: (tenant, sub, { shelf, record, fold }) =>
      db.write(() => {
        if (person.get(tenant, sub) === undefined) return 'missing'
        const before = fold === undefined ? undefined : take.get(tenant, sub, shelf, fold.key, fold.since)
        const times = Number(before?.times ?? 0) + 1
        const { at, expiresAt } = record
        insert.run(tenant, sub, shelf, fold?.key ?? '', times, at, expiresAt, JSON.stringify(record))
        bound.run(tenant, sub, shelf, MAX_ACTIVITY[shelf])
        return 'written'
      }),
    list: (tenant, sub) =>
      db.read(() =>
        all.all(tenant, sub, epochSeconds(clock)).map(
          ({ shelf, times, body }): ActivityEntry => ({
            ...decodeRecord<ActivityRecord>(String(body)),
            shelf: shelf === 'refused' ? 'refused' : 'done',
            times: Number(times),
          }),
        ),
      ),
  }
}
