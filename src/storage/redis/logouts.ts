/** Unfinished sign-outs in Redis. */
import { type LogoutStore, MAX_LOGOUT_TASKS } from '../outbox-port.ts'
import { decodeRecord, type LogoutTask } from '../records.ts'
import type { RedisClient } from './client.ts'
import { type QueueKeys, redisTasks } from './task-queue.ts'

export function redisLogouts(redis: RedisClient): LogoutStore {
  const tasks = redisTasks(redis)
  const keysOf = (tenant: string): QueueKeys => [redis.keys.logouts(tenant), redis.keys.logoutsDue(tenant)]
  return {
    add: (tenant, task, delayMs) => {
      const body = JSON.stringify(task)
      return tasks.add(keysOf(tenant), { id: task.id, body, delayMs, most: MAX_LOGOUT_TASKS, same: 'is replaced' })
    },
    claim: async (tenant, leaseMs, limit) =>
      (await tasks.claim(keysOf(tenant), leaseMs, limit)).map((body) => decodeRecord<LogoutTask>(body)),
    putOff: (tenant, task, delayMs) => tasks.putOff(keysOf(tenant), task.id, JSON.stringify(task), delayMs),
    remove: async (tenant, id) => void (await tasks.remove(keysOf(tenant), id)),
    waiting: (tenant) => tasks.waiting(keysOf(tenant)),
  }
}
