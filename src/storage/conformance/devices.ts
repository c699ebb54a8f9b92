/** Known devices: found by the browser's secrets for one person only, bounded, and gone with the person. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { MAX_DEVICES } from '../devices-port.ts'
import type { DeviceRecord } from '../records.ts'
import { aUser, type Conformance, newTenant } from './subject.ts'

export const aDevice = (now: number, values: Partial<DeviceRecord> = {}): DeviceRecord => ({
  v: 1,
  deviceId: randomId(),
  sub: 'person',
  browser: 'Firefox',
  system: 'Linux',
  firstSeenAt: now,
  lastSeenAt: now,
  userEpoch: 7,
  expiresAt: now + 60,
  ...values,
})

export function deviceConformance({ clock, subject }: Conformance): void {
  const person = async (tenant: string, userName = `Ada-${randomId(4)}`) => {
    const user = aUser(clock.seconds(), { userName })
    await subject().store.users.create(tenant, user)
    return user
  }
  const know = async (tenant: string, sub: string, values: Partial<DeviceRecord> = {}) => {
    const [digest, device] = [randomId(32), aDevice(clock.seconds(), { sub, ...values })]
    await subject().store.devices.put(tenant, digest, device)
    return { digest, device }
  }

  describe('devices', () => {
    it('finds one by any of the secrets of its browser, for its person by sub and by name, until it expires', async () => {
      const { devices } = subject().store
      const tenant = newTenant()
      const [ada, bob] = [await person(tenant), await person(tenant)]
      const { digest, device } = await know(tenant, ada.sub)
      const digests = [randomId(32), digest]
      expect(await devices.find(tenant, digests, { sub: ada.sub })).toEqual({ digest, device })
      expect(await devices.find(tenant, digests, { signInName: ada.userName.toUpperCase() })).toEqual({
        digest,
        device,
      })
      for (const other of [{ sub: bob.sub }, { signInName: bob.userName }, { sub: 'nobody' }, { signInName: 'nobody' }])
        expect(await devices.find(tenant, digests, other)).toBeUndefined()
      expect(await devices.find(tenant, [randomId(32)], { sub: ada.sub })).toBeUndefined()
      expect(await devices.find(tenant, [], { sub: ada.sub })).toBeUndefined()
      await devices.put(tenant, digest, { ...device, lastSeenAt: clock.seconds() + 1 })
      expect(await devices.list(tenant, ada.sub)).toHaveLength(1)
      clock.advance(60)
      expect(await devices.find(tenant, digests, { sub: ada.sub })).toBeUndefined()
      expect(await devices.list(tenant, ada.sub)).toEqual([])
    })

    it('is found by a verified address of the person, though another has it as a user name', async () => {
      const { store } = subject()
      const [tenant, address] = [newTenant(), 'ada@example.com']
      const ada = await person(tenant)
      const profile = { emails: [{ value: address }], emailVerified: true }
      await store.users.replace(tenant, { ...ada, profile, version: 2 }, 1)
      const { digest, device } = await know(tenant, ada.sub)
      expect(await store.devices.find(tenant, [digest], { signInName: address })).toEqual({ digest, device })
      await store.users.create(tenant, aUser(clock.seconds(), { userName: address }))
      expect(await store.devices.find(tenant, [digest], { signInName: address })).toEqual({ digest, device })
      await store.users.delete(tenant, ada.sub)
      expect(await store.devices.find(tenant, [digest], { signInName: address })).toBeUndefined()
    })

    it('follows its person under another name', async () => {
      const { devices, users } = subject().store
      const tenant = newTenant()
      const ada = await person(tenant)
      const { digest, device } = await know(tenant, ada.sub)
      await users.replace(tenant, { ...ada, userName: 'lovelace', version: 2 }, 1)
      expect(await devices.find(tenant, [digest], { signInName: 'Lovelace' })).toEqual({ digest, device })
      expect(await devices.find(tenant, [digest], { signInName: ada.userName })).toBeUndefined()
    })

    it('lists those of a person, the one seen last first, and forgets one', async () => {
      const { devices } = subject().store
      const tenant = newTenant()
      const [ada, bob] = [await person(tenant), await person(tenant)]
      const now = clock.seconds()
      const old = await know(tenant, ada.sub, { lastSeenAt: now - 5 })
      const recent = await know(tenant, ada.sub, { rememberedUntil: now + 30 })
      await know(tenant, bob.sub)
      expect(await devices.list(tenant, ada.sub)).toEqual([recent.device, old.device])
      expect(await devices.forget(tenant, bob.sub, recent.device.deviceId)).toBe('missing')
      expect(await devices.forget(newTenant(), ada.sub, recent.device.deviceId)).toBe('missing')
      expect(await devices.forget(tenant, ada.sub, recent.device.deviceId)).toBe('written')
      expect(await devices.forget(tenant, ada.sub, recent.device.deviceId)).toBe('missing')
      expect(await devices.find(tenant, [recent.digest], { sub: ada.sub })).toBeUndefined()
      expect(await devices.list(tenant, ada.sub)).toEqual([old.device])
    })

    it('is written again while it is there, never once it was forgotten or is another', async () => {
      const { devices } = subject().store
      const tenant = newTenant()
      const [ada, bob] = [await person(tenant), await person(tenant)]
      const { digest, device } = await know(tenant, ada.sub)
      const later = { ...device, lastSeenAt: clock.seconds() + 1, expiresAt: clock.seconds() + 120 }
      expect(await devices.replace(tenant, digest, later)).toBe('written')
      expect(await devices.find(tenant, [digest], { sub: ada.sub })).toEqual({ digest, device: later })
      for (const [at, one] of [
        [randomId(32), later],
        [digest, { ...later, sub: bob.sub }],
        [digest, { ...later, deviceId: randomId() }],
      ] as const)
        expect(await devices.replace(tenant, at, one)).toBe('missing')
      expect(await devices.list(tenant, ada.sub)).toEqual([later])
      clock.advance(60)
      expect(await devices.list(tenant, ada.sub)).toEqual([later])
      await devices.forget(tenant, ada.sub, device.deviceId)
      expect(await devices.replace(tenant, digest, later)).toBe('missing')
      expect(await devices.list(tenant, ada.sub)).toEqual([])
    })

    it('keeps a bounded number of a person, and forgets the one seen longest ago, never the one just seen', async () => {
      const { store, another } = subject()
      const second = await another()
      const tenant = newTenant()
      const ada = await person(tenant)
      const now = clock.seconds()
      const first = await know(tenant, ada.sub, { lastSeenAt: now - 100 })
      const late = Array.from({ length: MAX_DEVICES }, (_, index) =>
        aDevice(now, { sub: ada.sub, lastSeenAt: now - 50 + index }),
      )
      await Promise.all(
        late.map((device, index) => (index % 2 ? store : second).devices.put(tenant, randomId(32), device)),
      )
      const kept = await store.devices.list(tenant, ada.sub)
      expect(kept).toHaveLength(MAX_DEVICES)
      expect(await store.devices.find(tenant, [first.digest], { sub: ada.sub })).toBeUndefined()
      const seen = await know(tenant, ada.sub, { lastSeenAt: now - 200 })
      const after = await store.devices.list(tenant, ada.sub)
      expect(after).toHaveLength(MAX_DEVICES)
      expect(after).toContainEqual(seen.device)
    })

    it('ends with its person, and a person who is gone gets none, also where one of that id is created anew', async () => {
      const { store, another } = subject()
      const second = await another()
      const tenant = newTenant()
      const ada = await person(tenant)
      const { digest } = await know(tenant, ada.sub)
      await Promise.all([
        ...Array.from({ length: 10 }, () =>
          second.devices.put(tenant, randomId(32), aDevice(clock.seconds(), { sub: ada.sub })),
        ),
        store.users.delete(tenant, ada.sub),
      ])
      await know(tenant, ada.sub)
      await store.users.create(tenant, ada)
      expect(await store.devices.list(tenant, ada.sub)).toEqual([])
      expect(await store.devices.find(tenant, [digest], { signInName: ada.userName })).toBeUndefined()
    })

    it('are seen by their own tenant only', async () => {
      const { devices, users } = subject().store
      const [tenant, other] = [newTenant(), newTenant()]
      const ada = await person(tenant)
      await users.create(other, ada)
      const { digest } = await know(tenant, ada.sub)
      expect(await devices.find(other, [digest], { sub: ada.sub })).toBeUndefined()
      expect(await devices.find(other, [digest], { signInName: ada.userName })).toBeUndefined()
      expect(await devices.list(other, ada.sub)).toEqual([])
    })
  })
}
