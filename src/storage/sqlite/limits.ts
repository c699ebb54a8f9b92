/** Counters with a window in SQLite. A power loss may forget the hits of its last moment, nothing else. */
import type { Clock } from '../../kernel/clock.ts'
import type { LimitStore } from '../port.ts'
import type { Database } from './database.ts'

export function sqliteLimits(db: Database, clock: Clock): LimitStore {
  const hit = db.prepare(`
    INSERT INTO limits (tenant, key, hits, resets_at_ms) VALUES (:tenant, :key, :hits, :reset)
    ON CONFLICT (tenant, key) DO UPDATE SET
      hits = CASE WHEN resets_at_ms <= :now THEN :hits ELSE hits + :hits END,
      resets_at_ms = CASE WHEN resets_at_ms <= :now THEN :reset ELSE resets_at_ms END
    RETURNING hits`)
  const select = db.prepare('SELECT hits FROM limits WHERE tenant = ? AND key = ? AND resets_at_ms > ?')
  const remove = db.prepare('DELETE FROM limits WHERE tenant = ? AND key = ?')
  return {
    hit: (tenant, key, windowSeconds, hits = 1) =>
      db.write(() => {
        const now = clock.nowMs()
        return Number(hit.get({ tenant, key, hits, now, reset: now + windowSeconds * 1000 })?.hits)
      }),
    count: (tenant, key) => db.read(() => Number(select.get(tenant, key, clock.nowMs())?.hits ?? 0)),
    clear: (tenant, key) => db.write(() => void remove.run(tenant, key)),
  }
}
