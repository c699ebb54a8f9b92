/** Device authorizations: found by either code, answered once, polled no faster than agreed. RFC 8628. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import type { DeviceGrantRecord } from '../device-grants.ts'
import { aUser, type Conformance, newTenant } from './subject.ts'

const aRequest = (now: number): DeviceGrantRecord => ({
  v: 1,
  clientId: 'client',
  scopes: ['openid'],
  resources: [],
  address: '192.0.2.1',
  intervalSeconds: 5,
  createdAt: now,
  endsAt: now + 60,
  expiresAt: now + 120,
})
const approved = { kind: 'approved', grantId: 'grant-1' } as const

export function deviceGrantConformance({ clock, subject }: Conformance): void {
  const begin = async () => {
    const { deviceGrants } = subject().store
    const [tenant, digest, userCode, request] = [newTenant(), randomId(32), randomId(32), aRequest(clock.seconds())]
    expect(await deviceGrants.begin(tenant, digest, userCode, request)).toBe('begun')
    return { deviceGrants, tenant, digest, userCode, request }
  }

  describe('device grants', () => {
    it('are found by both codes until they expire, and by their own tenant', async () => {
      const { deviceGrants, tenant, digest, userCode, request } = await begin()
      expect(await deviceGrants.findByUserCode(tenant, userCode)).toEqual({ digest, request, answered: false })
      expect(await deviceGrants.findByUserCode(newTenant(), userCode)).toBeUndefined()
      expect(await deviceGrants.poll(newTenant(), digest, 'client')).toBeUndefined()
      expect(await deviceGrants.poll(tenant, userCode, 'client')).toBeUndefined()
      expect(await deviceGrants.poll(tenant, digest, 'client')).toEqual({ request, answer: undefined, tooFast: false })
      clock.advance(120)
      expect(await deviceGrants.findByUserCode(tenant, userCode)).toBeUndefined()
      expect(await deviceGrants.poll(tenant, digest, 'client')).toBeUndefined()
      expect(await deviceGrants.answer(tenant, userCode, 'person', approved)).toBe('missing')
    })

    it('never share a user code, which is free again once one has expired', async () => {
      const { deviceGrants, tenant, userCode, request } = await begin()
      expect(await deviceGrants.begin(tenant, randomId(32), userCode, request)).toBe('conflict')
      expect(await deviceGrants.begin(newTenant(), randomId(32), userCode, request)).toBe('begun')
      clock.advance(200)
      const later = aRequest(clock.seconds())
      expect(await deviceGrants.begin(tenant, randomId(32), userCode, later)).toBe('begun')
      expect((await deviceGrants.findByUserCode(tenant, userCode))?.request).toEqual(later)
    })

    it('are listed of who answered them, the newest first, and end with that person', async () => {
      const { deviceGrants, tenant, digest, userCode, request } = await begin()
      const { users } = subject().store
      const now = clock.seconds()
      const person = aUser(now)
      await users.create(tenant, person)
      expect(await deviceGrants.list(tenant, person.sub)).toEqual([])
      const later = { ...request, createdAt: now + 1, endsAt: now + 70, expiresAt: now + 130 }
      const [laterCode, others] = [randomId(32), randomId(32)]
      await deviceGrants.begin(tenant, randomId(32), laterCode, later)
      await deviceGrants.begin(tenant, randomId(32), others, request)
      await deviceGrants.answer(tenant, userCode, person.sub, approved)
      await deviceGrants.answer(tenant, laterCode, person.sub, { kind: 'refused' })
      await deviceGrants.answer(tenant, others, 'other', approved)
      expect(await deviceGrants.list(tenant, person.sub)).toEqual([later, request])
      expect(await deviceGrants.list(newTenant(), person.sub)).toEqual([])
      expect(await users.delete(tenant, person.sub)).toBe('written')
      expect(await deviceGrants.list(tenant, person.sub)).toEqual([])
      expect(await deviceGrants.poll(tenant, digest, 'client')).toBeUndefined()
      expect(await deviceGrants.list(tenant, 'other')).toEqual([request])
      clock.advance(120)
      expect(await deviceGrants.list(tenant, 'other')).toEqual([])
    })

    it('give the answer of one of 20 people on two nodes', async () => {
      const { deviceGrants, tenant, digest, userCode } = await begin()
      const second = (await subject().another()).deviceGrants
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          (n % 2 ? deviceGrants : second).answer(tenant, userCode, 'person', {
            kind: 'approved',
            grantId: `grant-${n}`,
          }),
        ),
      )
      const winner = outcomes.indexOf('answered')
      expect(outcomes.filter((outcome) => outcome === 'answered')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'already')).toHaveLength(19)
      expect((await deviceGrants.poll(tenant, digest, 'client'))?.answer).toEqual({
        kind: 'approved',
        grantId: `grant-${winner}`,
      })
      expect((await deviceGrants.findByUserCode(tenant, userCode))?.answered).toBe(true)
    })

    it('are polled by their own client alone: another one changes neither interval nor last poll (RFC 8628 3.5)', async () => {
      const { deviceGrants, tenant, digest } = await begin()
      const poll = (clientId: string) => deviceGrants.poll(tenant, digest, clientId)
      for (let time = 0; time < 3; time++) expect(await poll('another')).toBeUndefined()
      expect((await poll('client'))?.tooFast).toBe(false)
      clock.advance(4)
      for (let time = 0; time < 3; time++) expect(await poll('another')).toBeUndefined()
      clock.advance(1)
      expect((await poll('client'))?.tooFast).toBe(false)
    })

    it('a poll before the interval is over makes it five seconds longer (RFC 8628 3.5)', async () => {
      const { deviceGrants, tenant, digest, userCode } = await begin()
      const tooFast = async () => (await deviceGrants.poll(tenant, digest, 'client'))?.tooFast
      expect(await tooFast()).toBe(false)
      clock.advance(4)
      expect(await tooFast()).toBe(true)
      clock.advance(9)
      expect(await tooFast()).toBe(true)
      clock.advance(15)
      expect(await tooFast()).toBe(false)
      expect(await deviceGrants.answer(tenant, userCode, 'person', { kind: 'refused' })).toBe('answered')
      expect((await deviceGrants.poll(tenant, digest, 'client'))?.answer).toEqual({ kind: 'refused' })
    })
  })
}
