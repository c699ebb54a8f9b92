/** One suite that holds every adapter to `port.ts`, races and tenants included. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Clock } from '../kernel/clock.ts'
import { StoreUnavailable } from '../kernel/errors.ts'
import { accessTokenConformance } from './conformance/access-tokens.ts'
import { activityConformance } from './conformance/activity.ts'
import { chainConformance } from './conformance/chains.ts'
import { clientConformance } from './conformance/clients.ts'
import { codeConformance } from './conformance/codes.ts'
import { deviceGrantConformance } from './conformance/device-grants.ts'
import { deviceConformance } from './conformance/devices.ts'
import { expiringConformance } from './conformance/expiring.ts'
import { factorConformance } from './conformance/factors.ts'
import { identityConformance } from './conformance/identities.ts'
import { isolationConformance } from './conformance/isolation.ts'
import { logoutConformance } from './conformance/logouts.ts'
import { oneUseConformance } from './conformance/one-use.ts'
import { outboxConformance } from './conformance/outbox.ts'
import { platformConformance } from './conformance/platform.ts'
import { pushedRequestConformance } from './conformance/pushed-requests.ts'
import { raceConformance } from './conformance/races.ts'
import { refreshTokenConformance } from './conformance/refresh-tokens.ts'
import { replayConformance } from './conformance/replay.ts'
import { sessionConformance } from './conformance/sessions.ts'
import { signingKeyConformance } from './conformance/signing-keys.ts'
import { streamConformance } from './conformance/streams.ts'
import { aUser, ManualClock, newTenant, type Subject } from './conformance/subject.ts'
import { threatConformance } from './conformance/threats.ts'
import { userConformance } from './conformance/users.ts'

/** `openEmpty` gives a store that nobody has written to; the suite closes what it opens. */
export function storeConformance(name: string, openEmpty: (clock: Clock) => Promise<Subject>): void {
  describe(`store conformance: ${name}`, () => {
    const clock = new ManualClock()
    let opened: Subject | undefined
    const subject = (): Subject => {
      if (opened === undefined) throw new Error('the store is not open')
      return opened
    }
    beforeAll(async () => {
      opened = await openEmpty(clock)
    })
    afterAll(() => opened?.close())

    const conformance = { clock, subject }
    clientConformance(conformance)
    userConformance(conformance)
    expiringConformance(conformance)
    sessionConformance(conformance)
    deviceConformance(conformance)
    activityConformance(conformance)
    factorConformance(conformance)
    logoutConformance(conformance)
    outboxConformance(conformance)
    streamConformance(conformance)
    pushedRequestConformance(conformance)
    oneUseConformance(conformance)
    deviceGrantConformance(conformance)
    identityConformance(conformance)
    codeConformance(conformance)
    refreshTokenConformance(conformance)
    accessTokenConformance(conformance)
    raceConformance(conformance)
    chainConformance(conformance)
    replayConformance(conformance)
    threatConformance(conformance)
    platformConformance(conformance, () => openEmpty(clock))
    signingKeyConformance(conformance, () => openEmpty(clock))
    isolationConformance(conformance)

    it('gives back nothing that was deleted once it is expunged, and serves on', async () => {
      const { users, expunge } = subject().store
      const [tenant, user] = [newTenant(), aUser(clock.seconds())]
      await users.create(tenant, user)
      await users.delete(tenant, user.sub)
      expect(await Promise.all([expunge(), expunge()])).toEqual(['expunged', 'expunged'])
      expect(await users.find(tenant, user.sub)).toBeUndefined()
      expect(await users.create(tenant, user)).toBe('written')
      expect(await users.find(tenant, user.sub)).toEqual(user)
    })

    it('answers pings while it serves; closed, it is unavailable, never empty', async () => {
      const empty = await openEmpty(clock)
      await empty.store.ping()
      await empty.store.close()
      await expect(empty.store.ping()).rejects.toBeInstanceOf(StoreUnavailable)
      await expect(empty.store.clients.find('t', 'c')).rejects.toBeInstanceOf(StoreUnavailable)
      await expect(empty.store.grants.revoke('t', 'g')).rejects.toBeInstanceOf(StoreUnavailable)
      await empty.store.close()
      await empty.close()
    })
  })
}
