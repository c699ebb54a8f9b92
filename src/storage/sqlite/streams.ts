/** Streams that receivers made, in SQLite; they go with their client (`clients.ts`). */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { decodeRecord } from '../records.ts'
import { MAX_STREAMS, MAX_STREAMS_OF_CLIENT, type StreamRecord, type StreamStore } from '../streams-port.ts'
import { bodyOf, changed, type Database } from './database.ts'

export function sqliteStreams(db: Database, clock: Clock): StreamStore {
  const select = db.prepare('SELECT body FROM streams WHERE tenant = ? AND stream_id = ?')
  const all = db.prepare('SELECT body FROM streams WHERE tenant = ? ORDER BY seq')
  const client = db.prepare(
    'SELECT 1 FROM clients WHERE tenant = ? AND client_id = ? AND (expires_at IS NULL OR expires_at > ?)',
  )
  const count = db.prepare(
    'SELECT count(*) AS total, count(*) FILTER (WHERE client_id = ?) AS own FROM streams WHERE tenant = ?',
  )
  const insert = db.prepare(
    'INSERT INTO streams (tenant, stream_id, client_id, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const update = db.prepare('UPDATE streams SET body = ? WHERE tenant = ? AND stream_id = ?')
  const remove = db.prepare('DELETE FROM streams WHERE tenant = ? AND stream_id = ?')

  const read = (tenant: string, streamId: string): StreamRecord | undefined => {
    const body = bodyOf(select, tenant, streamId)
    return body === undefined ? undefined : decodeRecord<StreamRecord>(body)
  }
  return {
    create: (tenant, stream) =>
      db.write(() => {
        const { streamId, clientId } = stream
        if (client.get(tenant, clientId, epochSeconds(clock)) === undefined) return 'missing'
        const counted = count.get(clientId, tenant)
        if (Number(counted?.own) >= MAX_STREAMS_OF_CLIENT || Number(counted?.total) >= MAX_STREAMS) return 'full'
        return changed(insert, tenant, streamId, clientId, JSON.stringify(stream)) === 1 ? 'written' : 'conflict'
      }, 'power'),
    find: (tenant, streamId) => db.read(() => read(tenant, streamId)),
    list: (tenant) => db.read(() => all.all(tenant).map(({ body }) => decodeRecord<StreamRecord>(String(body)))),
    replace: (tenant, stream, expectedVersion) =>
      db.write(() => {
        const stored = read(tenant, stream.streamId)
        if (stored === undefined) return 'missing'
        if (stored.version !== expectedVersion) return 'conflict'
        update.run(JSON.stringify(stream), tenant, stream.streamId)
        return 'written'
      }, 'power'),
    delete: (tenant, streamId) =>
      db.write(() => (changed(remove, tenant, streamId) === 1 ? 'written' : 'missing'), 'power'),
  }
}
