/** Streams that receivers made, in Redis: one hash of a tenant, in the slot of its clients, since they go with them (`clients.ts`). */
import { decodeRecord } from '../records.ts'
import { MAX_STREAMS, MAX_STREAMS_OF_CLIENT, type StreamRecord, type StreamStore } from '../streams-port.ts'
import { type RedisClient, script } from './client.ts'
import { oneOf, textOrNothing, texts } from './replies.ts'
import { written } from './versioned.ts'

/** KEYS: streams, client. ARGV: id, whose, body, most of a client, most of all, now. */
const CREATE = script(`
  local client = redis.call('HMGET', KEYS[2], 'version', 'ends')
  if not client[1] or (client[2] and tonumber(client[2]) <= tonumber(ARGV[6])) then return 'missing' end
  local bodies, own = redis.call('HVALS', KEYS[1]), 0
  if #bodies >= tonumber(ARGV[5]) then return 'full' end
  for _, body in ipairs(bodies) do
    if cjson.decode(body).clientId == ARGV[2] then own = own + 1 end
  end
  if own >= tonumber(ARGV[4]) then return 'full' end
  return redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[3]) == 1 and 'written' or 'conflict'`)

const REPLACE = script(`
  local stored = redis.call('HGET', KEYS[1], ARGV[1])
  if not stored then return 'missing' end
  if cjson.decode(stored).version ~= tonumber(ARGV[2]) then return 'conflict' end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  return 'written'`)

const DELETE = script(`return redis.call('HDEL', KEYS[1], ARGV[1]) == 1 and 'written' or 'missing'`)

const decode = (body: string): StreamRecord => decodeRecord<StreamRecord>(body)

/** A hash has no order; the id settles what was made in one second. */
const inOrder = (a: StreamRecord, b: StreamRecord): number =>
  a.createdAt - b.createdAt || (a.streamId < b.streamId ? -1 : 1)

export function redisStreams(redis: RedisClient): StreamStore {
  const { keys } = redis
  return {
    create: async (tenant, stream) => {
      const { streamId, clientId } = stream
      const values = [streamId, clientId, JSON.stringify(stream), MAX_STREAMS_OF_CLIENT, MAX_STREAMS, redis.now()]
      const touched = [keys.streams(tenant), keys.client(tenant, clientId)]
      return oneOf(await redis.runDurably(CREATE, touched, values), 'written', 'conflict', 'missing', 'full')
    },
    find: async (tenant, streamId) => {
      const body = textOrNothing(await redis.read('hget', keys.streams(tenant), streamId))
      return body === undefined ? undefined : decode(body)
    },
    list: async (tenant) =>
      texts(await redis.read('hvals', keys.streams(tenant)))
        .flatMap((body) => (body === undefined ? [] : [decode(body)]))
        .sort(inOrder),
    replace: async (tenant, stream, expectedVersion) => {
      const values = [stream.streamId, expectedVersion, JSON.stringify(stream)]
      return written(await redis.runDurably(REPLACE, [keys.streams(tenant)], values))
    },
    delete: async (tenant, streamId) =>
      oneOf(await redis.runDurably(DELETE, [keys.streams(tenant)], [streamId]), 'written', 'missing'),
  }
}
