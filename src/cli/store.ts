/** Opens the store that the configuration names; only the adapter that is used is loaded. */
import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { readSecretFile } from '../config/secrets.ts'
import type { Clock } from '../kernel/clock.ts'
import { ConfigError } from '../kernel/errors.ts'
import type { Store } from '../storage/port.ts'
import type { RedisStoreOptions } from '../storage/redis/options.ts'

export async function openStore(config: Config, clock: Clock): Promise<Store> {
  if (config.store.kind === 'sqlite') {
    const { openSqliteStore } = await import('../storage/sqlite/open.ts')
    return openSqliteStore({ path: config.store.path, clock })
  }
  const { openRedisStore } = await import('../storage/redis/open.ts')
  return openRedisStore({
    ...redisOptions(config.store.redis),
    clock,
    onWarning: (message) => console.error(`sallyport: redis: ${message}`),
  })
}

function redisOptions(redis: Config['store']['redis']): Omit<RedisStoreOptions, 'clock'> {
  if (!redis) throw new ConfigError('store.kind redis needs store.redis')
  const { nodes, mode, sentinel_name, username, password_file, key_prefix, replicas } = redis
  const password =
    password_file === undefined ? redis.password : readSecretFile(password_file, 'store.redis.password_file')
  return {
    nodes,
    mode,
    keyPrefix: key_prefix,
    replicas,
    ...(sentinel_name !== undefined && { sentinelName: sentinel_name }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(redis.tls && { tls: redis.ca_file === undefined ? {} : { ca: readCertificates(redis.ca_file) } }),
  }
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`store.redis.ca_file: ${file} cannot be read`, { cause })
  }
}
