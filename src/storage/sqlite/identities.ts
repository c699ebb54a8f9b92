/** Identities in SQLite: whom accounts at identity providers belong to. */
import { type IdentityStore, MAX_IDENTITIES_OF_PERSON } from '../port.ts'
import { decodeRecord, type IdentityRecord } from '../records.ts'
import { bodyOf, changed, type Database } from './database.ts'
import { keptWay } from './kept-way.ts'
import { UserTable } from './user-table.ts'

export function sqliteIdentities(db: Database): IdentityStore {
  const select = db.prepare('SELECT body FROM identities WHERE tenant = ? AND key = ?')
  const ofPerson = db.prepare('SELECT body FROM identities WHERE tenant = ? AND sub = ? ORDER BY seq')
  const count = db.prepare('SELECT count(*) AS total FROM identities WHERE tenant = ? AND sub = ?')
  const person = db.prepare('SELECT body FROM users WHERE tenant = ? AND sub = ?')
  const insert = db.prepare(
    'INSERT INTO identities (tenant, key, sub, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const people = new UserTable(db)
  const isThere = keptWay(db)
  const remove = db.prepare('DELETE FROM identities WHERE tenant = ? AND sub = ? AND key = ?')

  const add = (tenant: string, identity: IdentityRecord): boolean =>
    changed(insert, tenant, identity.key, identity.sub, JSON.stringify(identity)) === 1

  return {
    find: (tenant, key) =>
      db.read(() => {
        const body = bodyOf(select, tenant, key)
        return body === undefined ? undefined : decodeRecord<IdentityRecord>(body)
      }),
    list: (tenant, sub) =>
      db.read(() => ofPerson.all(tenant, sub).map(({ body }) => decodeRecord<IdentityRecord>(String(body)))),
    link: (tenant, identity) =>
      db.write(() => {
        if (bodyOf(person, tenant, identity.sub) === undefined) return 'missing'
        if (Number(count.get(tenant, identity.sub)?.total) >= MAX_IDENTITIES_OF_PERSON) return 'conflict'
        return add(tenant, identity) ? 'written' : 'conflict'
      }, 'power'),
    createPerson: (tenant, user, identity) =>
      db.write(() => {
        if (bodyOf(select, tenant, identity.key) !== undefined) return 'conflict'
        const created = people.insert(tenant, user)
        if (created === 'written') add(tenant, identity)
        return created
      }, 'power'),
    unlink: (tenant, sub, key, kept) =>
      db.write(() => {
        if (!isThere(tenant, sub, kept)) return 'conflict'
        return changed(remove, tenant, sub, key) === 1 ? 'written' : 'missing'
      }, 'power'),
  }
}
