/** The log is copied into the file by another thread while writing goes on, and emptied where that is asked for. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { systemClock } from '../../kernel/clock.ts'
import { anAccessToken, aUser } from '../conformance/subject.ts'
import { EXPUNGE_MS } from '../port.ts'
import { startCheckpoints } from './checkpoint.ts'
import { openSqliteStore } from './open.ts'

const DEADLINE_MS = 20 * 1000

it('copies the log into the file while writes go on, and lets go of it when stopped', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-checkpoint-'))
  const path = join(folder, 'store.db')
  const store = await openSqliteStore({ path, clock: systemClock })
  const now = Math.floor(systemClock.nowMs() / 1000)
  // The writer leaves all of this in its log: a store that nobody checkpoints keeps its size.
  const fill = () => Promise.all(Array.from({ length: 500 }, () => store.accessTokens.put('t', anAccessToken(now))))
  await fill()
  const before = (await stat(path)).size
  expect((await stat(`${path}-wal`)).size).toBeGreaterThan(before)

  const checkpoints = startCheckpoints(path, { afterMs: 0, everyMs: 5 })
  const deadline = performance.now() + DEADLINE_MS
  while ((await stat(path)).size < before + 100_000 && performance.now() < deadline) {
    await store.accessTokens.put('t', anAccessToken(now))
    await turn()
  }
  expect((await stat(path)).size).toBeGreaterThanOrEqual(before + 100_000)
  await checkpoints.stop()
  await fill()
  await store.close()
  await rm(folder, { recursive: true })
})

it('says that somebody reads for as long as expunging may take, writes on meanwhile, and is done once they let go', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-expunge-'))
  const path = join(folder, 'store.db')
  const store = await openSqliteStore({ path, clock: systemClock })
  const now = Math.floor(systemClock.nowMs() / 1000)
  const user = aUser(now, { userName: 'somebody.to.be.erased@example.com' })
  const left = async () =>
    (await Promise.all(['', '-wal'].map((end) => readFile(`${path}${end}`, 'latin1'))))
      .join('')
      .includes('to.be.erased')
  await store.users.create('t', user)
  const reader = new DatabaseSync(path, { readOnly: true })
  reader.exec('BEGIN; SELECT count(*) FROM users')
  await store.users.delete('t', user.sub)

  const began = performance.now()
  const expunged = store.expunge()
  const slowest = { ms: 0 }
  const writing = setInterval(async () => {
    const at = performance.now()
    await store.accessTokens.put('t', anAccessToken(now))
    slowest.ms = Math.max(slowest.ms, performance.now() - at)
  }, 50)
  expect(await expunged).toBe('blocked')
  clearInterval(writing)
  expect(performance.now() - began).toBeGreaterThan(EXPUNGE_MS - 100)
  // The writer waits for a try, never for the reader.
  expect(slowest.ms).toBeLessThan(1500)
  expect(await left()).toBe(true)

  reader.exec('COMMIT')
  const deadline = performance.now() + DEADLINE_MS
  while ((await stat(`${path}-wal`)).size > 0 && performance.now() < deadline) await turn()
  expect(await left()).toBe(false)
  reader.close()
  await store.close()
  await rm(folder, { recursive: true })
})
