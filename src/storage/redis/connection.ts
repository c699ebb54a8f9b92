/**
 * The connection to Redis: single, sentinel or cluster by configuration. Nothing is queued while it is down and nothing is
 * sent twice (a redemption that ran and is sent again would read as reuse); it comes back by itself.
 */
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { ConfigError, StoreUnavailable } from '../../kernel/errors.ts'
import { parseNode, type RedisStoreOptions, type RedisTls } from './options.ts'

export type Connection = Redis | Cluster

export const DEFAULT_DEADLINE_MS = 1000
const RETRY_CEILING_MS = 500
/** A peer that stays silent this long while answers are due is taken for dead. */
const SILENCE_MS = 5 * 1000

const retryDelay = (times: number): number => Math.min(50 * times, RETRY_CEILING_MS)

/** Read at each new connection: certificates are renewed. */
const tlsOptions = (tls: RedisTls) => ({
  minVersion: 'TLSv1.2' as const,
  ...(tls.servername !== undefined && { servername: tls.servername }),
  get ca() {
    return tls.ca
  },
  get cert() {
    return tls.cert
  },
  get key() {
    return tls.key
  },
})

function nodeOptions({ username, password, tls, deadlineMs = DEFAULT_DEADLINE_MS }: RedisStoreOptions) {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: tlsOptions(tls) }),
    lazyConnect: true,
    connectTimeout: deadlineMs,
    commandTimeout: deadlineMs,
    socketTimeout: Math.max(SILENCE_MS, deadlineMs),
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectionName: 'sallyport',
    replyMapping: 'legacy',
  } as const satisfies RedisOptions
}

function createCluster(options: RedisStoreOptions): Cluster {
  const { deadlineMs = DEFAULT_DEADLINE_MS, tls } = options
  return new Cluster(options.nodes.map(parseNode), {
    redisOptions: nodeOptions(options),
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelay,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshInterval: 2000,
    slotsRefreshTimeout: deadlineMs,
    // Certificates name hosts: the names that the cluster announces must stay names.
    ...(tls && { dnsLookup: (address, done) => done(null, address) }),
  })
}

function createServer(options: RedisStoreOptions): Redis {
  const base = { ...nodeOptions(options), enableOfflineQueue: false, retryStrategy: retryDelay }
  const nodes = options.nodes.map(parseNode)
  if (options.mode !== 'sentinel') {
    const [node] = nodes
    if (node === undefined || nodes.length > 1)
      throw new ConfigError('one Redis node must be named, or a cluster chosen')
    return new Redis({ ...base, ...node })
  }
  if (options.sentinelName === undefined) throw new ConfigError('the sentinels need the name of the primary')
  return new Redis({
    ...base,
    sentinels: nodes,
    name: options.sentinelName,
    ...(options.sentinelUsername !== undefined && { sentinelUsername: options.sentinelUsername }),
    ...(options.sentinelPassword !== undefined && { sentinelPassword: options.sentinelPassword }),
    ...(options.tls && { sentinelTLS: tlsOptions(options.tls), enableTLSForSentinelMode: true }),
    sentinelRetryStrategy: retryDelay,
    failoverDetector: true,
    // A primary that was demoted under us answers READONLY: ask the sentinels again.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
}

const ended = new WeakSet<Connection>()

/** For good. */
export function disconnect(connection: Connection): void {
  ended.add(connection)
  connection.disconnect()
}

/** The client gives up for ever where a failover is told in the moment in which it asks the sentinels: it is begun anew. */
function beginAnew(connection: Redis): void {
  connection.on('end', () => {
    const again = () => {
      if (!ended.has(connection) && connection.status === 'end') connection.connect().catch(() => undefined)
    }
    setTimeout(again, RETRY_CEILING_MS).unref()
  })
}

/** Connected and authenticated, or StoreUnavailable; wrong credentials are a ConfigError. */
export async function connect(options: RedisStoreOptions): Promise<Connection> {
  const connection = options.mode === 'cluster' ? createCluster(options) : createServer(options)
  let lastError: unknown
  // Every call reports its own failure; without a listener the client would print to the console.
  connection.on('error', (error) => {
    lastError = error
  })
  try {
    await connection.connect()
    await ready(connection, options)
    if (connection instanceof Redis) beginAnew(connection)
    return connection
  } catch (cause) {
    disconnect(connection)
    if ([lastError, cause].some(isRefusal)) throw new ConfigError('Redis refuses the user name or password')
    if (cause instanceof ConfigError) throw cause
    // A cluster's client keeps to itself why no node let it in: one that is asked alone tells it.
    if (options.mode === 'cluster')
      disconnect(await connect({ ...options, mode: 'single', nodes: options.nodes.slice(0, 1) }))
    const reason = [lastError, cause].map(reasonOf).find((known) => known !== undefined) ?? 'no answer'
    throw new StoreUnavailable(`redis at ${options.nodes.join(', ')} cannot be reached: ${reason}`)
  }
}

async function ready(connection: Connection, { deadlineMs = DEFAULT_DEADLINE_MS }: RedisStoreOptions): Promise<void> {
  if (connection.status === 'ready') return
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('not ready in time')), deadlineMs)
    connection.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** A server that wants TLS says nothing to who speaks without, nor always to who shows no certificate. */
const HUNG_UP = 'it closed the connection (does it want TLS, or a client certificate?)'

/** The code of what stood in the way; undefined for the client's own words about it. */
function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const code = codeOf(error)
  if (code === 'ECONNRESET' || code === 'EPIPE' || error.message === 'Connection is closed.') return HUNG_UP
  return code === error.name ? undefined : code
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const inner = 'lastNodeError' in error ? error.lastNodeError : undefined
  return /^(WRONGPASS|NOAUTH|NOPERM)/.test(error.message) || isRefusal(inner)
}

/** The code of a Redis or network error. Its message may quote keys and values, so it goes nowhere. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed'
  if ('code' in error && typeof error.code === 'string') return error.code
  const [word = ''] = error.message.split(' ')
  return /^[A-Z]{3,20}$/.test(word) ? word : error.name
}
