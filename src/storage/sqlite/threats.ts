/** What is counted about attacks, in SQLite. */
import type { Clock } from '../../kernel/clock.ts'
import { decodeRecord } from '../records.ts'
import { bitOf, countOf, SKETCH_BITS } from '../sketch.ts'
import {
  type Attempts,
  MAX_RISES,
  MAX_THROTTLES,
  NETWORKS_REMEMBERED,
  type PresenceRecord,
  RISE_KINDS,
  type ThreatStore,
} from '../threat-port.ts'
import { bodyOf, type Database } from './database.ts'

export function sqliteThreats(db: Database, clock: Clock): ThreatStore {
  return {
    ...attemptsOf(db, clock),
    ...distinctOf(db, clock),
    ...seriesOf(db, clock),
    ...presenceOf(db, clock),
    ...throttlesOf(db, clock),
    ...risesOf(db, clock),
  }
}

const seconds = (ms: number): number => Math.ceil(ms / 1000)

type AttemptMethods = Pick<ThreatStore, 'attempt' | 'attempts' | 'undoAttempt' | 'forgetAttempts'>

function attemptsOf(db: Database, clock: Clock): AttemptMethods {
  const select = db.prepare('SELECT failures, last_at_ms, ends_at_ms FROM attempts WHERE tenant = ? AND key = ?')
  const put = db.prepare(`
    INSERT INTO attempts (tenant, key, failures, last_at_ms, ends_at_ms, expires_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant, key) DO UPDATE SET failures = excluded.failures, last_at_ms = excluded.last_at_ms,
      ends_at_ms = excluded.ends_at_ms, expires_at = excluded.expires_at`)
  const undo = db.prepare(`
    UPDATE attempts SET failures = max(0, failures - 1),
      last_at_ms = CASE WHEN last_at_ms = :at THEN :before ELSE last_at_ms END
    WHERE tenant = :tenant AND key = :key AND ends_at_ms > :now`)
  const remove = db.prepare('DELETE FROM attempts WHERE tenant = ? AND key = ?')
  const read = (tenant: string, key: string): Attempts => {
    const row = select.get(tenant, key)
    if (row === undefined || Number(row.ends_at_ms) <= clock.nowMs()) return { count: 0 }
    const count = Number(row.failures)
    return row.last_at_ms === null ? { count } : { count, lastAtMs: Number(row.last_at_ms) }
  }
  return {
    attempt: (tenant, key, forgetSeconds) =>
      db.write(() => {
        const before = read(tenant, key)
        const atMs = clock.nowMs()
        const endsAtMs = atMs + forgetSeconds * 1000
        put.run(tenant, key, before.count + 1, atMs, endsAtMs, seconds(endsAtMs))
        return { before, atMs }
      }),
    attempts: (tenant, key) => db.read(() => read(tenant, key)),
    undoAttempt: (tenant, key, { atMs, before }) =>
      db.write(() => {
        undo.run({ tenant, key, at: atMs, before: before.lastAtMs ?? null, now: clock.nowMs() })
      }),
    forgetAttempts: (tenant, key) => db.write(() => void remove.run(tenant, key)),
  }
}

function distinctOf(db: Database, clock: Clock): Pick<ThreatStore, 'addDistinct' | 'countDistinct'> {
  const select = db.prepare('SELECT bits, ends_at_ms FROM sketches WHERE tenant = ? AND key = ?')
  const put = db.prepare(`
    INSERT INTO sketches (tenant, key, bits, ends_at_ms, expires_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (tenant, key) DO UPDATE SET bits = excluded.bits, ends_at_ms = excluded.ends_at_ms,
      expires_at = excluded.expires_at`)
  const read = (tenant: string, key: string): { readonly bits: Uint8Array; readonly endsAtMs: number } | undefined => {
    const row = select.get(tenant, key)
    if (!(row?.bits instanceof Uint8Array) || Number(row.ends_at_ms) <= clock.nowMs()) return undefined
    return { bits: row.bits, endsAtMs: Number(row.ends_at_ms) }
  }
  const counted = (bits: Uint8Array): number => {
    let set = 0
    for (const byte of bits) for (let left = byte; left !== 0; left &= left - 1) set += 1
    return countOf(set)
  }
  return {
    addDistinct: (tenant, key, item, windowSeconds) =>
      db.write(() => {
        const stored = read(tenant, key)
        const bits = stored?.bits ?? new Uint8Array(SKETCH_BITS / 8)
        const endsAtMs = stored?.endsAtMs ?? clock.nowMs() + windowSeconds * 1000
        const bit = bitOf(item)
        const mask = 0x80 >> (bit % 8)
        const byte = bits[bit >> 3] ?? 0
        if ((byte & mask) === 0) {
          bits[bit >> 3] = byte | mask
          put.run(tenant, key, bits, endsAtMs, seconds(endsAtMs))
        }
        return counted(bits)
      }),
    countDistinct: (tenant, key) => db.read(() => counted(read(tenant, key)?.bits ?? new Uint8Array())),
  }
}

