/** What may be used once, in SQLite: identifiers of proofs and assertions, kept until these have expired by themselves. */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import type { ReplayStore } from '../port.ts'
import { changed, type Database } from './database.ts'

export function sqliteReplay(db: Database, clock: Clock): ReplayStore {
  const insert = db.prepare(`
    INSERT INTO replay (tenant, key, expires_at) VALUES (?, ?, ?)
    ON CONFLICT (tenant, key) DO UPDATE SET expires_at = excluded.expires_at WHERE replay.expires_at <= ?`)
  return {
    firstUse: (tenant, key, expiresAt) =>
      db.write(() => changed(insert, tenant, key, expiresAt, epochSeconds(clock)) === 1, 'power'),
  }
}
