/** Redis gone, hung or back again: nothing wrong is answered, nothing waits for ever, nobody has to reopen the store. */
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '../../../test/servers/redis.ts'
import { until } from '../../../test/servers/until.ts'
import { systemClock } from '../../kernel/clock.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'
import { randomId } from '../../kernel/ids.ts'
import { aClient, aCode, aGrant, anAccessToken, aPair } from '../conformance/subject.ts'
import type { Spent, Store } from '../port.ts'
import { openRedisStore } from './open.ts'

const DEADLINE_MS = 300
/** Two busy cores: a timer may fire late. */
const MARGIN_MS = 700
const now = Math.floor(systemClock.nowMs() / 1000)

async function timed(run: () => Promise<unknown>): Promise<{ failure: unknown; tookMs: number }> {
  const began = performance.now()
  const failure: unknown = await run().then(
    () => undefined,
    (cause: unknown) => cause,
  )
  return { failure, tookMs: performance.now() - began }
}

async function expectUnavailable(run: () => Promise<unknown>): Promise<void> {
  const { failure, tookMs } = await timed(run)
  expect(failure).toBeInstanceOf(StoreUnavailable)
  expect(tookMs).toBeLessThan(DEADLINE_MS + MARGIN_MS)
}

const works = (store: Store) => async () => {
  await store.ping()
  return true
}

/** Issues and redeems until told to stop, each code once more when the first answer was unavailable. */
class Traffic {
  readonly answers: { grantId: string; jti: string; first: Spent | 'unavailable'; second: Spent | 'unavailable' }[] = []
  #running = true
  readonly #workers: Promise<unknown>

  constructor(store: Store, workers = 8) {
    this.#workers = Promise.all(Array.from({ length: workers }, () => this.#work(store)))
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#workers
  }

  count(answer: Spent | 'unavailable'): number {
    return this.answers.filter(({ first }) => first === answer).length
  }

  async #work(store: Store): Promise<void> {
    const unavailable = (cause: unknown): 'unavailable' => {
      if (cause instanceof StoreUnavailable) return 'unavailable'
      throw cause
    }
    while (this.#running) {
      const grant = aGrant(now)
      const code = randomId(32)
      const issued = await store.codes.issue('t', grant, code, aCode(now)).catch(unavailable)
      if (issued === 'unavailable') {
        // A refusal at once takes no turn of the event loop, and the others need one.
        await turn()
        continue
      }
      const [pair, retry] = [aPair(now, grant), aPair(now, grant)]
      const first = await store.codes.redeem('t', grant.grantId, code, pair.successors).catch(unavailable)
      const redeemAgain = () => store.codes.redeem('t', grant.grantId, code, retry.successors)
      const second = first === 'unavailable' ? await redeemAgain().catch(unavailable) : first
      this.answers.push({ grantId: grant.grantId, jti: pair.jti, first, second })
    }
  }
}

/** What was redeemed is live; what was not answered gave tokens at most once. */
async function expectNoWrongAnswer(store: Store, { answers }: Traffic): Promise<void> {
  for (const { grantId, jti, first, second } of answers) {
    expect(['redeemed', 'unavailable']).toContain(first)
    expect(['redeemed', 'unavailable', 'reused']).toContain(second)
    const { grant, token } = await store.accessTokens.state('t', { jti, grantId, clientId: 'client' })
    if (first === 'redeemed') expect([token?.jti, grant?.revoked]).toEqual([jti, false])
    if (second === 'reused') expect(grant?.revoked).toBe(true)
    if (first === 'unavailable' && second === 'redeemed') expect(token).toBeUndefined()
  }
}

