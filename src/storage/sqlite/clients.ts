/** Clients in SQLite. Deleting one deletes its consents and streams with it; grants and tokens read as not live without it. */

import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import type { ClientStore } from '../port.ts'
import { type ClientRecord, decodeRecord } from '../records.ts'
import type { ClientTable } from './client-table.ts'
import { changed, type Database } from './database.ts'

const LIVE = '(expires_at IS NULL OR expires_at > ?)'

export function sqliteClients(db: Database, clients: ClientTable, clock: Clock): ClientStore {
  const insert = db.prepare(
    'INSERT INTO clients (tenant, client_id, expires_at, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const update = db.prepare('UPDATE clients SET expires_at = ?, body = ? WHERE tenant = ? AND client_id = ?')
  const remove = db.prepare('DELETE FROM clients WHERE tenant = ? AND client_id = ?')
  const removeConsents = db.prepare('DELETE FROM consents WHERE tenant = ? AND client_id = ?')
  const removeStreams = db.prepare('DELETE FROM streams WHERE tenant = ? AND client_id = ?')
  const page = db.prepare(`SELECT body FROM clients WHERE tenant = ? AND ${LIVE} ORDER BY seq LIMIT ? OFFSET ?`)
  const count = db.prepare(`SELECT count(*) AS total FROM clients WHERE tenant = ? AND ${LIVE}`)

  const store = (tenant: string, client: ClientRecord): void => {
    clients.changed()
    update.run(client.expiresAt ?? null, JSON.stringify(client), tenant, client.clientId)
  }

  return {
    find: (tenant, clientId) => db.read(() => clients.find(tenant, clientId)),
    create: (tenant, client) =>
      db.write(() =>
        changed(insert, tenant, client.clientId, client.expiresAt ?? null, JSON.stringify(client)) === 1
          ? 'written'
          : 'conflict',
      ),
    replace: (tenant, client, expectedVersion) =>
      db.write(() => {
        const stored = clients.read(tenant, client.clientId)
        if (stored === undefined) return 'missing'
        if (stored.version !== expectedVersion) return 'conflict'
        store(tenant, {
          ...client,
          version: Math.max(client.version, expectedVersion + 1),
          revocationEpoch: Math.max(client.revocationEpoch, stored.revocationEpoch),
        })
        return 'written'
      }, 'power'),
    delete: (tenant, clientId) =>
      db.write(() => {
        clients.changed()
        removeConsents.run(tenant, clientId)
        removeStreams.run(tenant, clientId)
        return changed(remove, tenant, clientId) === 1 ? 'written' : 'missing'
      }, 'power'),
    list: (tenant, offset, limit) =>
      db.read(() => ({
        total: Number(count.get(tenant, epochSeconds(clock))?.total),
        records: page
          .all(tenant, epochSeconds(clock), limit, offset)
          .map(({ body }) => decodeRecord<ClientRecord>(String(body))),
      })),
    revokeAll: (tenant, clientId) =>
      db.write(() => {
        const stored = clients.read(tenant, clientId)
        if (stored === undefined) return 'missing'
        store(tenant, { ...stored, version: stored.version + 1, revocationEpoch: stored.revocationEpoch + 1 })
        return 'written'
      }, 'power'),
  }
}
