/** Whom an address that a provider vouches for leads to, on a store of its own. Checklist 43. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../kernel/clock.ts'
import type { Store } from '../../storage/port.ts'
import { plainUser } from '../../storage/record-fixture.ts'
import { openSqliteStore } from '../../storage/sqlite/open.ts'
import { accountOf } from './account-of.ts'

const folder = mkdtempSync(join(tmpdir(), 'account-of-'))
let store: Store
beforeAll(async () => {
  store = await openSqliteStore({ path: join(folder, 'store.sqlite'), clock: systemClock })
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const email = (value: string, emailVerified: boolean) => ({ emails: [{ value, primary: true }], emailVerified })
const of = async (address: string | undefined) => {
  const { account, user } = await accountOf(store.users, 't', address === undefined ? {} : { email: address })
  return [account, user?.sub]
}

test('it leads to who has proven it, and to nobody by a name that may be anybody’s word (checklist 43)', async () => {
  const people = [
    plainUser({ sub: 'proven', userName: 'proven', profile: email('ada@example.com', true) }),
    plainUser({ sub: 'named', userName: 'bob@example.com', profile: email('bob@example.com', false) }),
  ]
  for (const user of people) expect(await store.users.create('t', user)).toBe('written')
  expect(await of('ADA@example.com')).toEqual(['verified', 'proven'])
  expect(await of('bob@example.com')).toEqual(['unverified', undefined])
  expect(await of('nobody@example.com')).toEqual(['none', undefined])
  expect(await of(undefined)).toEqual(['none', undefined])
})

test('a name that was an address once keeps nobody out who has the address now', async () => {
  const moved = plainUser({ sub: 'moved', userName: 'old@example.com', profile: email('new@example.com', true) })
  await store.users.create('t', moved)
  expect(await of('old@example.com')).toEqual(['none', undefined])
  expect(await of('new@example.com')).toEqual(['verified', 'moved'])
})
