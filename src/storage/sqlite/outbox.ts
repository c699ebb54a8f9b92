/** Security events on their way out, in SQLite. What is taken in survives a power loss; a claim that is lost is made again. */
import {
  MAX_OUTBOX_TASKS,
  OUTBOX_SLACK_SECONDS,
  type OutboxStore,
  type OutboxTask,
  type StreamStatusRecord,
} from '../outbox-port.ts'
import { decodeRecord } from '../records.ts'
import type { Database } from './database.ts'
import type { TaskTable } from './task-table.ts'

/** Apart from the queue of the sign-outs. */
const nameOf = (queue: string): string => `outbox:${queue}`

export function sqliteOutbox(db: Database, tasks: TaskTable): OutboxStore {
  const find = db.prepare('SELECT body FROM stream_status WHERE tenant = ? AND queue = ?')
  const write = db.prepare('INSERT OR REPLACE INTO stream_status (tenant, queue, body) VALUES (?, ?, ?)')
  const forgetStatus = db.prepare('DELETE FROM stream_status WHERE tenant = ? AND queue = ?')
  const decode = (bodies: readonly string[]): readonly OutboxTask[] =>
    bodies.map((body) => decodeRecord<OutboxTask>(body))
  return {
    add: (tenant, queue, task, delayMs) => {
      const added = {
        id: task.id,
        body: JSON.stringify(task),
        delayMs,
        most: MAX_OUTBOX_TASKS,
        same: 'stays',
        keptUntil: task.expiresAt + OUTBOX_SLACK_SECONDS,
      } as const
      return db.write(() => tasks.add(tenant, nameOf(queue), added), 'power')
    },
    claim: async (tenant, queue, leaseMs, limit) =>
      decode(await db.write(() => tasks.claim(tenant, nameOf(queue), leaseMs, limit))),
    putOff: (tenant, queue, task, delayMs) =>
      db.write(() => tasks.putOff(tenant, nameOf(queue), task.id, JSON.stringify(task), delayMs)),
    remove: (tenant, queue, id) => db.write(() => tasks.remove(tenant, nameOf(queue), id)),
    peek: async (tenant, queue, limit) => decode(await db.read(() => tasks.peek(tenant, nameOf(queue), limit))),
    waiting: (tenant, queue) => db.read(() => tasks.waiting(tenant, nameOf(queue))),
    hasten: (tenant, queue) => db.write(() => tasks.hasten(tenant, nameOf(queue))),
    clear: (tenant, queue) => db.write(() => tasks.clear(tenant, nameOf(queue))),
    forget: (tenant, queue) =>
      db.write(() => {
        tasks.clear(tenant, nameOf(queue))
        forgetStatus.run(tenant, queue)
      }),
    status: (tenant, queue) =>
      db.read(() => {
        const row = find.get(tenant, queue)
        return row === undefined ? undefined : decodeRecord<StreamStatusRecord>(String(row.body))
      }),
    setStatus: (tenant, queue, status) =>
      db.write(() => void write.run(tenant, queue, JSON.stringify(status)), 'power'),
  }
}
