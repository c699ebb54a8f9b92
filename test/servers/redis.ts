/** Real redis-server processes for tests: single with AUTH, TLS or a replica, and clusters. Loopback and free ports only. */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Certificates, makeCertificates } from './certificates.ts'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

const runFile = promisify(execFile)

export interface RedisCredentials {
  readonly username: string
  readonly password: string
}

export interface RedisServerOptions {
  /** An ACL user with a password; the default user is off. Default true. */
  readonly auth?: boolean
  readonly credentials?: RedisCredentials
  readonly tls?: Certificates
  /** Nobody gets in without a certificate of the CA. */
  readonly clientCertificates?: boolean
  /** Writes reach the disk before they are answered, so that a kill loses none. */
  readonly appendOnly?: boolean
  readonly cluster?: boolean
  readonly replicaOf?: RedisServer
  /** Further lines of redis.conf. */
  readonly config?: readonly string[]
}

export interface RedisServer {
  readonly port: number
  /** `host:port`. */
  readonly node: string
  readonly credentials: RedisCredentials | undefined
  readonly tls: Certificates | undefined
  readonly replicaOf: RedisServer | undefined
  /** Runs one command through redis-cli and answers what it prints. */
  command(...words: string[]): Promise<string>
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>
  /** Starts it again on the same port and data. */
  restart(): Promise<void>
  /** Stops it answering without ending it; `resume` lets it go on. */
  hang(): void
  resume(): void
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

function configuration(
  port: number,
  busPort: number,
  folder: string,
  credentials: RedisCredentials | undefined,
  options: RedisServerOptions,
): string {
  const { tls, replicaOf } = options
  return [
    'bind 127.0.0.1',
    `dir ${folder}`,
    'save ""',
    'repl-diskless-sync-delay 0',
    tls
      ? `port 0\ntls-port ${port}\ntls-replication yes\ntls-auth-clients ${options.clientCertificates ? 'yes' : 'no'}`
      : `port ${port}`,
    tls ? `tls-cert-file ${tls.certFile}\ntls-key-file ${tls.keyFile}\ntls-ca-cert-file ${tls.caFile}` : '',
    options.appendOnly ? 'appendonly yes\nappendfsync always' : '',
    options.cluster ? `cluster-enabled yes\ncluster-port ${busPort}\ncluster-node-timeout 2000` : '',
    options.cluster && tls ? 'tls-cluster yes' : '',
    // The default user replays the append-only file: without permissions, Redis 7.0 drops every transaction in it.
    credentials
      ? `user default off ~* &* +@all\nuser ${credentials.username} on >${credentials.password} ~* &* +@all`
      : '',
    credentials ? `masteruser ${credentials.username}\nmasterauth ${credentials.password}` : '',
    replicaOf ? `replicaof 127.0.0.1 ${replicaOf.port}` : '',
    ...(options.config ?? []),
  ].join('\n')
}

/** Resolves at the line that redis-server prints when it serves. */
async function launch(file: string): Promise<ChildProcess> {
  const child = spawn('redis-server', [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  child.once('exit', () => process.removeListener('exit', endWithUs))
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${output}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk
      if (output.includes('eady to accept connections')) resolve()
    })
  })
  return child
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

/** At the head of a chain of replicas. */
const primaryOf = (server: RedisServer): RedisServer =>
  server.replicaOf === undefined ? server : primaryOf(server.replicaOf)

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-redis-'))
  const [port, busPort] = await Promise.all([freePort(), freePort()])
  const fresh = { username: 'sallyport', password: randomBytes(12).toString('hex') }
  const credentials = options.auth === false ? undefined : (options.credentials ?? fresh)
  const file = join(folder, 'redis.conf')
  await writeFile(file, configuration(port, busPort, folder, credentials, options), { mode: 0o600 })
  let child = await launch(file)

  const target = ['-h', '127.0.0.1', '-p', String(port), '-e', '--no-auth-warning']
  if (credentials) target.push('--user', credentials.username)
  if (options.tls) target.push('--tls', '--cacert', options.tls.caFile)
  if (options.tls && options.clientCertificates)
    target.push('--cert', options.tls.certFile, '--key', options.tls.keyFile)
  const env = { ...process.env, ...(credentials && { REDISCLI_AUTH: credentials.password }) }
  const command = async (...words: string[]) =>
    (await runFile('redis-cli', [...target, ...words], { env })).stdout.trim()
  const { replicaOf } = options
  if (replicaOf) {
    // A write that arrives: `master_link_status` and `state=online` come up to a second before the stream flows.
    await primaryOf(replicaOf).command('SET', 'probe', fresh.password)
    await until(async () => (await command('GET', 'probe')) === fresh.password, 'the replica follows')
  }
  return {
    port,
    node: `127.0.0.1:${port}`,
    credentials,
    tls: options.tls,
    replicaOf,
    command,
    kill: () => end(child, 'SIGKILL'),
    restart: async () => {
      child = await launch(file)
    },
    hang: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    stop: async () => {
      await end(child, 'SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  readonly credentials: RedisCredentials
  /** PEM of the CA, where it speaks TLS. */
  readonly ca: string | undefined
  stop(): Promise<void>
}

const SLOTS = 16384

/** Primaries only, with AUTH; TLS between nodes and to clients when asked. */
export async function startRedisCluster(primaries = 3, { tls = false } = {}): Promise<RedisCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-cluster-'))
  const certificates = tls ? await makeCertificates(folder) : undefined
  const credentials = { username: 'sallyport', password: randomBytes(12).toString('hex') }
  const options = { cluster: true, appendOnly: true, credentials, ...(certificates && { tls: certificates }) }
  const nodes = await Promise.all(Array.from({ length: primaries }, () => startRedis(options)))
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await formCluster(nodes)
    return { nodes, credentials, ca: certificates && (await readFile(certificates.caFile, 'utf8')), stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}

async function formCluster(nodes: readonly RedisServer[]): Promise<void> {
  const [first] = nodes
  for (const [index, node] of nodes.entries()) {
    const from = Math.floor((index * SLOTS) / nodes.length)
    const to = Math.floor(((index + 1) * SLOTS) / nodes.length) - 1
    await node.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  }
  for (const node of nodes.slice(1)) {
    const busPort = (await node.command('CONFIG', 'GET', 'cluster-port')).split('\n')[1] ?? ''
    await first?.command('CLUSTER', 'MEET', '127.0.0.1', String(node.port), busPort)
  }
  const knowsAll = async (node: RedisServer) => {
    const info = await node.command('CLUSTER', 'INFO')
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`)
  }
  await until(async () => (await Promise.all(nodes.map(knowsAll))).every(Boolean), 'the cluster is formed')
}
