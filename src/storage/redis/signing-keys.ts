/** Signing keys in Redis: a list, and beside it the tag that changes with each replacement of the whole; ages by the server's clock. */
import { randomId } from '../../kernel/ids.ts'
import { KEY_SET_SECONDS } from '../../kernel/key-times.ts'
import type { SigningKeyStore } from '../port.ts'
import { decodeSigningKeys } from '../signing-keys.ts'
import { type RedisClient, script } from './client.ts'
import { number, oneOf, textOrNothing, texts } from './replies.ts'

const READ = script(`
  local read = redis.call('LRANGE', KEYS[2], 0, -1)
  table.insert(read, 1, redis.call('TIME')[1])
  table.insert(read, 1, redis.call('HGET', KEYS[1], 'signing-keys') or '')
  return read`)

const REPLACE = script(`
  if (redis.call('HGET', KEYS[1], 'signing-keys') or '') ~= ARGV[1] then return 'conflict' end
  if tonumber(redis.call('TIME')[1]) - tonumber(ARGV[2]) > tonumber(ARGV[3]) then return 'conflict' end
  redis.call('DEL', KEYS[2])
  for at = 5, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[at]) end
  redis.call('HSET', KEYS[1], 'signing-keys', ARGV[4])
  return 'written'`)

export function redisSigningKeys(redis: RedisClient): SigningKeyStore {
  const { keys } = redis
  const touched = [keys.platform(), keys.signingKeys()]
  return {
    read: async () => {
      const [tag = '', nowSeconds, ...records] = texts(await redis.run(READ, touched, []))
      return { tag, nowSeconds: number(nowSeconds), keys: decodeSigningKeys(records.map((text) => text ?? '')) }
    },
    tag: async () => textOrNothing(await redis.read('hget', keys.platform(), 'signing-keys')) ?? '',
    replace: async (from, records) => {
      const values = [
        from.tag,
        from.nowSeconds,
        KEY_SET_SECONDS,
        randomId(),
        ...records.map((key) => JSON.stringify(key)),
      ]
      return oneOf(await redis.runDurably(REPLACE, touched, values), 'written', 'conflict')
    },
  }
}
