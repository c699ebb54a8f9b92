/** Second factors: unique, used once, counted, ended with their person, seen by their tenant only. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import type { PasskeyRecord, TotpRecord } from '../factors.ts'
import { aUser, type Conformance, newTenant } from './subject.ts'

const aTotp = (now: number, sealed = `s1.kek.${randomId(8)}`): TotpRecord => ({ v: 1, sealed, createdAt: now })
export const aPasskey = (now: number, sub: string, values: Partial<PasskeyRecord> = {}): PasskeyRecord => ({
  v: 1,
  sub,
  credentialId: randomId(64),
  publicKey: randomId(77),
  transports: ['internal', 'hybrid'],
  backupEligible: true,
  aaguid: '00000000-0000-0000-0000-000000000000',
  attestation: 'none',
  userVerified: true,
  createdAt: now,
  counter: 0,
  backedUp: false,
  name: 'Zoë’s phone',
  ...values,
})

const CONTENDERS = 50

export function factorConformance({ clock, subject }: Conformance): void {
  const aPerson = async (tenant = newTenant()) => {
    const user = aUser(clock.seconds())
    await subject().store.users.create(tenant, user)
    return { tenant, user, sub: user.sub, factors: subject().store.factors }
  }
  /** Half of them at another node. */
  const contend = async <T>(run: (factors: ReturnType<typeof subject>['store']['factors']) => Promise<T>) => {
    const { store, another } = subject()
    const second = await another()
    const nodes = Array.from({ length: CONTENDERS }, (_, index) => (index % 2 ? store : second))
    return Promise.all(nodes.map(({ factors }) => run(factors)))
  }
  const NOTHING = { passkeys: [], recoveryCodes: 0 }

  describe('TOTP factors', () => {
    it('one a person: adds, finds, removes; nobody who is none has one', async () => {
      const { tenant, sub, factors } = await aPerson()
      const totp = aTotp(clock.seconds())
      expect(await factors.of(tenant, sub)).toEqual(NOTHING)
      expect(await factors.totp.add(tenant, 'nobody', totp)).toBe('missing')
      expect(await factors.totp.add(tenant, sub, totp)).toBe('written')
      expect(await factors.totp.add(tenant, sub, aTotp(clock.seconds()))).toBe('conflict')
      expect(await factors.of(tenant, sub)).toEqual({ ...NOTHING, totp })
      expect(await factors.totp.remove(tenant, sub)).toBe('written')
      expect(await factors.totp.remove(tenant, sub)).toBe('missing')
      expect(await factors.of(tenant, sub)).toEqual(NOTHING)
    })

    it('a step is used once, and none before it afterwards (RFC 6238 5.2)', async () => {
      const { tenant, sub, factors } = await aPerson()
      const { sealed, ...rest } = aTotp(clock.seconds())
      const use = (step: number, of = sealed) => factors.totp.useStep(tenant, sub, { sealed: of, step, usedAt: 77 })
      expect(await use(100)).toBe('missing')
      await factors.totp.add(tenant, sub, { sealed, ...rest })
      expect(await use(100, 'another')).toBe('missing')
      expect([await use(100), await use(100), await use(99), await use(101)]).toEqual([
        'used',
        'replayed',
        'replayed',
        'used',
      ])
      expect((await factors.of(tenant, sub)).totp).toEqual({ sealed, ...rest, lastUsedAt: 77 })
    })

    it('gives a step to one of 50 on two nodes (RFC 6238 5.2; checklist 40)', async () => {
      const { tenant, sub, factors } = await aPerson()
      const { sealed } = aTotp(clock.seconds())
      await factors.totp.add(tenant, sub, { ...aTotp(clock.seconds()), sealed })
      const results = await contend(({ totp }) => totp.useStep(tenant, sub, { sealed, step: 55_000_000, usedAt: 1 }))
      expect(results.filter((result) => result === 'used')).toHaveLength(1)
      expect(results.filter((result) => result === 'replayed')).toHaveLength(CONTENDERS - 1)
    })

    it('is sealed anew where it stands, and what is spent stays spent; all are found, page by page', async () => {
      const { tenant, sub, factors } = await aPerson()
      const others = [await aPerson(tenant), await aPerson(tenant)]
      for (const person of others) await factors.totp.add(tenant, person.sub, aTotp(clock.seconds()))
      const { sealed } = aTotp(clock.seconds())
      expect(await factors.totp.reseal(tenant, sub, sealed, 'new')).toBe('missing')
      await factors.totp.add(tenant, sub, { ...aTotp(clock.seconds()), sealed })
      await factors.totp.useStep(tenant, sub, { sealed, step: 100, usedAt: 1 })
      expect(await factors.totp.reseal(tenant, sub, 'other', 'new')).toBe('conflict')
      expect(await factors.totp.reseal(tenant, sub, sealed, 'new')).toBe('written')
      expect((await factors.of(tenant, sub)).totp?.sealed).toBe('new')
      expect(await factors.totp.useStep(tenant, sub, { sealed: 'new', step: 100, usedAt: 2 })).toBe('replayed')

      const first = await factors.totp.list(tenant, '', 2)
      const rest = await factors.totp.list(tenant, first[1]?.sub ?? '', 2)
      const subs = [...first, ...rest].map((one) => one.sub)
      expect([first.length, rest.length]).toEqual([2, 1])
      expect(new Set(subs)).toEqual(new Set([sub, ...others.map((person) => person.sub)]))
      expect([...first, ...rest].find((one) => one.sub === sub)?.sealed).toBe('new')
      await factors.totp.remove(tenant, sub)
      expect(await factors.totp.list(tenant, '', 10)).toHaveLength(2)
    })
  })

  describe('passkeys', () => {
    it('are found by credential id and person, renamed, and removed by their owner only', async () => {
      const { tenant, sub, factors } = await aPerson()
      const [a, b] = [aPasskey(clock.seconds(), sub), aPasskey(clock.seconds() + 1, sub, { counter: 4 })]
      const { passkeys } = factors
      expect(await passkeys.add(tenant, aPasskey(clock.seconds(), 'nobody'))).toBe('missing')
      expect([await passkeys.add(tenant, a), await passkeys.add(tenant, b)]).toEqual(['written', 'written'])
      expect(await passkeys.find(tenant, a.credentialId)).toEqual(a)
      expect(await factors.of(tenant, sub)).toEqual({ ...NOTHING, passkeys: [a, b] })
      expect(await passkeys.rename(tenant, 'another', a.credentialId, 'x')).toBe('missing')
      expect(await passkeys.rename(tenant, sub, a.credentialId, 'Work')).toBe('written')
      expect((await passkeys.find(tenant, a.credentialId))?.name).toBe('Work')
      expect(await passkeys.remove(tenant, 'another', a.credentialId)).toBe('missing')
      expect(await passkeys.remove(tenant, sub, a.credentialId)).toBe('written')
      expect(await passkeys.remove(tenant, sub, a.credentialId)).toBe('missing')
      expect(await passkeys.rename(tenant, sub, a.credentialId, 'x')).toBe('missing')
      expect(await passkeys.find(tenant, a.credentialId)).toBeUndefined()
      expect((await factors.of(tenant, sub)).passkeys).toEqual([b])
    })

    it('have a credential id that nobody else in the tenant has (WebAuthn Level 3 7.1 step 26)', async () => {
      const one = await aPerson()
      const other = await aPerson(one.tenant)
      const passkey = aPasskey(clock.seconds(), one.sub)
      await one.factors.passkeys.add(one.tenant, passkey)
      expect(await one.factors.passkeys.add(one.tenant, { ...passkey, sub: other.sub })).toBe('conflict')
      expect((await one.factors.passkeys.find(one.tenant, passkey.credentialId))?.sub).toBe(one.sub)
      expect((await one.factors.of(one.tenant, other.sub)).passkeys).toEqual([])
    })

    it('are used while their counter grows; two of 0 are no counter (WebAuthn Level 3 7.2 step 22; checklist 41)', async () => {
      const { tenant, sub, factors } = await aPerson()
      const passkey = aPasskey(clock.seconds(), sub)
      const use = (counter: number) =>
        factors.passkeys.use(tenant, passkey.credentialId, { counter, backedUp: true, usedAt: 7 })
      expect(await use(0)).toBe('missing')
      await factors.passkeys.add(tenant, passkey)
      expect([await use(0), await use(0), await use(5), await use(5), await use(4), await use(0)]).toEqual([
        'used',
        'used',
        'used',
        'regressed',
        'regressed',
        'regressed',
      ])
      expect(await factors.passkeys.find(tenant, passkey.credentialId)).toEqual({
        ...passkey,
        counter: 5,
        backedUp: true,
        lastUsedAt: 7,
      })
    })

    it('give a counter to one of 50 on two nodes (checklist 41)', async () => {
      const { tenant, sub, factors } = await aPerson()
      const passkey = aPasskey(clock.seconds(), sub, { counter: 1 })
      await factors.passkeys.add(tenant, passkey)
      const shown = { counter: 2, backedUp: false, usedAt: 1 }
      const results = await contend(({ passkeys }) => passkeys.use(tenant, passkey.credentialId, shown))
      expect(results.filter((result) => result === 'used')).toHaveLength(1)
      expect(results.filter((result) => result === 'regressed')).toHaveLength(CONTENDERS - 1)
    })
  })

  describe('recovery codes', () => {
    it('replace all that there were, and each is used once', async () => {
      const { tenant, sub, factors } = await aPerson()
      const { recoveryCodes } = factors
      const [old, a, b] = [randomId(32), randomId(32), randomId(32)]
      expect(await recoveryCodes.replace(tenant, 'nobody', [a])).toBe('missing')
      expect(await recoveryCodes.replace(tenant, sub, [old])).toBe('written')
      expect(await recoveryCodes.replace(tenant, sub, [a, b])).toBe('written')
      expect((await factors.of(tenant, sub)).recoveryCodes).toBe(2)
      expect(await recoveryCodes.use(tenant, sub, old)).toBe('missing')
      expect(await recoveryCodes.use(tenant, sub, a)).toBe('used')
      expect(await recoveryCodes.use(tenant, sub, a)).toBe('missing')
      expect((await factors.of(tenant, sub)).recoveryCodes).toBe(1)
      expect(await recoveryCodes.replace(tenant, sub, [])).toBe('written')
      expect(await recoveryCodes.use(tenant, sub, b)).toBe('missing')
    })

    it('give one code to one of 50 on two nodes (checklist 40)', async () => {
      const { tenant, sub, factors } = await aPerson()
      const digest = randomId(32)
      await factors.recoveryCodes.replace(tenant, sub, [digest, randomId(32)])
      const results = await contend(({ recoveryCodes }) => recoveryCodes.use(tenant, sub, digest))
      expect(results.filter((result) => result === 'used')).toHaveLength(1)
    })
  })

  describe('factors', () => {
    it('end with their person, also when one of the same id is created anew', async () => {
      const { tenant, user, sub, factors } = await aPerson()
      const passkey = aPasskey(clock.seconds(), sub)
      const { sealed } = aTotp(clock.seconds())
      const digest = randomId(32)
      await factors.totp.add(tenant, sub, { ...aTotp(clock.seconds()), sealed })
      await factors.passkeys.add(tenant, passkey)
      await factors.recoveryCodes.replace(tenant, sub, [digest])
      await subject().store.users.delete(tenant, sub)
      expect(await factors.passkeys.find(tenant, passkey.credentialId)).toBeUndefined()
      expect(await factors.totp.list(tenant, '', 10)).toEqual([])
      await subject().store.users.create(tenant, user)
      expect(await factors.of(tenant, sub)).toEqual(NOTHING)
      expect(await factors.totp.useStep(tenant, sub, { sealed, step: 1, usedAt: 1 })).toBe('missing')
      expect(await factors.recoveryCodes.use(tenant, sub, digest)).toBe('missing')
      expect(await factors.passkeys.add(tenant, passkey)).toBe('written')
    })

    it('are seen and changed by their tenant only', async () => {
      const { tenant, user, sub, factors } = await aPerson()
      const b = newTenant()
      await subject().store.users.create(b, user)
      const passkey = aPasskey(clock.seconds(), sub)
      const totp = aTotp(clock.seconds())
      const digest = randomId(32)
      await factors.totp.add(tenant, sub, totp)
      await factors.passkeys.add(tenant, passkey)
      await factors.recoveryCodes.replace(tenant, sub, [digest])
      expect(await factors.of(b, sub)).toEqual(NOTHING)
      expect(await factors.totp.useStep(b, sub, { sealed: totp.sealed, step: 1, usedAt: 1 })).toBe('missing')
      expect(await factors.totp.reseal(b, sub, totp.sealed, 'x')).toBe('missing')
      expect(await factors.totp.list(b, '', 10)).toEqual([])
      expect(await factors.totp.remove(b, sub)).toBe('missing')
      expect(await factors.passkeys.find(b, passkey.credentialId)).toBeUndefined()
      const shown = { counter: 1, backedUp: true, usedAt: 1 }
      expect(await factors.passkeys.use(b, passkey.credentialId, shown)).toBe('missing')
      expect(await factors.passkeys.rename(b, sub, passkey.credentialId, 'x')).toBe('missing')
      expect(await factors.passkeys.remove(b, sub, passkey.credentialId)).toBe('missing')
      expect(await factors.recoveryCodes.use(b, sub, digest)).toBe('missing')
      expect(await factors.recoveryCodes.replace(b, sub, [])).toBe('written')
      expect(await factors.of(tenant, sub)).toEqual({ totp, passkeys: [passkey], recoveryCodes: 1 })
    })
  })
}
