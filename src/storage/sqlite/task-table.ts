/**
 * Tasks in SQLite, each done by one node at a time, in queues. A claim moves what it takes on by its lease, in the transaction
 * that reads it. Its methods run inside a transaction of the caller's. Sign-outs and security events wait so.
 */
import type { Clock } from '../../kernel/clock.ts'
import { changed, type Database } from './database.ts'

export interface NewTask {
  readonly id: string
  readonly body: string
  readonly delayMs: number
  /** Tasks that wait at most. */
  readonly most: number
  /** What becomes of one of the same id. */
  readonly same: 'stays' | 'is replaced'
  /** When it may be forgotten; absent: never. */
  readonly keptUntil?: number
}

export class TaskTable {
  readonly #clock: Clock
  readonly #statements: ReturnType<typeof statementsOf>

  constructor(db: Database, clock: Clock) {
    this.#clock = clock
    this.#statements = statementsOf(db)
  }

  add(tenant: string, queue: string, { id, body, delayMs, most, same, keptUntil }: NewTask): 'added' | 'full' {
    const { find, upsert } = this.#statements
    const stands = find.get(tenant, queue, id) !== undefined
    if (stands && same === 'stays') return 'added'
    if (!stands && this.waiting(tenant, queue) >= most) return 'full'
    upsert.run(tenant, queue, id, this.#clock.nowMs() + delayMs, keptUntil ?? null, body)
    return 'added'
  }

  claim(tenant: string, queue: string, leaseMs: number, limit: number): readonly string[] {
    const now = this.#clock.nowMs()
    const rows = this.#statements.claim.all(now + leaseMs, tenant, queue, now, limit)
    return rows.map(({ body }) => String(body))
  }

  peek(tenant: string, queue: string, limit: number): readonly string[] {
    return this.#statements.peek.all(tenant, queue, limit).map(({ body }) => String(body))
  }

  putOff(tenant: string, queue: string, id: string, body: string, delayMs: number): void {
    this.#statements.update.run(this.#clock.nowMs() + delayMs, body, tenant, queue, id)
  }

  remove(tenant: string, queue: string, id: string): boolean {
    return changed(this.#statements.remove, tenant, queue, id) === 1
  }

  hasten(tenant: string, queue: string): void {
    const now = this.#clock.nowMs()
    this.#statements.hasten.run(now, tenant, queue, now)
  }

  clear(tenant: string, queue: string): void {
    this.#statements.clear.run(tenant, queue)
  }

  waiting(tenant: string, queue: string): number {
    return Number(this.#statements.count.get(tenant, queue)?.total)
  }
}

const statementsOf = (db: Database) => ({
  find: db.prepare('SELECT 1 FROM tasks WHERE tenant = ? AND queue = ? AND id = ?'),
  upsert: db.prepare(
    'INSERT OR REPLACE INTO tasks (tenant, queue, id, due_at_ms, expires_at, body) VALUES (?, ?, ?, ?, ?, ?)',
  ),
  claim: db.prepare(
    `UPDATE tasks SET due_at_ms = ? WHERE (tenant, queue, id) IN
      (SELECT tenant, queue, id FROM tasks WHERE tenant = ? AND queue = ? AND due_at_ms <= ?
       ORDER BY due_at_ms, id LIMIT ?) RETURNING body`,
  ),
  peek: db.prepare('SELECT body FROM tasks WHERE tenant = ? AND queue = ? ORDER BY due_at_ms, id LIMIT ?'),
  update: db.prepare('UPDATE tasks SET due_at_ms = ?, body = ? WHERE tenant = ? AND queue = ? AND id = ?'),
  hasten: db.prepare('UPDATE tasks SET due_at_ms = ? WHERE tenant = ? AND queue = ? AND due_at_ms > ?'),
  remove: db.prepare('DELETE FROM tasks WHERE tenant = ? AND queue = ? AND id = ?'),
  clear: db.prepare('DELETE FROM tasks WHERE tenant = ? AND queue = ?'),
  count: db.prepare('SELECT count(*) AS total FROM tasks WHERE tenant = ? AND queue = ?'),
})
