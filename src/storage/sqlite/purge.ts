/** Removes expired rows in small slices, so that no turn of the event loop is held by it. Reads never depend on it. */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { changed, type Database } from './database.ts'

const SLICE = 200
const BETWEEN_SLICES_MS = 50
const BETWEEN_ROUNDS_MS = 30 * 1000

const KEYS = {
  clients: 'tenant, client_id',
  sessions: 'tenant, digest',
  session_clients: 'tenant, sid, client_id',
  interactions: 'tenant, digest',
  interaction_people: 'tenant, sub, digest',
  pushed_requests: 'tenant, digest',
  one_use: 'tenant, kind, digest',
  device_grants: 'tenant, digest',
  consents: 'tenant, sub, client_id',
  devices: 'tenant, sub, digest',
  access_tokens: 'tenant, jti',
  replay: 'tenant, key',
  attempts: 'tenant, key',
  sketches: 'tenant, key',
  series: 'tenant, key, bucket',
  presence: 'tenant, sub',
  throttles: 'tenant, key',
  rises: 'tenant, about, key, signal',
  tasks: 'tenant, queue, id',
  activity: 'seq',
} as const

/** Answers whether more may be waiting. Handles go with their grant: a spent one must be known until then. */
export function purger(db: Database, clock: Clock): () => Promise<boolean> {
  const expired = Object.entries(KEYS).map(([table, key]) =>
    db.prepare(
      `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE expires_at <= ? LIMIT ${SLICE})`,
    ),
  )
  const counters = db.prepare(
    `DELETE FROM limits WHERE (tenant, key) IN (SELECT tenant, key FROM limits WHERE resets_at_ms <= ? LIMIT ${SLICE})`,
  )
  const setup = db.prepare('DELETE FROM setup WHERE expires_at <= ?')
  const endedGrants = db.prepare(`SELECT tenant, grant_id FROM grants WHERE expires_at <= ? LIMIT ${SLICE}`)
  const handles = db.prepare(
    `DELETE FROM handles WHERE (tenant, grant_id, kind, digest) IN
      (SELECT tenant, grant_id, kind, digest FROM handles WHERE tenant = ? AND grant_id = ? LIMIT ${SLICE})`,
  )
  const grant = db.prepare('DELETE FROM grants WHERE tenant = ? AND grant_id = ?')

  const purgeGrants = (now: number): boolean => {
    let left = SLICE
    for (const row of endedGrants.all(now)) {
      const [tenant, grantId] = [String(row.tenant), String(row.grant_id)]
      const removed = changed(handles, tenant, grantId)
      left -= removed + 1
      if (removed < SLICE) grant.run(tenant, grantId)
      if (left <= 0) return true
    }
    return false
  }

  return () =>
    db.write(() => {
      const now = epochSeconds(clock)
      setup.run(now)
      const full = [...expired.map((statement) => changed(statement, now)), changed(counters, clock.nowMs())]
      return purgeGrants(now) || full.includes(SLICE)
    })
}

/** Purges until stopped. A failing slice is tried again in the next round: the store's own calls report the outage. */
export function startPurging(db: Database, clock: Clock): () => void {
  const purge = purger(db, clock)
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const schedule = (delayMs: number): void => {
    if (!stopped) timer = setTimeout(round, delayMs).unref()
  }
  const round = (): void => {
    purge().then(
      (more) => schedule(more ? BETWEEN_SLICES_MS : BETWEEN_ROUNDS_MS),
      () => schedule(BETWEEN_ROUNDS_MS),
    )
  }
  schedule(BETWEEN_ROUNDS_MS)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
