/** A primary lost under a sentinel: what its replica had confirmed is there on the promoted one. */
import { expect, it } from 'vitest'
import { startRedis, until } from '../../../test/servers/redis.ts'
import { startSentinel } from '../../../test/servers/sentinel.ts'
import { systemClock } from '../../kernel/clock.ts'
import { aClient, aCode, aGrant, aPair } from '../conformance/subject.ts'
import { openRedisStore } from './open.ts'

const now = Math.floor(systemClock.nowMs() / 1000)

it('follows a failover, and no confirmed redemption or revocation is undone by it', async () => {
  const primary = await startRedis()
  const { credentials } = primary
  const replica = await startRedis({ replicaOf: primary, ...(credentials && { credentials }) })
  const sentinel = await startSentinel(primary)
  const options = { mode: 'sentinel', sentinelName: sentinel.name, ...credentials, clock: systemClock } as const
  const store = await openRedisStore({ nodes: [sentinel.node], ...options, replicas: 1 })
  const grants = Array.from({ length: 50 }, () => aGrant(now))
  for (const [index, grant] of grants.entries()) {
    await store.codes.issue('t', grant, 'code', aCode(now))
    await store.codes.redeem('t', grant.grantId, 'code', aPair(now, grant).successors)
    if (index % 2) await store.grants.revoke('t', grant.grantId)
  }
  await primary.kill()

  // No replica is left to confirm, so the rest is asked of a store that needs none.
  const after = await openWhenPromoted()
  for (const [index, { grantId }] of grants.entries()) {
    const found = await after.codes.peek('t', grantId, 'code')
    expect([found?.used, found?.grant.revoked]).toEqual([true, index % 2 === 1])
  }
  const reads = async () => (await store.grants.find('t', grants[0]?.grantId ?? '')) !== undefined
  await until(reads, 'the open store reads from the promoted replica')
  expect(await after.clients.create('t', aClient(now))).toBe('written')
  await after.close()
  await store.close()
  await sentinel.stop()
  await replica.stop()
  await primary.stop()

  async function openWhenPromoted() {
    await until(async () => (await replica.command('ROLE')).startsWith('master'), 'the replica is promoted')
    let opened = await openRedisStore({ nodes: [sentinel.node], ...options }).catch(() => undefined)
    await until(async () => {
      opened ??= await openRedisStore({ nodes: [sentinel.node], ...options })
      return true
    }, 'the sentinel names the promoted one')
    if (opened === undefined) throw new Error('not opened')
    return opened
  }
})
