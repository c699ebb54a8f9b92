/** Sessions, interactions and consents in SQLite: what is put under a key until it expires. */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { type InteractionRecord, MAX_LISTED, peopleOf } from '../interaction-records.ts'
import type { ConsentStore, InteractionStore, SessionStore } from '../port.ts'
import { type ConsentRecord, decodeRecord, type SessionRecord } from '../records.ts'
import { bodyOf, type Database } from './database.ts'

const decode = <R extends { readonly v: 1 }>(body: string | undefined): R | undefined =>
  body === undefined ? undefined : decodeRecord<R>(body)

export function sqliteSessions(db: Database, clock: Clock): SessionStore {
  const upsert = db.prepare(
    'INSERT OR REPLACE INTO sessions (tenant, digest, expires_at, sid, sub, body) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const select = db.prepare('SELECT body FROM sessions WHERE tenant = ? AND digest = ? AND expires_at > ?')
  const selectById = db.prepare(
    'SELECT body FROM sessions WHERE tenant = ? AND sid = ? AND expires_at > ? ORDER BY expires_at DESC LIMIT 1',
  )
  const update = db.prepare('UPDATE sessions SET body = ? WHERE tenant = ? AND digest = ?')
  const remove = db.prepare('DELETE FROM sessions WHERE tenant = ? AND digest = ?')
  const end = db.prepare('DELETE FROM sessions WHERE tenant = ? AND sid = ?')
  const clients = db.prepare('SELECT client_id FROM session_clients WHERE tenant = ? AND sid = ? AND expires_at > ?')
  const keepClients = db.prepare(
    'UPDATE session_clients SET expires_at = max(expires_at, ?) WHERE tenant = ? AND sid = ?',
  )
  const pages = (where: string) => ({
    page: db.prepare(`SELECT body FROM sessions WHERE ${where} ORDER BY expires_at DESC, sid LIMIT ? OFFSET ?`),
    count: db.prepare(`SELECT count(*) AS total FROM sessions WHERE ${where}`),
  })
  const all = pages('tenant = ? AND expires_at > ?')
  const ofPerson = pages('tenant = ? AND expires_at > ? AND sub = ?')
  return {
    put: (tenant, digest, session) =>
      db.write(() => {
        const { expiresAt, sid, sub } = session
        upsert.run(tenant, digest, expiresAt, sid, sub, JSON.stringify(session))
        keepClients.run(expiresAt, tenant, sid)
      }),
    find: (tenant, digest) => db.read(() => decode<SessionRecord>(bodyOf(select, tenant, digest, epochSeconds(clock)))),
    findById: (tenant, sid) =>
      db.read(() => decode<SessionRecord>(bodyOf(selectById, tenant, sid, epochSeconds(clock)))),
    replace: (tenant, digest, session, expectedRevision) =>
      db.write(() => {
        const stored = decode<SessionRecord>(bodyOf(select, tenant, digest, epochSeconds(clock)))
        if (stored === undefined) return 'missing'
        if ((stored.revision ?? 0) !== expectedRevision) return 'conflict'
        update.run(JSON.stringify({ ...session, revision: expectedRevision + 1 }), tenant, digest)
        return 'written'
      }),
    delete: (tenant, digest) => db.write(() => void remove.run(tenant, digest), 'power'),
    end: (tenant, sid) => db.write(() => void end.run(tenant, sid), 'power'),
    clients: (tenant, sid) =>
      db.read(() => clients.all(tenant, sid, epochSeconds(clock)).map((row) => String(row.client_id))),
    list: (tenant, { sub }, offset, limit) =>
      db.read(() => {
        const { page, count } = sub === undefined ? all : ofPerson
        const values = [tenant, epochSeconds(clock), ...(sub === undefined ? [] : [sub])]
        return {
          total: Number(count.get(...values)?.total),
          records: page.all(...values, limit, offset).map(({ body }) => decodeRecord<SessionRecord>(String(body))),
        }
      }),
  }
}

export function sqliteInteractions(db: Database, clock: Clock): InteractionStore {
  const upsert = db.prepare(
    'INSERT OR REPLACE INTO interactions (tenant, digest, expires_at, body) VALUES (?, ?, ?, ?)',
  )
  const select = db.prepare('SELECT body FROM interactions WHERE tenant = ? AND digest = ? AND expires_at > ?')
  const update = db.prepare('UPDATE interactions SET expires_at = ?, body = ? WHERE tenant = ? AND digest = ?')
  const take = db.prepare('DELETE FROM interactions WHERE tenant = ? AND digest = ? AND expires_at > ? RETURNING body')
  const name = db.prepare(
    'INSERT OR REPLACE INTO interaction_people (tenant, sub, digest, expires_at) VALUES (?, ?, ?, ?)',
  )
  const nameAll = (tenant: string, digest: string, interaction: InteractionRecord): void => {
    for (const sub of peopleOf(interaction)) name.run(tenant, sub, digest, interaction.expiresAt)
  }
  const ofPerson = db.prepare(
    `SELECT i.body FROM interaction_people p JOIN interactions i ON i.tenant = p.tenant AND i.digest = p.digest
      WHERE p.tenant = ? AND p.sub = ? AND i.expires_at > ? ORDER BY i.expires_at DESC, i.digest LIMIT ${MAX_LISTED}`,
  )
  return {
    put: (tenant, digest, interaction) =>
      db.write(() => {
        upsert.run(tenant, digest, interaction.expiresAt, JSON.stringify(interaction))
        nameAll(tenant, digest, interaction)
      }),
    find: (tenant, digest) =>
      db.read(() => decode<InteractionRecord>(bodyOf(select, tenant, digest, epochSeconds(clock)))),
    replace: (tenant, digest, interaction, expectedRevision) =>
      db.write(() => {
        const stored = decode<InteractionRecord>(bodyOf(select, tenant, digest, epochSeconds(clock)))
        if (stored === undefined) return 'missing'
        const { revision = 0 } = stored
        if (expectedRevision !== undefined && revision !== expectedRevision) return 'conflict'
        const body = JSON.stringify({ ...interaction, revision: revision + 1 })
        update.run(interaction.expiresAt, body, tenant, digest)
        nameAll(tenant, digest, interaction)
        return 'written'
      }),
    list: (tenant, sub) =>
      db.read(() =>
        ofPerson
          .all(tenant, sub, epochSeconds(clock))
          .map(({ body }) => decodeRecord<InteractionRecord>(String(body)))
          .filter((interaction) => peopleOf(interaction).includes(sub)),
      ),
    take: (tenant, digest) =>
      db.write(() => decode<InteractionRecord>(bodyOf(take, tenant, digest, epochSeconds(clock))), 'power'),
  }
}

export function sqliteConsents(db: Database, clock: Clock): ConsentStore {
  const upsert = db.prepare(
    'INSERT OR REPLACE INTO consents (tenant, sub, client_id, expires_at, body) VALUES (?, ?, ?, ?, ?)',
  )
  const select = db.prepare(
    'SELECT body FROM consents WHERE tenant = ? AND sub = ? AND client_id = ? AND expires_at > ?',
  )
  const remove = db.prepare('DELETE FROM consents WHERE tenant = ? AND sub = ? AND client_id = ?')
  const ofPerson = `FROM consents WHERE tenant = ?1 AND sub = ?2 AND expires_at > ?3`
  const count = db.prepare(`SELECT count(*) AS total ${ofPerson}`)
  const page = db.prepare(
    `SELECT client_id, body ${ofPerson} ORDER BY body ->> '$.grantedAt' DESC, client_id LIMIT ?4 OFFSET ?5`,
  )
  return {
    find: (tenant, sub, clientId) =>
      db.read(() => decode<ConsentRecord>(bodyOf(select, tenant, sub, clientId, epochSeconds(clock)))),
    put: (tenant, sub, clientId, consent) =>
      db.write(() => void upsert.run(tenant, sub, clientId, consent.expiresAt, JSON.stringify(consent))),
    delete: (tenant, sub, clientId) => db.write(() => void remove.run(tenant, sub, clientId), 'power'),
    list: (tenant, sub, offset, limit) =>
      db.read(() => {
        const now = epochSeconds(clock)
        const rows = page.all(tenant, sub, now, limit, offset)
        const records = rows.map((row) => ({
          ...decodeRecord<ConsentRecord>(String(row.body)),
          clientId: String(row.client_id),
        }))
        return { total: Number(count.get(tenant, sub, now)?.total), records }
      }),
  }
}
