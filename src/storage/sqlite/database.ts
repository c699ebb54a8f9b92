/**
 * The one connection and its group commit: writes that come together share a transaction, and each promise resolves after
 * the commit. An operation that fails never fails its neighbours: the batch is undone and each runs alone. The reads of one
 * turn of the event loop share a snapshot, which ends before anything is written: taking one costs more than most reads.
 *
 * Two strengths of a write. `process`: survives kill -9 once acknowledged (WAL, synchronous=NORMAL). `power`: also a power
 * loss; the log is synced on a worker thread before the promise resolves. What must happen once, and what takes rights away,
 * is `power`, the same set that waits for a replica on Redis.
 */
import { type FileHandle, open } from 'node:fs/promises'
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { StoreUnavailable } from '../../kernel/errors.ts'

export type Strength = 'process' | 'power'

interface Pending {
  /** Runs inside the transaction; what it returns tells the caller, after the commit. May run again after a rollback. */
  readonly run: () => () => void
  readonly reject: (cause: unknown) => void
  readonly strength: Strength
}

/** How long a write waits for another process's. It holds the event loop, so it is short, and once it was in vain nobody waits. */
export const BUSY_TIMEOUT_MS = 2000

/** Bounds how long one turn of the event loop is held: about 5 ms of writes. */
const BATCH_LIMIT = 256

/** SQLite's own text for a code names no value; the full message may, so it goes nowhere. */
function unavailable(cause: unknown): unknown {
  if (!(cause instanceof Error) || !('errstr' in cause)) return cause
  return new StoreUnavailable(`sqlite: ${String(cause.errstr)}`)
}

export class Database {
  readonly #db: DatabaseSync
  readonly #beginReading: StatementSync
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #dataVersion: StatementSync
  readonly #log: FileHandle
  #queue: Pending[] = []
  #scheduled = false
  #reading = false
  #closed = false
  /** Another process held the file for longer than a write may wait, and no write has succeeded since. */
  #isHeld = false
  #syncing: Promise<void> = Promise.resolve()
  #nextSync: Promise<void> | undefined

  private constructor(db: DatabaseSync, log: FileHandle) {
    this.#db = db
    this.#log = log
    this.#beginReading = db.prepare('BEGIN')
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
    this.#dataVersion = db.prepare('PRAGMA data_version')
  }

  /** `db` is in WAL mode and has been written to, so that its log file is there and stays until the last connection closes. */
  static async over(db: DatabaseSync, path: string): Promise<Database> {
    return new Database(db, await open(`${path}-wal`, 'r+'))
  }

  /** As of the snapshot that is being read: differs from an earlier one where another connection has committed since. */
  foreignVersion = 0

  prepare(sql: string): StatementSync {
    return this.#db.prepare(sql)
  }

  async read<T>(run: () => T): Promise<T> {
    if (this.#closed) throw new StoreUnavailable('sqlite: closed')
    try {
      if (!this.#reading) this.#takeSnapshot()
      return run()
    } catch (cause) {
      this.#endSnapshot()
      throw unavailable(cause)
    }
  }

  write<T>(run: () => T, strength: Strength = 'process'): Promise<T> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('sqlite: closed'))
    return new Promise<T>((resolve, reject) => {
      const acknowledge = (value: T) => () => resolve(value)
      this.#queue.push({ run: () => acknowledge(run()), reject, strength })
      this.#schedule()
    })
  }

  /** Commits what is waiting, then ends the connection. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#endSnapshot()
    while (this.#queue.length > 0) this.#flush()
    await (this.#nextSync ?? this.#syncing).catch(() => undefined)
    await this.#log.close()
    this.#db.close()
  }

  #takeSnapshot(): void {
    this.#beginReading.run()
    this.#reading = true
    this.foreignVersion = Number(this.#dataVersion.get()?.data_version)
    setImmediate(() => this.#endSnapshot())
  }

  /** What ends it early is followed by a new one, which then ends as early as this would have. */
  #endSnapshot(): void {
    if (!this.#reading) return
    this.#reading = false
    try {
      // An error of the file may have ended it already.
      if (this.#db.isTransaction) this.#commit.run()
    } catch {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    }
  }

  /** After all that can go on now has gone on: what one flush of a log set free is written in one transaction. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      if (this.#queue.length > 0) this.#flush()
      // The rest after others had their turn.
      if (this.#queue.length > 0) setImmediate(() => this.#schedule())
    })
  }

  #flush(): void {
    this.#endSnapshot()
    const batch = this.#queue.splice(0, BATCH_LIMIT)
    const failure = this.#transact(batch)
    if (failure === undefined) return
    // Another process holds the file: each one alone would wait for it again, and the event loop with it.
    const hopeless = batch.length === 1 || !failure.began
    for (const pending of batch) {
      const alone = hopeless ? failure : this.#transact([pending])
      if (alone !== undefined) pending.reject(unavailable(alone.cause))
    }
  }

  #transact(batch: readonly Pending[]): { began: boolean; cause: unknown } | undefined {
    const acknowledgements: (() => void)[] = []
    let began = false
    try {
      this.#begin.run()
      began = true
      for (const { run } of batch) acknowledgements.push(run())
      this.#commit.run()
    } catch (cause) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      if (!began) this.#hold(true)
      return { began, cause }
    }
    this.#hold(false)
    this.#acknowledge(batch, acknowledgements)
    return undefined
  }

  #hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return
    this.#isHeld = isHeld
    this.#db.exec(`PRAGMA busy_timeout = ${isHeld ? 0 : BUSY_TIMEOUT_MS}`)
  }

  #acknowledge(batch: readonly Pending[], acknowledgements: readonly (() => void)[]): void {
    const strong = batch.some(({ strength }) => strength === 'power')
    const synced = strong ? this.#sync() : undefined
    for (const [index, { strength, reject }] of batch.entries()) {
      const acknowledge = acknowledgements[index]
      if (acknowledge === undefined) continue
      if (strength === 'process' || synced === undefined) acknowledge()
      else synced.then(acknowledge, () => reject(new StoreUnavailable('sqlite: the log could not be synced')))
    }
  }

  /** A sync that begins after now. One runs at a time; all who ask meanwhile share the next. */
  #sync(): Promise<void> {
    if (this.#nextSync === undefined) {
      const begin = () => {
        this.#nextSync = undefined
        this.#syncing = this.#log.datasync()
        return this.#syncing
      }
      this.#nextSync = this.#syncing.then(begin, begin)
    }
    return this.#nextSync
  }
}

/** The text of column `body` of the first row, or undefined. */
export function bodyOf(statement: StatementSync, ...values: SQLInputValue[]): string | undefined {
  const body = statement.get(...values)?.body
  return typeof body === 'string' ? body : undefined
}

/** How many rows a write touched. */
export const changed = (statement: StatementSync, ...values: SQLInputValue[]): number =>
  Number(statement.run(...values).changes)
