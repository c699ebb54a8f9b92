/**
 * Clients by id, as they stand in the snapshot that is being read. A record is parsed once for as long as nobody writes
 * clients: a commit of another connection shows in SQLite's `data_version`, one of ours is told.
 */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { type ClientRecord, decodeRecord } from '../records.ts'
import { bodyOf, type Database } from './database.ts'

/** About 2 MB of records. */
const MAX_RECORDS = 2000

export class ClientTable {
  readonly #db: Database
  readonly #clock: Clock
  readonly #select
  readonly #records = new Map<string, ClientRecord>()
  #version = 0

  constructor(db: Database, clock: Clock) {
    this.#db = db
    this.#clock = clock
    this.#select = db.prepare('SELECT body FROM clients WHERE tenant = ? AND client_id = ?')
  }

  /** Inside `db.read` only. */
  find(tenant: string, clientId: string): ClientRecord | undefined {
    if (this.#version !== this.#db.foreignVersion) {
      this.#records.clear()
      this.#version = this.#db.foreignVersion
    }
    const key = `${tenant}\0${clientId}`
    const known = this.#records.get(key)
    if (known !== undefined) return this.#live(known)
    const record = this.read(tenant, clientId)
    if (record === undefined) return undefined
    // All at once: a fuller table would have to keep an order for each look-up.
    if (this.#records.size >= MAX_RECORDS) this.#records.clear()
    this.#records.set(key, record)
    return record
  }

  #live(record: ClientRecord): ClientRecord | undefined {
    return record.expiresAt === undefined || record.expiresAt > epochSeconds(this.#clock) ? record : undefined
  }

  /** From the file, also inside a transaction that writes. */
  read(tenant: string, clientId: string): ClientRecord | undefined {
    const body = bodyOf(this.#select, tenant, clientId)
    return body === undefined ? undefined : this.#live(decodeRecord<ClientRecord>(body))
  }

  /** Called inside the transaction that writes it. */
  changed(): void {
    this.#records.clear()
  }
}
