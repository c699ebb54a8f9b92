/** Users in SQLite: `name_key` and `email_key` carry the uniqueness of user names (RFC 7643 4.1.1) and verified addresses. Deleting one deletes what hangs on it. */
import type { UserStore } from '../port.ts'
import { decodeRecord, type UserRecord, userNameKey } from '../records.ts'
import { emailKey } from '../verified-email.ts'
import { bodyOf, changed, type Database } from './database.ts'
import { SUB_OF_NAME, signInKeys, UserTable } from './user-table.ts'

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
  const selectByEmail = db.prepare('SELECT body FROM users WHERE tenant = ? AND email_key = ?')
  const selectBySignInName = db.prepare(`SELECT body FROM users WHERE tenant = ?1 AND sub = ${SUB_OF_NAME}`)
  const table = new UserTable(db)
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

  return {
    find: (tenant, sub) => db.read(() => decode(bodyOf(select, tenant, sub))),
    findByUserName: (tenant, userName) => db.read(() => decode(bodyOf(selectByName, tenant, userNameKey(userName)))),
    findByVerifiedEmail: (tenant, address) => db.read(() => decode(bodyOf(selectByEmail, tenant, emailKey(address)))),
    findBySignInName: (tenant, name) => db.read(() => decode(bodyOf(selectBySignInName, tenant, ...signInKeys(name)))),
    create: (tenant, user) => db.write(() => table.insert(tenant, user)),
    replace: (tenant, user, expectedVersion) =>
      db.write(() => {
        const stored = decode(bodyOf(select, tenant, user.sub))
        if (stored === undefined) return 'missing'
        if (stored.version !== expectedVersion) return 'conflict'
        const revocations = stored.active && !user.active ? 1 : 0
        return table.update(tenant, {
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
    // The file was brought up to it when it was opened.
    indexEmails: async () => undefined,
    list: (tenant, offset, limit) =>
      db.read(() => ({
        total: Number(count.get(tenant)?.total),
        records: page.all(tenant, limit, offset).map(({ body }) => decodeRecord<UserRecord>(String(body))),
      })),
    revokeAll: (tenant, sub) =>
      db.write(() => {
        const stored = decode(bodyOf(select, tenant, sub))
        if (stored === undefined) return 'missing'
        const revoked = { version: stored.version + 1, revocationEpoch: stored.revocationEpoch + 1 }
        return table.replaceBody(tenant, { ...stored, ...revoked }) ? 'written' : 'missing'
      }, 'power'),
  }
}
