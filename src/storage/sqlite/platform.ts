/** What belongs to the whole platform, not to a tenant, in SQLite: check record, first keys, setup credential, marks. */
import type { MarkStore, PlatformStore } from '../port.ts'
import { bodyOf, changed, type Database } from './database.ts'

export function sqlitePlatform(db: Database): PlatformStore {
  const insertCheck = db.prepare(`INSERT INTO platform (name, body) VALUES ('check', ?) ON CONFLICT DO NOTHING`)
  const selectCheck = db.prepare(`SELECT body FROM platform WHERE name = 'check'`)
  const updateCheck = db.prepare(`UPDATE platform SET body = ? WHERE name = 'check' AND body = ?`)
  const insertKey = db.prepare('INSERT INTO signing_keys (kid, body) VALUES (?, ?)')
  const insertSetup = db.prepare('INSERT INTO setup (digest, expires_at) VALUES (?, ?)')
  const selectSetup = db.prepare('SELECT 1 AS found FROM setup WHERE digest = ? AND expires_at > ?')
  const takeSetup = db.prepare('DELETE FROM setup WHERE digest = ? AND expires_at > ?')

  return {
    initialise: ({ checkRecord, signingKeys, setup }) =>
      db.write(() => {
        if (changed(insertCheck, checkRecord) === 0) return 'already'
        for (const key of signingKeys) insertKey.run(key.kid, JSON.stringify(key))
        if (setup) insertSetup.run(setup.digest, setup.expiresAt)
        return 'initialised'
      }, 'power'),
    checkRecord: () => db.read(() => bodyOf(selectCheck)),
    replaceCheckRecord: (expected, next) =>
      db.write(() => (changed(updateCheck, next, expected) === 1 ? 'written' : 'conflict'), 'power'),
    takeSetup: (digest, nowSeconds) => db.write(() => changed(takeSetup, digest, nowSeconds) === 1, 'power'),
    peekSetup: (digest, nowSeconds) => db.read(() => selectSetup.get(digest, nowSeconds) !== undefined),
  }
}

export function sqliteMarks(db: Database): MarkStore {
  const select = db.prepare('SELECT version, revision FROM marks WHERE bundle = ?')
  const upsert = db.prepare('INSERT OR REPLACE INTO marks (bundle, version, revision) VALUES (?, ?, ?)')
  const read = (bundle: string) => {
    const row = select.get(bundle)
    return row && { version: Number(row.version), revision: String(row.revision) }
  }
  return {
    read: (bundle) => db.read(() => read(bundle)),
    raise: (bundle, version, revision) =>
      db.write(() => {
        const mark = read(bundle)
        if (mark && (mark.version > version || (mark.version === version && mark.revision !== revision))) {
          return 'conflict'
        }
        upsert.run(bundle, version, revision)
        return 'raised'
      }, 'power'),
  }
}
