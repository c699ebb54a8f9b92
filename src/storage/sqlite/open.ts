/**
 * The embedded store: one SQLite file, one connection (and a thread that checkpoints), no other service. Safe after kill -9; see `database.ts` for what
 * also survives a power loss. Other processes may open the same file for a moment (`sallyport init`).
 */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../kernel/clock.ts'
import { ConfigError } from '../../kernel/errors.ts'
import type { Store } from '../port.ts'
import { sqliteAccessTokens } from './access-tokens.ts'
import { sqliteActivity } from './activity.ts'
import { sqliteChains } from './chains.ts'
import { LAST_RESORT_PAGES, startCheckpoints } from './checkpoint.ts'
import { ClientTable } from './client-table.ts'
import { sqliteClients } from './clients.ts'
import { BUSY_TIMEOUT_MS, Database } from './database.ts'
import { sqliteDeviceGrants } from './device-grants.ts'
import { sqliteDevices } from './devices.ts'
import { sqliteFactors } from './factors.ts'
import { GrantTables } from './grant-tables.ts'
import { sqliteCodes, sqliteGrants, sqliteRefreshTokens } from './grants.ts'
import { sqliteIdentities } from './identities.ts'
import { sqliteLimits } from './limits.ts'
import { sqliteLogouts } from './logouts.ts'
import { sqliteOneUse } from './one-use.ts'
import { sqliteOutbox } from './outbox.ts'
import { sqliteMarks, sqlitePlatform } from './platform.ts'
import { startPurging } from './purge.ts'
import { sqlitePushedRequests } from './pushed-requests.ts'
import { sqliteReplay } from './replay.ts'
import { migrateSchema } from './schema.ts'
import { sqliteConsents, sqliteInteractions, sqliteSessions } from './sessions.ts'
import { sqliteSigningKeys } from './signing-keys.ts'
import { sqliteStreams } from './streams.ts'
import { TaskTable } from './task-table.ts'
import { sqliteThreats } from './threats.ts'
import { TokenTable } from './token-table.ts'
import { sqliteUsers } from './users.ts'

export interface SqliteStoreOptions {
  readonly path: string
  readonly clock: Clock
}

/** Enough for what is in use at a time; the system keeps the file in memory as well. */
const CACHE_KIB = 4 * 1024

/** Created private to this user before SQLite sees it; the log files beside it take their mode from it. */
function openFile(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cell_size_check = ON')
    // What is deleted or written over is overwritten with zeros: the file keeps nothing of who was erased.
    db.exec('PRAGMA secure_delete = ON')
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = ${LAST_RESORT_PAGES}`)
    migrateSchema(db, path)
    return db
  } catch (cause) {
    db.close()
    throw cause
  }
}

function openOrExplain(path: string): DatabaseSync {
  try {
    return openFile(path)
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    const why = cause instanceof Error ? cause.message : 'unknown'
    throw new ConfigError(`${path}: the store cannot be opened: ${why}`, { cause })
  }
}

export async function openSqliteStore({ path, clock }: SqliteStoreOptions): Promise<Store> {
  const db = await Database.over(openOrExplain(path), path)
  const tokens = new TokenTable(db, clock)
  const grants = new GrantTables(db, clock, tokens)
  const clients = new ClientTable(db, clock)
  const tasks = new TaskTable(db, clock)
  const probe = db.prepare('SELECT count(*) FROM platform')
  const stopPurging = startPurging(db, clock)
  const checkpoints = startCheckpoints(path)
  return {
    clients: sqliteClients(db, clients, clock),
    users: sqliteUsers(db),
    sessions: sqliteSessions(db, clock),
    activity: sqliteActivity(db, clock),
    devices: sqliteDevices(db, clock),
    interactions: sqliteInteractions(db, clock),
    consents: sqliteConsents(db, clock),
    factors: sqliteFactors(db),
    pushedRequests: sqlitePushedRequests(db, clock),
    oneUse: sqliteOneUse(db, clock),
    deviceGrants: sqliteDeviceGrants(db, clock),
    identities: sqliteIdentities(db),
    codes: sqliteCodes(db, grants),
    refreshTokens: sqliteRefreshTokens(db, grants),
    accessTokens: sqliteAccessTokens(db, { tokens, grants, clients }),
    grants: sqliteGrants(db, grants, clock),
    logouts: sqliteLogouts(db, tasks),
    outbox: sqliteOutbox(db, tasks),
    streams: sqliteStreams(db, clock),
    limits: sqliteLimits(db, clock),
    threats: sqliteThreats(db, clock),
    replay: sqliteReplay(db, clock),
    signingKeys: sqliteSigningKeys(db, clock),
    platform: sqlitePlatform(db),
    marks: sqliteMarks(db),
    chains: sqliteChains(db),
    ping: () => db.read(() => void probe.get()),
    expunge: () => checkpoints.expunge(),
    close: async () => {
      stopPurging()
      await checkpoints.stop()
      await db.close()
    },
  }
}
