/** Device authorizations in SQLite, RFC 8628. */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import {
  type DeviceAnswer,
  type DeviceGrantRecord,
  type DeviceGrantStore,
  SLOW_DOWN_SECONDS,
} from '../device-grants.ts'
import { decodeRecord, parseRecord } from '../records.ts'
import type { Database } from './database.ts'

interface Row {
  readonly digest: string
  readonly body: string
  readonly answer: string | null
  readonly polled_at: number
  readonly interval_seconds: number
}

const isRow = (row: unknown): row is Row => typeof row === 'object' && row !== null && 'digest' in row

const answerIn = (text: string | null): DeviceAnswer | undefined =>
  text === null ? undefined : parseRecord<DeviceAnswer>(text)

export function sqliteDeviceGrants(db: Database, clock: Clock): DeviceGrantStore {
  const expire = db.prepare('DELETE FROM device_grants WHERE tenant = ? AND user_code = ? AND expires_at <= ?')
  const insert = db.prepare(
    `INSERT INTO device_grants (tenant, digest, user_code, expires_at, polled_at, interval_seconds, body)
     VALUES (?, ?, ?, ?, 0, ?, ?) ON CONFLICT DO NOTHING`,
  )
  const COLUMNS = 'digest, body, answer, polled_at, interval_seconds'
  const byUserCode = db.prepare(
    `SELECT ${COLUMNS} FROM device_grants WHERE tenant = ? AND user_code = ? AND expires_at > ?`,
  )
  const byDigest = db.prepare(`SELECT ${COLUMNS} FROM device_grants WHERE tenant = ? AND digest = ? AND expires_at > ?`)
  const answer = db.prepare(
    'UPDATE device_grants SET answer = ?, sub = ? WHERE tenant = ? AND user_code = ? AND answer IS NULL AND expires_at > ?',
  )
  const ofPerson = db.prepare(
    'SELECT body FROM device_grants WHERE tenant = ? AND sub = ? AND expires_at > ? ORDER BY expires_at DESC, digest',
  )
  const polled = db.prepare(
    'UPDATE device_grants SET polled_at = ?, interval_seconds = ? WHERE tenant = ? AND digest = ?',
  )
  const rowOf = (row: unknown): Row | undefined => (isRow(row) ? row : undefined)
  return {
    begin: (tenant, digest, userCode, request) =>
      db.write(() => {
        expire.run(tenant, userCode, epochSeconds(clock))
        const { expiresAt, intervalSeconds } = request
        const { changes } = insert.run(tenant, digest, userCode, expiresAt, intervalSeconds, JSON.stringify(request))
        return Number(changes) === 1 ? 'begun' : 'conflict'
      }),
    findByUserCode: (tenant, userCode) =>
      db.read(() => {
        const row = rowOf(byUserCode.get(tenant, userCode, epochSeconds(clock)))
        return (
          row && {
            digest: row.digest,
            request: decodeRecord<DeviceGrantRecord>(row.body),
            answered: row.answer !== null,
          }
        )
      }),
    answer: (tenant, userCode, sub, given) =>
      db.write(() => {
        const now = epochSeconds(clock)
        if (Number(answer.run(JSON.stringify(given), sub, tenant, userCode, now).changes) === 1) return 'answered'
        return rowOf(byUserCode.get(tenant, userCode, now)) ? 'already' : 'missing'
      }, 'power'),
    poll: (tenant, digest, clientId) =>
      db.write(() => {
        const now = epochSeconds(clock)
        const row = rowOf(byDigest.get(tenant, digest, now))
        const request = row && decodeRecord<DeviceGrantRecord>(row.body)
        if (row === undefined || request?.clientId !== clientId) return undefined
        const tooFast = now - row.polled_at < row.interval_seconds
        polled.run(now, row.interval_seconds + (tooFast ? SLOW_DOWN_SECONDS : 0), tenant, digest)
        return { request, answer: answerIn(row.answer), tooFast }
      }),
    list: (tenant, sub) =>
      db.read(() =>
        ofPerson.all(tenant, sub, epochSeconds(clock)).map(({ body }) => decodeRecord<DeviceGrantRecord>(String(body))),
      ),
  }
}
