/** Known devices of a person in SQLite; they go with the person (`users.ts`). */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { type DeviceStore, MAX_DEVICES } from '../devices-port.ts'
import { type DeviceRecord, decodeRecord } from '../records.ts'
import { bodyOf, changed, type Database } from './database.ts'
import { SUB_OF_NAME, signInKeys } from './user-table.ts'

export function sqliteDevices(db: Database, clock: Clock): DeviceStore {
  const findBySub = db.prepare(
    'SELECT body FROM devices WHERE tenant = ? AND sub = ? AND digest = ? AND expires_at > ?',
  )
  const findByName = db.prepare(
    `SELECT body FROM devices WHERE tenant = ?1 AND sub = ${SUB_OF_NAME} AND digest = ?4 AND expires_at > ?5`,
  )
  const upsert = db.prepare(
    `INSERT OR REPLACE INTO devices (tenant, sub, digest, device_id, last_seen_at, expires_at, body)
      SELECT ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM users WHERE tenant = ? AND sub = ?)`,
  )
  const update = db.prepare(
    `UPDATE devices SET last_seen_at = ?, expires_at = ?, body = ?
      WHERE tenant = ? AND sub = ? AND digest = ? AND device_id = ?`,
  )
  const bound = db.prepare(
    `DELETE FROM devices WHERE tenant = ?1 AND sub = ?2 AND digest IN (
      SELECT digest FROM devices WHERE tenant = ?1 AND sub = ?2 AND digest <> ?3
      ORDER BY last_seen_at DESC LIMIT -1 OFFSET ${MAX_DEVICES - 1})`,
  )
  const page = db.prepare(
    'SELECT body FROM devices WHERE tenant = ? AND sub = ? AND expires_at > ? ORDER BY last_seen_at DESC, device_id',
  )
  const remove = db.prepare('DELETE FROM devices WHERE tenant = ? AND sub = ? AND device_id = ?')
  return {
    find: (tenant, digests, of) =>
      db.read(() => {
        const [statement, person] = 'sub' in of ? [findBySub, [of.sub]] : [findByName, signInKeys(of.signInName)]
        for (const digest of digests) {
          const body = bodyOf(statement, tenant, ...person, digest, epochSeconds(clock))
          if (body !== undefined) return { digest, device: decodeRecord<DeviceRecord>(body) }
        }
        return undefined
      }),
    put: (tenant, digest, device) =>
      db.write(() => {
        const { deviceId, sub, lastSeenAt, expiresAt } = device
        upsert.run(tenant, sub, digest, deviceId, lastSeenAt, expiresAt, JSON.stringify(device), tenant, sub)
        bound.run(tenant, sub, digest)
      }),
    replace: (tenant, digest, device) =>
      db.write(() => {
        const { deviceId, sub, lastSeenAt, expiresAt } = device
        const values = [lastSeenAt, expiresAt, JSON.stringify(device), tenant, sub, digest, deviceId] as const
        return changed(update, ...values) > 0 ? 'written' : 'missing'
      }),
    list: (tenant, sub) =>
      db.read(() =>
        page.all(tenant, sub, epochSeconds(clock)).map(({ body }) => decodeRecord<DeviceRecord>(String(body))),
      ),
    forget: (tenant, sub, deviceId) =>
      db.write(() => (changed(remove, tenant, sub, deviceId) > 0 ? 'written' : 'missing'), 'power'),
  }
}
