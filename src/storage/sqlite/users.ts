/** Users in SQLite: `name_key` carries the uniqueness of user names (RFC 7643 4.1.1). Deleting one deletes what hangs on it. */
import type { UserStore } from '../port.ts'
import { decodeRecord, type UserRecord, userNameKey } from '../records.ts'
import { bodyOf, changed, type Database } from './database.ts'

/** Tables whose rows end with their person. */
const HANGING = [
  'consents',
  'one_use',
  'devices',
  'identities',
  'presence',
  'totp',
  'passkeys',
  'recovery_codes',
  'activity',
  'interaction_people',
  'device_grants',
] as const

export function sqliteUsers(db: Database): UserStore {
  const select = db.prepare('SELECT body FROM users WHERE tenant = ? AND sub = ?')
  const selectByName = db.prepare('SELECT body FROM users WHERE tenant = ? AND name_key = ?')
  const insert = db.prepare(
    'INSERT INTO users (tenant, sub, name_key, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const update = db.prepare('UPDATE OR IGNORE users SET name_key = ?, body = ? WHERE tenant = ? AND sub = ?')
  const remove = db.prepare('DELETE FROM users WHERE tenant = ? AND sub = ?')
  const removeHanging = HANGING.map((table) => db.prepare(`DELETE FROM ${table} WHERE tenant = ? AND sub = ?`))
  const removeInteractions = db.prepare(
    `DELETE FROM interactions WHERE (tenant, digest) IN
      (SELECT tenant, digest FROM interaction_people WHERE tenant = ? AND sub = ?)`,
  )
  const page = db.prepare('SELECT body FROM users WHERE tenant = ? ORDER BY seq LIMIT ? OFFSET ?')
  const count = db.prepare('SELECT count(*) AS total FROM users WHERE tenant = ?')

  const decode = (body: string | undefined): UserRecord | undefined =>
    body === undefined ? undefined : decodeRecord<UserRecord>(body)
  const store = (tenant: string, user: UserRecord): 'written' | 'conflict' =>
    changed(update, userNameKey(user.userName), JSON.stringify(user), tenant, user.sub) === 1 ? 'written' : 'conflict'

  return {
    find: (tenant, sub) => db.read(() => decode(bodyOf(select, tenant, sub))),
    findByUserName: (tenant, userName) => db.read(() => decode(bodyOf(selectByName, tenant, userNameKey(userName)))),
    create: (tenant, user) =>
      db.write(() => {
        const rows = changed(insert, tenant, user.sub, userNameKey(user.userName), JSON.stringify(user))
        return rows === 1 ? 'written' : 'conflict'
      }),
    replace: (tenant, user, expectedVersion) =>
      db.write(() => {
        const stored = decode(bodyOf(select, tenant, user.sub))
        if (stored === undefined) return 'missing'
        if (stored.version !== expectedVersion) return 'conflict'
        const revocations = stored.active && !user.active ? 1 : 0
        return store(tenant, {
          ...user,
          version: Math.max(user.version, expectedVersion + 1),
          revocationEpoch: Math.max(user.revocationEpoch, stored.revocationEpoch + revocations),
        })
      }, 'power'),
    delete: (tenant, sub) =>
      db.write(() => {
        removeInteractions.run(tenant, sub)
        for (const statement of removeHanging) statement.run(tenant, sub)
        return changed(remove, tenant, sub) === 1 ? 'written' : 'missing'
      }, 'power'),
    list: (tenant, offset, limit) =>
      db.read(() => ({
        total: Number(count.get(tenant)?.total),
        records: page.all(tenant, limit, offset).map(({ body }) => decodeRecord<UserRecord>(String(body))),
      })),
    revokeAll: (tenant, sub) =>
      db.write(() => {
        const stored = decode(bodyOf(select, tenant, sub))
        if (stored === undefined) return 'missing'
        return store(tenant, {
          ...stored,
          version: stored.version + 1,
          revocationEpoch: stored.revocationEpoch + 1,
        })
      }, 'power'),
  }
}
