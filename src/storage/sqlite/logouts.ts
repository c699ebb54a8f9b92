/** Unfinished sign-outs in SQLite. */
import { type LogoutStore, MAX_LOGOUT_TASKS } from '../outbox-port.ts'
import { decodeRecord, type LogoutTask } from '../records.ts'
import type { Database } from './database.ts'
import type { TaskTable } from './task-table.ts'

const QUEUE = 'logouts'

export function sqliteLogouts(db: Database, tasks: TaskTable): LogoutStore {
  return {
    add: (tenant, task, delayMs) => {
      const body = JSON.stringify(task)
      const added = { id: task.id, body, delayMs, most: MAX_LOGOUT_TASKS, same: 'is replaced' } as const
      return db.write(() => tasks.add(tenant, QUEUE, added), 'power')
    },
    claim: async (tenant, leaseMs, limit) => {
      const bodies = await db.write(() => tasks.claim(tenant, QUEUE, leaseMs, limit), 'power')
      return bodies.map((body) => decodeRecord<LogoutTask>(body))
    },
    putOff: (tenant, task, delayMs) =>
      db.write(() => tasks.putOff(tenant, QUEUE, task.id, JSON.stringify(task), delayMs)),
    remove: (tenant, id) => db.write(() => void tasks.remove(tenant, QUEUE, id)),
    waiting: (tenant) => db.read(() => tasks.waiting(tenant, QUEUE)),
  }
}
