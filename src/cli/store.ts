/** Opens the store that the configuration names; only the adapter that is used is loaded. */
import type { Config } from '../config/schema.ts'
import { readSecretFile } from '../config/secrets.ts'
import type { Clock } from '../kernel/clock.ts'
import { ConfigError } from '../kernel/errors.ts'
import { followFiles } from '../kernel/follow-files.ts'
import { readAuthorities, readKeyPair } from '../kernel/tls-files.ts'
import type { Store } from '../storage/port.ts'
import type { RedisStoreOptions, RedisTls } from '../storage/redis/options.ts'

export async function openStore(config: Config, clock: Clock): Promise<Store> {
  if (config.store.kind === 'sqlite') {
    const { openSqliteStore } = await import('../storage/sqlite/open.ts')
    return openSqliteStore({ path: config.store.path, clock })
  }
  const { redis } = config.store
  if (!redis) throw new ConfigError('store.kind redis needs store.redis')
  const { openRedisStore } = await import('../storage/redis/open.ts')
  const options = { ...redisOptions(redis), clock, onWarning: warn }
  if (!redis.tls) return openRedisStore(options)
  const { tls, stop } = followedTls(redis)
  const store = await openRedisStore({ ...options, tls })
  return {
    ...store,
    close: () => {
      stop()
      return store.close()
    },
  }
}

const warn = (message: string): void => console.error(`sallyport: redis: ${message}`)

type Redis = NonNullable<Config['store']['redis']>

function redisOptions(redis: Redis): Omit<RedisStoreOptions, 'clock'> {
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
  }
}

/** As the files are; one that cannot be used leaves what was there before. */
function followedTls({ ca_file: caFile, cert_file: certFile, key_file: keyFile }: Redis): {
  readonly tls: RedisTls
  stop(): void
} {
  const read = (): Pick<RedisTls, 'ca' | 'cert' | 'key'> => ({
    ...(caFile !== undefined && { ca: readAuthorities('store.redis.ca_file', caFile) }),
    ...(certFile !== undefined && keyFile !== undefined && readKeyPair('store.redis', { certFile, keyFile })),
  })
  let now: ReturnType<typeof read> = {}
  const stop = followFiles({
    files: [caFile, certFile, keyFile].filter((file) => file !== undefined),
    take: () => {
      now = read()
    },
    refuse: () => warn('the new certificate cannot be used: the one before stays'),
  })
  try {
    now = read()
  } catch (error) {
    stop()
    throw error
  }
  const tls = {
    get ca() {
      return now.ca
    },
    get cert() {
      return now.cert
    },
    get key() {
      return now.key
    },
  }
  return { tls, stop }
}
