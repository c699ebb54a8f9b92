/** Pushed authorization requests: found while they last, spent once, seen by their own tenant only. RFC 9126. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import type { PushedRequestRecord } from '../records.ts'
import { type Conformance, newTenant } from './subject.ts'

const aPushedRequest = (now: number): PushedRequestRecord => ({
  v: 1,
  clientId: 'client',
  sealed: 'ü&=',
  dpopJkt: randomId(32),
  beginsBefore: now + 10,
  expiresAt: now + 60,
})

export function pushedRequestConformance({ clock, subject }: Conformance): void {
  describe('pushed requests', () => {
    it('puts and finds, until it expires', async () => {
      const { pushedRequests } = subject().store
      const [tenant, digest, request] = [newTenant(), randomId(32), aPushedRequest(clock.seconds())]
      expect(await pushedRequests.find(tenant, digest)).toBeUndefined()
      await pushedRequests.put(tenant, digest, request)
      expect(await pushedRequests.find(tenant, digest)).toEqual(request)
      clock.advance(60)
      expect(await pushedRequests.find(tenant, digest)).toBeUndefined()
      expect(await pushedRequests.take(tenant, digest)).toBeUndefined()
    })

    it('is seen and spent by its own tenant only', async () => {
      const { pushedRequests } = subject().store
      const [tenant, other, digest] = [newTenant(), newTenant(), randomId(32)]
      await pushedRequests.put(tenant, digest, aPushedRequest(clock.seconds()))
      expect(await pushedRequests.find(other, digest)).toBeUndefined()
      expect(await pushedRequests.take(other, digest)).toBeUndefined()
      expect(await pushedRequests.find(tenant, digest)).toBeDefined()
    })

    it('gives one to a single one of 50 takers on two nodes', async () => {
      const { store, another } = subject()
      const [tenant, digest] = [newTenant(), randomId(32)]
      const second = await another()
      await store.pushedRequests.put(tenant, digest, aPushedRequest(clock.seconds()))
      const taken = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 ? store : second).pushedRequests.take(tenant, digest)),
      )
      expect(taken.filter((request) => request !== undefined)).toHaveLength(1)
    })

    it('knows one that was spent until it ends, and nothing of what it asked', async () => {
      const { store, another } = subject()
      const [tenant, digest, request] = [newTenant(), randomId(32), aPushedRequest(clock.seconds())]
      await store.pushedRequests.put(tenant, digest, request)
      expect(await store.pushedRequests.take(tenant, digest)).toEqual(request)
      const { dpopJkt: _key, ...rest } = request
      const second = await another()
      expect(await second.pushedRequests.find(tenant, digest)).toEqual({ ...rest, sealed: '', spent: true })
      expect(await second.pushedRequests.take(tenant, digest)).toBeUndefined()
      clock.advance(60)
      expect(await store.pushedRequests.find(tenant, digest)).toBeUndefined()
    })
  })
}
