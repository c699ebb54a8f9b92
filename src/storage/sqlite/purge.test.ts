/** Expired rows go, in slices; what must still be known stays. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { aClient, aCode, aGrant, anAccessToken, aPair, ManualClock } from '../conformance/subject.ts'
import { Database } from './database.ts'
import { openSqliteStore } from './open.ts'
import { purger } from './purge.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-purge-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('removes what expired slice by slice, and a spent code only with its grant (RFC 6749 4.1.2)', async () => {
  const clock = new ManualClock()
  const path = join(folder, 'store.db')
  const store = await openSqliteStore({ path, clock })
  const raw = new DatabaseSync(path)
  const db = await Database.over(raw, path)
  const purge = purger(db, clock)
  const rows = (table: string) => Number(raw.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)

  const grant = aGrant(clock.seconds())
  await store.codes.issue('t', grant, 'code', aCode(clock.seconds()))
  await store.codes.redeem('t', grant.grantId, 'code', aPair(clock.seconds(), grant).successors)
  const tokens = Array.from({ length: 450 }, () => anAccessToken(clock.seconds()))
  await Promise.all(tokens.map((token) => store.accessTokens.put('t', token)))
  await store.clients.create('t', aClient(clock.seconds(), { expiresAt: clock.seconds() + 10 }))
  await store.clients.create('t', aClient(clock.seconds()))
  await store.limits.hit('t', 'k', 10)
  await store.replay.firstUse('t', 'k', clock.seconds() + 10)
  expect(await purge()).toBe(false)
  expect([rows('access_tokens'), rows('handles'), rows('limits')]).toEqual([451, 2, 1])

  clock.advance(5 * 60)
  expect(await purge()).toBe(true)
  expect(rows('access_tokens')).toBe(251)
  expect(await purge()).toBe(true)
  expect(await purge()).toBe(false)
  expect([rows('access_tokens'), rows('limits'), rows('replay'), rows('clients')]).toEqual([0, 0, 0, 1])
  expect((await store.codes.peek('t', grant.grantId, 'code'))?.used).toBe(true)

  clock.advance(60 * 60)
  await purge()
  expect([rows('grants'), rows('handles')]).toEqual([0, 0])
  await db.close()
  await store.close()
})
