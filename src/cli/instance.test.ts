import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { DEFAULT_KEY_RULES } from '../auth/keys/rules.ts'
import { openSigningKey } from '../auth/token/signing-key.ts'
import { epochSeconds, systemClock } from '../kernel/clock.ts'
import { openEnvelope } from '../kernel/envelope.ts'
import { digestOf } from '../kernel/ids.ts'
import type { Store } from '../storage/port.ts'
import { openSqliteStore } from '../storage/sqlite/open.ts'
import { checkInstance, initialise, initialiseWithSetup } from './instance.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-instance-'))
afterAll(() => rmSync(folder, { recursive: true }))
const opened: Store[] = []
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
})
let count = 0
const open = async (name = `${count++}.sqlite`) => {
  const store = await openSqliteStore({ path: join(folder, name), clock: systemClock })
  opened.push(store)
  return store
}
const clock = systemClock
const rules = DEFAULT_KEY_RULES

test('makes a signing key that opens under the same envelope key, and a credential that works once', async () => {
  const [store, envelope] = [await open(), openEnvelope(randomBytes(32))]
  const setup = await initialiseWithSetup({ store, envelope, clock, rules })
  await checkInstance({ store, envelope })
  const [key] = (await store.signingKeys.read()).keys
  expect(key && openSigningKey(envelope, key).kid).toBe(key?.kid)
  const now = epochSeconds(clock)
  expect(await store.platform.takeSetup(digestOf(setup?.secret ?? ''), now)).toBe(true)
  expect(await store.platform.takeSetup(digestOf(setup?.secret ?? ''), now)).toBe(false)
})

test('keeps the credential as a digest only, and ends it after an hour', async () => {
  const [store, envelope] = [await open(), openEnvelope(randomBytes(32))]
  const setup = await initialiseWithSetup({ store, envelope, clock, rules })
  const digest = digestOf(setup?.secret ?? '')
  expect(setup?.expiresAt).toBeLessThanOrEqual(epochSeconds(clock) + 3600)
  expect(await store.platform.peekSetup(setup?.secret ?? '', epochSeconds(clock))).toBe(false)
  expect(await store.platform.peekSetup(digest, (setup?.expiresAt ?? 0) + 1)).toBe(false)
})

test('of two at once on one file one wins, and the keys are its own', async () => {
  const envelope = openEnvelope(randomBytes(32))
  const stores = [await open('shared.sqlite'), await open('shared.sqlite')]
  const setups = await Promise.all(stores.map((store) => initialiseWithSetup({ store, envelope, clock, rules })))
  expect(setups.filter((setup) => setup !== undefined)).toHaveLength(1)
  const [left, right] = await Promise.all(stores.map(async (store) => (await store.signingKeys.read()).keys))
  expect(left?.map(({ state }) => state)).toEqual(['current', 'next'])
  expect(left).toEqual(right)
})

test('refuses an empty store, and an envelope key that does not fit', async () => {
  const [store, envelope] = [await open(), openEnvelope(randomBytes(32))]
  await expect(checkInstance({ store, envelope })).rejects.toThrow(/empty: run `sallyport init`/)
  await initialise({ store, envelope, clock, rules })
  await expect(checkInstance({ store, envelope: openEnvelope(randomBytes(32)) })).rejects.toThrow(/does not fit/)
})

test('makes no setup credential for a demo', async () => {
  const [store, envelope] = [await open(), openEnvelope(randomBytes(32))]
  expect(await initialise({ store, envelope, clock, rules })).toBe('initialised')
  expect(await initialise({ store, envelope, clock, rules })).toBe('already')
})
