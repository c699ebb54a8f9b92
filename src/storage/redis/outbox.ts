/** Security events on their way out, in Redis: each queue with what its receiver said of it in one slot. */
import {
  MAX_OUTBOX_TASKS,
  OUTBOX_SLACK_SECONDS,
  type OutboxStore,
  type OutboxTask,
  type StreamStatusRecord,
} from '../outbox-port.ts'
import { decodeRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { type QueueKeys, redisTasks } from './task-queue.ts'

const SET = script(`redis.call('SET', KEYS[1], ARGV[1])`)
const FORGET = script(`redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])`)

export function redisOutbox(redis: RedisClient): OutboxStore {
  const tasks = redisTasks(redis)
  const { keys } = redis
  const keysOf = (tenant: string, queue: string): QueueKeys => [
    keys.outbox(tenant, queue),
    keys.outboxDue(tenant, queue),
  ]
  const decode = (bodies: readonly string[]): readonly OutboxTask[] =>
    bodies.map((body) => decodeRecord<OutboxTask>(body))
  return {
    add: (tenant, queue, task, delayMs) =>
      tasks.add(keysOf(tenant, queue), {
        id: task.id,
        body: JSON.stringify(task),
        delayMs,
        most: MAX_OUTBOX_TASKS,
        same: 'stays',
        keptUntil: task.expiresAt + OUTBOX_SLACK_SECONDS,
      }),
    claim: async (tenant, queue, leaseMs, limit) => decode(await tasks.claim(keysOf(tenant, queue), leaseMs, limit)),
    putOff: (tenant, queue, task, delayMs) =>
      tasks.putOff(keysOf(tenant, queue), task.id, JSON.stringify(task), delayMs),
    remove: (tenant, queue, id) => tasks.remove(keysOf(tenant, queue), id),
    peek: async (tenant, queue, limit) => decode(await tasks.peek(keysOf(tenant, queue), limit)),
    waiting: (tenant, queue) => tasks.waiting(keysOf(tenant, queue)),
    hasten: (tenant, queue) => tasks.hasten(keysOf(tenant, queue)),
    clear: (tenant, queue) => tasks.clear(keysOf(tenant, queue)),
    forget: async (tenant, queue) => {
      await redis.runDurably(FORGET, [...keysOf(tenant, queue), keys.outboxStatus(tenant, queue)])
    },
    status: async (tenant, queue) => {
      const body = await redis.read('get', keys.outboxStatus(tenant, queue))
      return typeof body === 'string' ? decodeRecord<StreamStatusRecord>(body) : undefined
    },
    setStatus: async (tenant, queue, status) => {
      await redis.runDurably(SET, [keys.outboxStatus(tenant, queue)], [JSON.stringify(status)])
    },
  }
}
