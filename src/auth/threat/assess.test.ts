/** What attempts at signing in add to the facts of risk, on a real store. Checklist 37, 38. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { UserRecord } from '../../storage/records.ts'
import { openSurroundings, type Surroundings, TENANT, userRecord } from '../session/endpoint-fixture.ts'
import { testThreats } from './threat-fixture.ts'

const PLACES = '192.0.2.0/24,DE,52.5,13.4\n198.51.100.0/24,NZ,-36.9,174.8\n'
const UNKNOWN = { known: false }

let around: Surroundings
let threats: ReturnType<typeof testThreats>
let ada: UserRecord
beforeEach(async () => {
  around = await openSurroundings({})
  threats = testThreats(around, { places: PLACES })
  ada = userRecord()
  await around.store.users.create(TENANT, ada)
})
afterEach(() => around.close())

const at = (address: string) => around.request({ address })
const assess = (address: string, userName = ada.userName, device: { known: boolean; id?: string } = UNKNOWN) =>
  threats.assessRisk(at(address), { userName, user: userName === ada.userName ? ada : undefined, device })
const facts = async (...asked: Parameters<typeof assess>) => (await assess(...asked)).facts

async function fail(...asked: Parameters<typeof assess>): Promise<void> {
  const risk = await assess(...asked)
  await risk.begin()
  await risk.failed()
}

test('of attempts begun at once each sees those before it, so that no more pass than may (checklist 38)', async () => {
  const risks = await Promise.all(Array.from({ length: 20 }, (_, host) => assess(`192.0.2.${host % 2}`)))
  for (const { facts: before } of risks) expect(before.failures).toEqual({ here: 0, account: 0, address: 0, subnet: 0 })
  const begun = await Promise.all(risks.map(({ begin }) => begin()))
  const seen = (of: 'here' | 'account' | 'subnet') =>
    begun.map(({ failures }) => failures[of]).toSorted((a, b) => a - b)
  expect(seen('account')).toEqual(Array.from({ length: 20 }, (_, index) => index))
  expect(seen('subnet')).toEqual(Array.from({ length: 20 }, (_, index) => index))
  expect(seen('here')).toEqual(Array.from({ length: 20 }, (_, index) => Math.floor(index / 2)))
})

test('a known device has failures of its own, and adds none to those of unknown ones', async () => {
  const own = { known: true, id: 'd1' }
  for (let count = 0; count < 3; count++) await fail('192.0.2.1')
  expect((await facts('192.0.2.1', ada.userName, own)).failures).toMatchObject({ here: 0, account: 3 })
  await fail('192.0.2.1', ada.userName, own)
  expect((await facts('192.0.2.1', ada.userName, own)).failures).toMatchObject({ here: 1, account: 3 })
  expect((await facts('192.0.2.1', ada.userName, { known: true, id: 'd2' })).failures.here).toBe(0)
  expect((await facts('198.51.100.1')).failures).toEqual({ here: 0, account: 3, address: 0, subnet: 0 })
})

test('what was right counts no more, what failed before it does, with its time', async () => {
  await fail('192.0.2.1')
  around.clock.set(around.clock.nowMs() + 10_000)
  const second = await assess('192.0.2.1')
  await second.begin()
  await second.verified()
  around.clock.set(around.clock.nowMs() + 5_000)
  expect(await facts('192.0.2.1')).toMatchObject({
    failures: { here: 1, account: 1, address: 1, subnet: 1 },
    since_failure: { here: 15, account: 15 },
  })
  const third = await assess('192.0.2.1')
  await third.begin()
  await third.succeeded({ sub: ada.sub, sid: 'new' })
  const after = await facts('192.0.2.1')
  expect(after.failures).toEqual({ here: 0, account: 1, address: 1, subnet: 1 })
  expect(after).toMatchObject({ network_known: true, network_changed: false })
  around.clock.set(around.clock.nowMs() + 3_600_000)
  expect((await facts('192.0.2.1')).failures).toEqual({ here: 0, account: 0, address: 0, subnet: 0 })
})

test('many accounts from one address and subnet are told, the same one again is not; the signal rises at each doubling', async () => {
  for (let count = 0; count < 24; count++) {
    await fail(`192.0.2.${1 + (count % 2)}`, `user-${count}`)
    await fail(`192.0.2.${1 + (count % 2)}`, `user-${count}`)
  }
  const { accounts_tried: tried } = await facts('192.0.2.1', 'somebody')
  expect([tried.address, tried.subnet]).toEqual([12, 24])
  expect((await facts('198.51.100.1', 'somebody')).accounts_tried).toEqual({ address: 0, subnet: 0 })
  const stuffing = threats.raised.filter(({ signal }) => signal === 'credential_stuffing')
  expect(stuffing.map(({ source, count }) => [source?.kind, source?.address, count])).toEqual([
    ['address', '192.0.2.1', 10],
    ['address', '192.0.2.2', 10],
  ])
})

test('failures everywhere are a surge, which goes on into the next ten minutes and not for ever', async () => {
  const few = testThreats(around, {
    rules: { travel: { kilometres: 1, kilometresPerHour: 1 }, surgeFloor: 30, introspectionFloor: 1 },
  })
  const failFrom = async (host: number) => {
    const risk = await few.assessRisk(at(`10.${host}.0.1`), { userName: `user-${host}`, device: UNKNOWN })
    await risk.begin()
    await risk.failed()
  }
  const isOn = async () => (await few.assessRisk(at('192.0.2.1'), { userName: 'x', device: UNKNOWN })).facts.surge
  for (let host = 0; host < 30; host++) await failFrom(host)
  expect(await isOn()).toBe(false)
  await failFrom(31)
  expect(await isOn()).toBe(true)
  expect(few.raised.map(({ signal }) => signal)).toContain('failure_surge')
  around.clock.set(around.clock.nowMs() + 600_000)
  expect(await isOn()).toBe(true)
  around.clock.set(around.clock.nowMs() + 600_000)
  expect(await isOn()).toBe(false)
})

test('journeys: country, distance and time since the last sign-in; impossible where nobody travels so fast', async () => {
  const first = await assess('192.0.2.1')
  expect(first.facts).toMatchObject({ country: 'DE', impossible_travel: false, new_device: true })
  expect(first.facts.travel).toBeUndefined()
  await first.succeeded({ sub: ada.sub, sid: 'new' })
  around.clock.set(around.clock.nowMs() + 3_600_000)
  const far = await facts('198.51.100.1')
  expect(far).toMatchObject({ country: 'NZ', impossible_travel: true, network_changed: true, network_known: false })
  expect(far.travel?.seconds).toBe(3600)
  expect(Math.abs((far.travel?.kilometres ?? 0) - 17_700)).toBeLessThan(100)
  around.clock.set(around.clock.nowMs() + 24 * 3_600_000)
  expect((await facts('198.51.100.1')).impossible_travel).toBe(false)
  const nowhere = await facts('203.0.113.1')
  expect([nowhere.country, nowhere.travel, nowhere.impossible_travel]).toEqual([undefined, undefined, false])
})

test('there are so many places for counters and no more, whatever names are made up, and the store tells none of them', () => {
  const places = new Set(Array.from({ length: 3_000 }, (_, index) => threats.keys.account(`made up ${index}`)))
  expect(places.size).toBeGreaterThan(2_980)
  for (const place of places) {
    const [, number] = /^account:(\d+)$/.exec(place) ?? []
    expect(Number(number)).toBeLessThan(2 ** 20)
  }
  expect(threats.keys.account('ADA@example.com')).toBe(threats.keys.account('ada@example.com'))
  expect(threats.keys.triedFrom('2001:db8:1:2::1').subnet).toBe(threats.keys.triedFrom('2001:db8:1:ffff::').subnet)
  expect(threats.keys.triedFrom('2001:db8:1:2::1').address).not.toBe(threats.keys.triedFrom('2001:db8:1:3::1').address)
})

test('where nobody is named nothing of anybody is counted', async () => {
  for (let count = 0; count < 3; count++) await fail('192.0.2.1', '')
  const { failures, new_device } = await facts('192.0.2.1', '')
  expect([failures, new_device]).toEqual([{ here: 0, account: 0, address: 3, subnet: 3 }, false])
})

test('a proof that nobody can guess waits for no guesses, wherever it is shown (checklist 38)', async () => {
  for (let count = 0; count < 40; count++) await fail('198.51.100.1')
  const shown = await threats.assessRisk(at('198.51.100.1'), {
    userName: ada.userName,
    user: ada,
    device: UNKNOWN,
    proof: 'unguessable',
  })
  expect(shown.facts).toMatchObject({ failures: { here: 0, account: 0 }, unguessable: true, new_device: true })
  await shown.begin()
  await shown.succeeded({ sub: ada.sub, sid: 'new' })
  expect((await facts('198.51.100.1')).failures).toMatchObject({ here: 40, account: 40 })
})