function seriesOf(db: Database, clock: Clock): Pick<ThreatStore, 'tally'> {
  const add = db.prepare(`
    INSERT INTO series (tenant, key, bucket, hits, expires_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (tenant, key, bucket) DO UPDATE SET hits = hits + excluded.hits`)
  const select = db.prepare(
    'SELECT bucket, hits FROM series WHERE tenant = ? AND key = ? AND bucket > ? AND bucket <= ? AND expires_at > ?',
  )
  return {
    tally: (tenant, key, { bucket, bucketSeconds, keep }, hits) => {
      const run = () => {
        const nowMs = clock.nowMs()
        if (hits > 0) add.run(tenant, key, bucket, hits, seconds(nowMs) + bucketSeconds * keep)
        const all = Array<number>(keep).fill(0)
        for (const row of select.all(tenant, key, bucket - keep, bucket, Math.floor(nowMs / 1000)))
          all[keep - 1 - (bucket - Number(row.bucket))] = Number(row.hits)
        return all
      }
      return hits > 0 ? db.write(run) : db.read(run)
    },
  }
}

function presenceOf(db: Database, clock: Clock): Pick<ThreatStore, 'presence' | 'noteArrival'> {
  const select = db.prepare('SELECT body FROM presence WHERE tenant = ? AND sub = ? AND expires_at > ?')
  const person = db.prepare('SELECT 1 FROM users WHERE tenant = ? AND sub = ?')
  const put = db.prepare(`
    INSERT INTO presence (tenant, sub, body, expires_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (tenant, sub) DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at`)
  const read = (tenant: string, sub: string): PresenceRecord | undefined => {
    const body = bodyOf(select, tenant, sub, Math.floor(clock.nowMs() / 1000))
    return body === undefined ? undefined : decodeRecord<PresenceRecord>(body)
  }
  return {
    presence: (tenant, sub) => db.read(() => read(tenant, sub)),
    noteArrival: (tenant, sub, { network, place, at, expiresAt }) =>
      db.write(() => {
        if (person.get(tenant, sub) === undefined) return
        const stored = read(tenant, sub)
        const others = stored?.networks.filter((known) => known !== network) ?? []
        const kept = place === undefined ? stored?.place : { ...place, at }
        const record: PresenceRecord = {
          v: 1,
          networks: [network, ...others].slice(0, NETWORKS_REMEMBERED),
          ...(kept && { place: kept }),
        }
        put.run(tenant, sub, JSON.stringify(record), expiresAt)
      }),
  }
}

function throttlesOf(db: Database, clock: Clock): Pick<ThreatStore, 'throttle' | 'throttles'> {
  const put = db.prepare(`
    INSERT INTO throttles (tenant, key, per_minute, until_ms, expires_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (tenant, key) DO UPDATE SET per_minute = excluded.per_minute, until_ms = excluded.until_ms,
      expires_at = excluded.expires_at`)
  const trim = db.prepare(`
    DELETE FROM throttles WHERE tenant = :tenant AND key IN
      (SELECT key FROM throttles WHERE tenant = :tenant ORDER BY until_ms DESC, key LIMIT -1 OFFSET ${MAX_THROTTLES})`)
  const select = db.prepare('SELECT key, per_minute, until_ms FROM throttles WHERE tenant = ? AND until_ms > ?')
  return {
    throttle: (tenant, { key, perMinute, untilMs }) =>
      db.write(() => {
        put.run(tenant, key, perMinute, untilMs, seconds(untilMs))
        trim.run({ tenant })
      }),
    throttles: (tenant) =>
      db.read(() =>
        select.all(tenant, clock.nowMs()).map((row) => ({
          key: String(row.key),
          perMinute: Number(row.per_minute),
          untilMs: Number(row.until_ms),
        })),
      ),
  }
}

function risesOf(db: Database, clock: Clock): Pick<ThreatStore, 'noteRise' | 'rises'> {
  const put = db.prepare(`
    INSERT INTO rises (tenant, about, key, signal, count, at_ms, until_ms, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (tenant, about, key, signal) DO UPDATE SET count = excluded.count, at_ms = excluded.at_ms,
      until_ms = excluded.until_ms, expires_at = excluded.expires_at`)
  const trim = db.prepare(`
    DELETE FROM rises WHERE tenant = :tenant AND about = :about AND signal = :signal AND key IN
      (SELECT key FROM rises WHERE tenant = :tenant AND about = :about AND signal = :signal
        ORDER BY until_ms DESC, key LIMIT -1 OFFSET ${MAX_RISES})`)
  const select = db.prepare(
    'SELECT about, key, signal, count, at_ms, until_ms FROM rises WHERE tenant = ? AND until_ms > ?',
  )
  return {
    noteRise: (tenant, { about, key, signal, count, atMs, untilMs }) =>
      db.write(() => {
        put.run(tenant, about, key, signal, count, atMs, untilMs, seconds(untilMs))
        trim.run({ tenant, about, signal })
      }),
    rises: (tenant) =>
      db.read(() =>
        select.all(tenant, clock.nowMs()).flatMap((row) => {
          const kind = RISE_KINDS.find(({ about, signal }) => about === row.about && signal === row.signal)
          if (kind === undefined) return []
          const [count, atMs, untilMs] = [Number(row.count), Number(row.at_ms), Number(row.until_ms)]
          return [{ ...kind, key: String(row.key), count, atMs, untilMs }]
        }),
      ),
  }
}
