/** Opening the Redis store: what it refuses to start on, and that nothing which expires stays. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type CertificateFiles,
  makeAuthority,
  makeCertificate,
  makeCertificates,
} from '../../../test/servers/certificates.ts'
import { freePort } from '../../../test/servers/free-port.ts'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { until } from '../../../test/servers/until.ts'
import { systemClock } from '../../kernel/clock.ts'
import { ConfigError, StoreUnavailable } from '../../kernel/errors.ts'
import { aClient, aCode, aGrant, anAccessToken, aPair, aUser } from '../conformance/subject.ts'
import { openRedisStore } from './open.ts'

const now = Math.floor(systemClock.nowMs() / 1000)
const clock = systemClock
let server: RedisServer
beforeEach(async () => {
  server = await startRedis()
})
afterEach(() => server.stop())

describe('opening the Redis store', () => {
  it('shows its certificate where Redis asks for one, and a renewed one at the next connection', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'redis-mtls-'))
    const tls = await makeCertificates(folder)
    await makeAuthority(folder, 'other', '/CN=Other CA')
    const stranger = await makeCertificate(folder, 'stranger', { subject: '/CN=stranger', ca: 'other' })
    const asking = await startRedis({ tls, clientCertificates: true })
    const ca = await readFile(tls.caFile)
    const pair = async ({ certFile, keyFile }: CertificateFiles) => ({
      cert: await readFile(certFile),
      key: await readFile(keyFile),
    })
    const to = { nodes: [asking.node], ...asking.credentials, clock }
    try {
      for (const shown of [{}, await pair(stranger)])
        await expect(openRedisStore({ ...to, tls: { ca, ...shown } })).rejects.toThrow(/redis/)
      let shown = await pair(tls)
      const store = await openRedisStore({
        ...to,
        tls: {
          ca,
          get cert() {
            return shown.cert
          },
          get key() {
            return shown.key
          },
        },
      })
      await store.ping()
      shown = await pair(stranger)
      await asking.kill()
      await asking.restart()
      await expect(store.ping()).rejects.toThrow(StoreUnavailable)
      shown = await pair(tls)
      await until(() => store.ping().then(() => true), 'it is let in again')
      await store.close()
    } finally {
      await asking.stop()
      await rm(folder, { recursive: true })
    }
  })

  it('refuses a wrong password or user, without telling either', async () => {
    const opening = openRedisStore({ nodes: [server.node], username: 'sallyport', password: 'wrong-canary', clock })
    await expect(opening).rejects.toThrow(ConfigError)
    await expect(openRedisStore({ nodes: [server.node], clock })).rejects.toThrow(ConfigError)
    await expect(opening).rejects.not.toThrow(/canary/)
  })

  it('says where it could not connect, and why: nobody there, not trusted, no certificate, no TLS', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'redis-reasons-'))
    const tls = await makeCertificates(folder)
    const { certFile: caFile } = await makeAuthority(folder, 'other', '/CN=Other CA')
    const asking = await startRedis({ tls, clientCertificates: true })
    const closed = `127.0.0.1:${await freePort()}`
    const why = (options: Partial<Parameters<typeof openRedisStore>[0]>) => {
      const password = { username: 'u', password: 'canary' }
      return openRedisStore({ nodes: [asking.node], ...password, clock, ...options }).catch((error: unknown) => error)
    }
    try {
      const ca = await readFile(tls.caFile)
      const failures = [
        await why({ nodes: [closed] }),
        await why({ nodes: [closed], mode: 'cluster' }),
        await why({ tls: { ca: await readFile(caFile) } }),
        await why({ tls: { ca } }),
        await why({}),
      ]
      const [down, cluster, untrusted, unnamed, plain] = failures.map(String)
      for (const said of [down, cluster]) expect(said).toContain(`redis at ${closed} cannot be reached: ECONNREFUSED`)
      expect(untrusted).toContain(`redis at ${asking.node} cannot be reached: SELF_SIGNED_CERT_IN_CHAIN`)
      for (const said of [unnamed, plain])
        expect(said).toMatch(/cannot be reached: (ERR_SSL_\w+|it closed the connection \(does it want TLS)/)
      for (const failure of failures) {
        expect(failure).toBeInstanceOf(StoreUnavailable)
        expect(String(failure)).not.toMatch(/canary|\n/)
      }
    } finally {
      await asking.stop()
      await rm(folder, { recursive: true })
    }
  })

  it('is unavailable where nobody listens, within its deadline', async () => {
    const nodes = [`127.0.0.1:${await freePort()}`]
    const began = performance.now()
    await expect(openRedisStore({ nodes, deadlineMs: 300, clock })).rejects.toThrow(StoreUnavailable)
    await expect(openRedisStore({ nodes, mode: 'cluster', deadlineMs: 300, clock })).rejects.toThrow(StoreUnavailable)
    expect(performance.now() - began).toBeLessThan(20_000)
  })

  it('refuses a malformed node, several nodes of a single server, and sentinels without a name', async () => {
    for (const nodes of [['localhost'], ['localhost:0'], [':6379'], ['a:1', 'b:2'], []]) {
      await expect(openRedisStore({ nodes, clock })).rejects.toThrow(ConfigError)
    }
    await expect(openRedisStore({ nodes: ['a:1'], mode: 'sentinel', clock })).rejects.toThrow(ConfigError)
  })

  it('refuses a server that throws keys away when memory is short', async () => {
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const opening = openRedisStore({ nodes: [server.node], ...server.credentials, clock })
    await expect(opening).rejects.toThrow(/noeviction, not allkeys-lru/)
  })

  it('refuses a server that would drop scripts when it loads its append-only file', async () => {
    await server.command('CONFIG', 'SET', 'appendonly', 'yes')
    await server.command('ACL', 'SETUSER', 'default', 'reset')
    const opening = openRedisStore({ nodes: [server.node], ...server.credentials, clock })
    await expect(opening).rejects.toThrow(/lose data at its restart/)
    await server.command('ACL', 'SETUSER', 'default', 'off', '~*', '&*', '+@all')
    await (await openRedisStore({ nodes: [server.node], ...server.credentials, clock })).close()
  })

  it('serves a narrow user, and warns of what that user may not verify', async () => {
    const warnings: string[] = []
    const onWarning = (message: string) => void warnings.push(message)
    const user = { username: 'narrow', password: 'narrow-password' }
    const rules = ['SETUSER', 'narrow', 'on', '>narrow-password', '~sallyport:*', '+@all', '-@dangerous', '-acl']
    await server.command('ACL', ...rules, '+info')
    const first = await openRedisStore({ nodes: [server.node], ...user, clock, onWarning })
    expect(warnings).toEqual([])
    await server.command('CONFIG', 'SET', 'appendonly', 'yes')
    await server.command('ACL', ...rules)
    const second = await openRedisStore({ nodes: [server.node], ...user, clock, onWarning })
    expect(warnings).toHaveLength(2)
    await second.clients.create('t', aClient(now))
    await second.ping()
    await first.close()
    await second.close()
  })

  it('gives everything that expires a TTL that outlives it', async () => {
    const store = await openRedisStore({ nodes: [server.node], ...server.credentials, clock })
    const [grant, client, user] = [aGrant(now), aClient(now), aUser(now)]
    const dates = { createdAt: now, expiresAt: now + 600 }
    const request = { clientId: 'c', redirectUri: 'https://c.example', scopes: [], resources: [], browserDigest: 'd' }
    await store.clients.create('t', client)
    await store.users.create('t', user)
    await store.codes.issue('t', grant, 'code', aCode(now))
    await store.codes.redeem('t', grant.grantId, 'code', aPair(now, grant).successors)
    await store.accessTokens.put('t', anAccessToken(now))
    await store.sessions.put('t', 's', {
      v: 1,
      sid: 'i',
      sub: 's',
      acr: '',
      amr: [],
      authTime: now,
      userEpoch: 1,
      ...dates,
    })
    await store.interactions.put('t', 'i', { v: 1, ...request, ...dates })
    await store.consents.put('t', 's', 'c', { v: 1, scopes: [], grantedAt: now, expiresAt: now + 600 })
    await store.consents.put('t', 's', 'd', { v: 1, scopes: [], grantedAt: now, expiresAt: now + 60 })
    await store.limits.hit('t', 'k', 60)
    const ttls: Record<string, number> = {}
    for (const key of (await server.command('KEYS', 'sallyport:*')).split('\n')) {
      const name = key.replace(/^sallyport:\{t:(\w+).*?\}(:\w+)?.*$/, '$1$2')
      ttls[name] = Number(await server.command('TTL', key))
    }
    const lasting = ['clients:id', 'clients:index', 'clients:sequence', 'users:sub', 'users:names', 'users:index']
    for (const name of [...lasting, 'users:sequence']) expect(ttls[name]).toBe(-1)
    const expected = { grant: 3600, 'grant:token': 300, token: 300, session: 600, interaction: 600, limit: 60 }
    // The mark of a session, the indexes of sessions, those of grants.
    const bySession = { sid: 600, sessions: 600, grants: 3600 }
    for (const [name, least] of Object.entries({ ...expected, ...bySession, 'users:consents': 600 })) {
      expect(ttls[name]).toBeGreaterThanOrEqual(least)
      expect(ttls[name]).toBeLessThanOrEqual(least + 61)
    }
    expect(Object.keys(ttls)).toHaveLength(lasting.length + 1 + 10)
    await store.close()
  })
})
