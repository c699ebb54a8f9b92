/** Streams that receivers made: bounded for each client, changed by one at a time, gone with their client. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { MAX_STREAMS_OF_CLIENT, type StreamRecord } from '../streams-port.ts'
import { aClient, type Conformance, newTenant } from './subject.ts'

export function streamConformance({ clock, subject }: Conformance): void {
  const aStream = (clientId: string, more: Partial<StreamRecord> = {}): StreamRecord => ({
    v: 1,
    streamId: randomId(),
    clientId,
    requested: ['https://events.example/ü', 'x'],
    description: 'Läger {1}',
    createdAt: clock.seconds(),
    version: 1,
    ...more,
  })
  const withClient = async (more: { readonly expiresAt?: number } = {}) => {
    const [tenant, client] = [newTenant(), aClient(clock.seconds(), more)]
    await subject().store.clients.create(tenant, client)
    return { tenant, clientId: client.clientId }
  }

  describe('streams', () => {
    it('makes, finds, lists the oldest first, and deletes', async () => {
      const { streams } = subject().store
      const { tenant, clientId } = await withClient()
      const first = aStream(clientId)
      const second = aStream(clientId, {
        createdAt: clock.seconds() + 1,
        pushUrl: 'https://a.example/',
        sealed: 's1.x',
      })
      expect(await streams.find(tenant, first.streamId)).toBeUndefined()
      expect(await streams.list(tenant)).toEqual([])
      expect(await streams.create(tenant, first)).toBe('written')
      expect(await streams.create(tenant, first)).toBe('conflict')
      expect(await streams.create(tenant, second)).toBe('written')
      expect(await streams.find(tenant, first.streamId)).toEqual(first)
      expect(await streams.list(tenant)).toEqual([first, second])
      expect(await streams.delete(tenant, first.streamId)).toBe('written')
      expect(await streams.delete(tenant, first.streamId)).toBe('missing')
      expect(await streams.list(tenant)).toEqual([second])
    })

    it('makes none for a client that is not there, or has ended', async () => {
      const { streams } = subject().store
      const { tenant, clientId } = await withClient({ expiresAt: clock.seconds() + 60 })
      expect(await streams.create(tenant, aStream('nobody'))).toBe('missing')
      clock.advance(60)
      expect(await streams.create(tenant, aStream(clientId))).toBe('missing')
    })

    it('makes as many of one client as it may have, of 20 asked for at once on two nodes', async () => {
      const { store, another } = subject()
      const second = await another()
      const { tenant, clientId } = await withClient()
      const other = aClient(clock.seconds())
      await store.clients.create(tenant, other)
      const nodes = Array.from({ length: 20 }, (_, index) => (index % 2 ? store : second).streams)
      const made = await Promise.all(nodes.map((streams) => streams.create(tenant, aStream(clientId))))
      expect(made.filter((answer) => answer === 'written')).toHaveLength(MAX_STREAMS_OF_CLIENT)
      expect(made.filter((answer) => answer === 'full')).toHaveLength(20 - MAX_STREAMS_OF_CLIENT)
      expect(await store.streams.list(tenant)).toHaveLength(MAX_STREAMS_OF_CLIENT)
      expect(await store.streams.create(tenant, aStream(other.clientId))).toBe('written')
    })

    it('lets one of many that change it at once do so, and brings none back', async () => {
      const { store, another } = subject()
      const second = await another()
      const { tenant, clientId } = await withClient()
      const stream = aStream(clientId)
      await store.streams.create(tenant, stream)
      const nodes = Array.from({ length: 20 }, (_, index) => (index % 2 ? store : second).streams)
      const changed = await Promise.all(
        nodes.map((streams, index) => streams.replace(tenant, { ...stream, description: `${index}`, version: 2 }, 1)),
      )
      expect(changed.filter((answer) => answer === 'written')).toHaveLength(1)
      expect(changed.filter((answer) => answer === 'conflict')).toHaveLength(19)
      expect((await store.streams.find(tenant, stream.streamId))?.description).toBe(`${changed.indexOf('written')}`)
      await store.streams.delete(tenant, stream.streamId)
      expect(await store.streams.replace(tenant, { ...stream, version: 3 }, 2)).toBe('missing')
      expect(await store.streams.find(tenant, stream.streamId)).toBeUndefined()
    })

    it('takes those of a client away with it, and of no other', async () => {
      const { clients, streams } = subject().store
      const { tenant, clientId } = await withClient()
      const other = aClient(clock.seconds())
      await clients.create(tenant, other)
      const left = aStream(other.clientId)
      await streams.create(tenant, aStream(clientId))
      await streams.create(tenant, aStream(clientId))
      await streams.create(tenant, left)
      expect(await clients.delete(tenant, clientId)).toBe('written')
      expect(await streams.list(tenant)).toEqual([left])
    })

    it('is that of one tenant', async () => {
      const { streams } = subject().store
      const [{ tenant, clientId }, other] = [await withClient(), newTenant()]
      const stream = aStream(clientId)
      await streams.create(tenant, stream)
      expect(await streams.find(other, stream.streamId)).toBeUndefined()
      expect(await streams.list(other)).toEqual([])
      expect(await streams.replace(other, stream, 1)).toBe('missing')
      expect(await streams.delete(other, stream.streamId)).toBe('missing')
      expect(await streams.find(tenant, stream.streamId)).toEqual(stream)
    })
  })
}
