/**
 * For tests: two nodes on a Redis with AUTH and TLS that a sentinel watches: a primary, the replica that is promoted when it dies,
 * and one behind that, so that the promoted one has somebody to confirm to. Only the first replica confirms to the primary.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificates } from '../servers/certificates.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { startSentinel } from '../servers/sentinel.ts'
import { until } from '../servers/until.ts'
import { startFurtherNode } from './nodes.ts'

export interface Watched {
  readonly deployment: Deployment
  /** Addresses of the two nodes; the first is the issuer. */
  readonly nodes: readonly [string, string]
  readonly primary: RedisServer
  readonly replica: RedisServer
  stop(): Promise<void>
}

/** `replicas` must confirm. */
export async function deployWatched(replicas: 0 | 1): Promise<Watched> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-watched-'))
  const ends: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })]
  const stop = async () => {
    for (const end of ends.toReversed()) await end()
  }
  const begun = async <T extends { stop(): Promise<unknown> }>(starting: Promise<T>): Promise<T> => {
    const started = await starting
    ends.push(() => started.stop())
    return started
  }
  try {
    const tls = await makeCertificates(folder)
    const primary = await begun(startRedis({ tls }))
    const credentials = primary.credentials ?? { username: '', password: '' }
    const replica = await begun(startRedis({ tls, credentials, replicaOf: primary }))
    await begun(startRedis({ tls, credentials, replicaOf: replica }))
    const sentinel = await begun(startSentinel(primary))
    const redis = {
      nodes: [sentinel.node],
      mode: 'sentinel',
      sentinel_name: sentinel.name,
      tls: true,
      ca_file: tls.caFile,
      ...credentials,
      replicas,
    }
    const settings = { store: { kind: 'redis', redis }, dpop: { max_age_seconds: 300 } }
    const deployment = await begun(deploy('one-process', { settings }))
    const second = await startFurtherNode(deployment)
    return { deployment, nodes: [deployment.issuer, second.address], primary, replica, stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}

/** The bytes of writes that this server has taken in. */
export async function offsetOf(server: RedisServer): Promise<number> {
  const info = await server.command('INFO', 'replication')
  return Number(/^(?:slave_repl_offset|master_repl_offset):(\d+)/m.exec(info)?.[1])
}

/**
 * From what is returned on, nothing that the primary writes reaches its replica, which hangs and has lost its connection.
 * What was answered before `atMs` has reached it.
 */
export async function fallBehind({ primary, replica }: Watched): Promise<{ readonly atMs: number }> {
  const atMs = performance.now()
  const written = await offsetOf(primary)
  await until(async () => (await offsetOf(replica)) >= written, 'the replica has what was written')
  replica.hang()
  await primary.command('CLIENT', 'KILL', 'TYPE', 'replica')
  return { atMs }
}

/** The sentinel promotes the replica as it was when it fell behind. */
export async function promote({ replica }: Watched): Promise<void> {
  replica.resume()
  await until(async () => (await replica.command('ROLE')).startsWith('master'), 'the replica is promoted')
}
