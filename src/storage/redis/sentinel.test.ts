/** A primary lost under a sentinel: what its replica had confirmed is there on the promoted one. */
import { expect, it, onTestFinished } from 'vitest'
import { startRedis, until } from '../../../test/servers/redis.ts'
import { startSentinel } from '../../../test/servers/sentinel.ts'
import { systemClock } from '../../kernel/clock.ts'
import { aClient, aCode, aGrant, aPair } from '../conformance/subject.ts'
import type { GrantedCode } from '../port.ts'
import { openRedisStore } from './open.ts'

const now = Math.floor(systemClock.nowMs() / 1000)

it('follows a failover, and no confirmed redemption or revocation is undone by it', async () => {
  const primary = await startRedis()
  onTestFinished(() => primary.stop())
  const { credentials } = primary
  const replica = await startRedis({ replicaOf: primary, ...(credentials && { credentials }) })
  onTestFinished(() => replica.stop())
  const sentinel = await startSentinel(primary)
  onTestFinished(() => sentinel.stop())
  const options = { mode: 'sentinel', sentinelName: sentinel.name, ...credentials, clock: systemClock } as const
  const store = await openRedisStore({ nodes: [sentinel.node], ...options, replicas: 1 })
  onTestFinished(() => store.close())
  const grants = Array.from({ length: 50 }, () => aGrant(now))
  for (const [index, grant] of grants.entries()) {
    await store.codes.issue('t', grant, 'code', aCode(now))
    await store.codes.redeem('t', grant.grantId, 'code', aPair(now, grant).successors)
    if (index % 2) await store.grants.revoke('t', grant.grantId)
  }
  await primary.kill()

  // No replica is left to confirm, so the rest is asked of a store that needs none.
  const after = await openWhenPromoted()
  onTestFinished(() => after.close())
  // The promoted one drops its clients once more as it takes over: unavailable is a lawful answer, a wrong one is not.
  await until(async () => after.ping().then(() => true), 'the promoted replica serves')
  for (const [index, { grantId }] of grants.entries()) {
    let found: GrantedCode | undefined
    await until(async () => {
      found = await after.codes.peek('t', grantId, 'code')
      return true
    }, 'an answer')
    expect([found?.used, found?.grant.revoked]).toEqual([true, index % 2 === 1])
  }
  const reads = async () => (await store.grants.find('t', grants[0]?.grantId ?? '')) !== undefined
  await until(reads, 'the open store reads from the promoted replica')
  expect(await after.clients.create('t', aClient(now))).toBe('written')

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