describe('one server', () => {
  let server: RedisServer
  let store: Store
  beforeEach(async () => {
    server = await startRedis({ appendOnly: true })
    store = await openRedisStore({
      nodes: [server.node],
      ...server.credentials,
      deadlineMs: DEADLINE_MS,
      clock: systemClock,
    })
  })
  afterEach(async () => {
    await store.close()
    await server.stop()
  })

  it('answers nothing wrong while it is killed and started again, and recovers by itself', async () => {
    const traffic = new Traffic(store)
    for (let round = 1; round <= 2; round++) {
      const before = traffic.count('redeemed')
      await until(async () => traffic.count('redeemed') > before + 200, 'codes are redeemed')
      await server.kill()
      await expectUnavailable(() => store.ping())
      await expectUnavailable(() => store.clients.find('t', 'c'))
      await expectUnavailable(() => store.grants.revoke('t', 'g'))
      await server.restart()
      await until(works(store), 'the store recovers', 5000)
    }
    await traffic.stop()
    await expectNoWrongAnswer(store, traffic)
  })

  it('is unavailable within its deadline while the server hangs, quoting nothing, and recovers', async () => {
    const canary = aClient(now, { name: 'canary-name', clientId: 'canary-id' })
    await store.clients.create('t', canary)
    server.hang()
    const { failure, tookMs } = await timed(() => store.clients.replace('t', canary, 1))
    expect(failure).toBeInstanceOf(StoreUnavailable)
    expect(tookMs).toBeLessThan(DEADLINE_MS + MARGIN_MS)
    expect(`${JSON.stringify(failure)} ${String(failure)} ${JSON.stringify(Object(failure).cause)}`).not.toContain(
      'canary',
    )
    const all = await Promise.all(Array.from({ length: 100 }, () => timed(() => store.clients.find('t', 'canary-id'))))
    expect(all.every((one) => one.failure instanceof StoreUnavailable)).toBe(true)
    expect(Math.max(...all.map((one) => one.tookMs))).toBeLessThan(DEADLINE_MS + MARGIN_MS)
    server.resume()
    await until(works(store), 'the store recovers', 5000)
    expect((await store.clients.find('t', 'canary-id'))?.name).toBe('canary-name')
  })

  it('runs its scripts again after the server forgot them', async () => {
    await store.limits.hit('t', 'k', 60)
    await server.command('SCRIPT', 'FLUSH')
    expect(await store.limits.hit('t', 'k', 60)).toBe(2)
  })

  it('is unavailable when the server has no memory left, not wrong', async () => {
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    await expectUnavailable(() => store.accessTokens.put('t', anAccessToken(now)))
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
    await store.accessTokens.put('t', anAccessToken(now))
  })
})

describe('a replica that must confirm', () => {
  it('leaves redemptions unavailable without it, and everything works with it again', async () => {
    const primary = await startRedis()
    const { credentials } = primary
    const replica = await startRedis({ replicaOf: primary, ...(credentials && { credentials }) })
    const store = await openRedisStore({
      nodes: [primary.node],
      ...credentials,
      replicas: 1,
      deadlineMs: DEADLINE_MS,
      clock: systemClock,
    })
    const [client, grant] = [aClient(now), aGrant(now)]
    await store.clients.create('t', client)
    await store.codes.issue('t', grant, 'code', aCode(now))
    await replica.kill()
    await expectUnavailable(() => store.codes.redeem('t', grant.grantId, 'code', aPair(now, grant).successors))
    await expectUnavailable(() => store.clients.revokeAll('t', client.clientId))
    expect(await store.clients.find('t', client.clientId)).toBeDefined()
    await replica.restart()
    const revoked = async () => (await store.clients.revokeAll('t', client.clientId)) === 'written'
    await until(revoked, 'the replica confirms again')
    await store.close()
    await replica.stop()
    await primary.stop()
  })
})

describe('a cluster', () => {
  let cluster: RedisCluster
  let store: Store
  beforeAll(async () => {
    cluster = await startRedisCluster(3)
    store = await openRedisStore({
      nodes: cluster.nodes.map(({ node }) => node),
      mode: 'cluster',
      ...cluster.credentials,
      deadlineMs: DEADLINE_MS,
      clock: systemClock,
    })
  })
  afterAll(async () => {
    await store.close()
    await cluster.stop()
  })

  it('answers nothing wrong while a primary is killed and started again, and recovers by itself', async () => {
    const traffic = new Traffic(store)
    await until(async () => traffic.count('redeemed') > 300, 'codes are redeemed')
    const [node] = cluster.nodes
    await node?.kill()
    await until(async () => traffic.count('unavailable') > 0, 'the loss is noticed')
    await expectUnavailable(() => store.ping())
    await node?.restart()
    const everySlot = async () => {
      const ids = Array.from({ length: 30 }, () => randomId())
      await Promise.all(ids.map((id) => store.limits.hit('t', id, 60)))
      return await works(store)()
    }
    await until(everySlot, 'the store recovers', 60_000)
    await traffic.stop()
    await expectNoWrongAnswer(store, traffic)
  })
})
