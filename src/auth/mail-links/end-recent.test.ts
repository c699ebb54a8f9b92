import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PasskeyRecord } from '../../storage/factors.ts'
import { openSurroundings, type Surroundings, TENANT, userRecord } from '../session/endpoint-fixture.ts'
import { endRecentWaysIn } from './end-recent.ts'

let around: Surroundings
beforeEach(async () => {
  around = await openSurroundings({})
})
afterEach(() => around.close())

const [SINCE, MADE] = [1000, 1500]

const passkey = (sub: string, createdAt: number): PasskeyRecord => ({
  ...{ v: 1, sub, credentialId: String(createdAt), publicKey: 'AA', transports: [], backupEligible: false, aaguid: '' },
  ...{ attestation: 'none', userVerified: true, createdAt, counter: 0, backedUp: false, name: 'key' },
})

/** One of each at each of these times; `madeAt` is when the account was. */
async function endedOf(madeAt: number, times: readonly number[]) {
  const user = userRecord({ createdAt: madeAt })
  const { users, factors, identities } = around.store
  await users.create(TENANT, user)
  for (const at of times) {
    await factors.totp.add(TENANT, user.sub, { v: 1, sealed: 'sealed', createdAt: at })
    await factors.passkeys.add(TENANT, passkey(user.sub, at))
    const subject = String(at)
    const identity = {
      v: 1,
      key: subject,
      sub: user.sub,
      provider: 'one',
      issuer: 'https://one.example',
      subject,
    } as const
    await identities.link(TENANT, { ...identity, linkedAt: at })
  }
  await factors.recoveryCodes.replace(TENANT, user.sub, ['digest'])
  const request = around.request({ method: 'POST' })
  await endRecentWaysIn(around, request, user, { since: SINCE, decisionId: 'd' })
  const { totp, passkeys, recoveryCodes } = await factors.of(TENANT, user.sub)
  const linked = (await identities.list(TENANT, user.sub)).map(({ linkedAt }) => linkedAt)
  return { totp: totp?.createdAt, passkeys: passkeys.map((one) => one.createdAt), recoveryCodes, linked }
}

test('ends what was added since, and tells of each; what is older stays, but for recovery codes', async () => {
  const before = SINCE - 1
  expect(await endedOf(1, [before, SINCE, SINCE + 5])).toEqual({
    ...{ totp: before, passkeys: [before], recoveryCodes: 0, linked: [before] },
  })
  const told = around.events.filter(({ event }) => event === 'factor_removed' || event === 'identity_unlinked')
  expect(told.map(({ detail, resource }) => detail ?? resource)).toEqual([
    ...['passkey', 'passkey', 'recovery_codes', 'provider/one', 'provider/one'],
  ])
  expect(told[0]).toMatchObject({ tenant: TENANT, sub: 'sub-1', decision_id: 'd' })
})

test('ends an authenticator app that was added since', async () => {
  expect((await endedOf(1, [SINCE])).totp).toBeUndefined()
})

test('leaves what is as old as the account: how its person first came in', async () => {
  expect(await endedOf(MADE, [MADE, MADE + 1])).toEqual({
    ...{ totp: MADE, passkeys: [MADE], recoveryCodes: 0, linked: [MADE] },
  })
})
