/** One-use records in SQLite: links of mails, challenges, states. */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { MAX_ONE_USE_OF_PERSON, type OneUseStore } from '../port.ts'
import { decodeRecord, type OneUseRecord } from '../records.ts'
import { bodyOf, type Database } from './database.ts'

const decode = (body: string | undefined): OneUseRecord | undefined =>
  body === undefined ? undefined : decodeRecord<OneUseRecord>(body)

export function sqliteOneUse(db: Database, clock: Clock): OneUseStore {
  const insert = db.prepare(
    'INSERT OR REPLACE INTO one_use (tenant, kind, digest, sub, expires_at, body) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const select = db.prepare('SELECT body FROM one_use WHERE tenant = ? AND kind = ? AND digest = ? AND expires_at > ?')
  const take = db.prepare(
    'DELETE FROM one_use WHERE tenant = ? AND kind = ? AND digest = ? AND expires_at > ? RETURNING body',
  )
  const end = db.prepare('DELETE FROM one_use WHERE tenant = ? AND sub = ? AND kind = ?')
  const ofPerson = db.prepare(
    'SELECT body FROM one_use WHERE tenant = ? AND sub = ? AND expires_at > ? ORDER BY expires_at DESC, digest',
  )
  const makeRoom = db.prepare(
    `DELETE FROM one_use WHERE rowid IN (SELECT rowid FROM one_use WHERE tenant = ? AND sub = ? AND kind = ?
      ORDER BY digest = ? DESC, expires_at DESC LIMIT -1 OFFSET ${MAX_ONE_USE_OF_PERSON})`,
  )
  return {
    put: (tenant, digest, record) =>
      db.write(() => {
        const { kind, sub, expiresAt } = record
        insert.run(tenant, kind, digest, sub ?? null, expiresAt, JSON.stringify(record))
        if (sub !== undefined) makeRoom.run(tenant, sub, kind, digest)
      }),
    find: (tenant, kind, digest) => db.read(() => decode(bodyOf(select, tenant, kind, digest, epochSeconds(clock)))),
    take: (tenant, kind, digest) =>
      db.write(() => decode(bodyOf(take, tenant, kind, digest, epochSeconds(clock))), 'power'),
    endOf: (tenant, sub, kind) => db.write(() => void end.run(tenant, sub, kind), 'power'),
    list: (tenant, sub) =>
      db.read(() =>
        ofPerson.all(tenant, sub, epochSeconds(clock)).map(({ body }) => decodeRecord<OneUseRecord>(String(body))),
      ),
  }
}
