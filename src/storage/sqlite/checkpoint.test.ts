/** The log is copied into the file by another thread, while writing goes on. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { systemClock } from '../../kernel/clock.ts'
import { anAccessToken } from '../conformance/subject.ts'
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

  const stop = startCheckpoints(path, { afterMs: 0, everyMs: 5 })
  const deadline = performance.now() + DEADLINE_MS
  while ((await stat(path)).size < before + 100_000 && performance.now() < deadline) {
    await store.accessTokens.put('t', anAccessToken(now))
    await turn()
  }
  expect((await stat(path)).size).toBeGreaterThanOrEqual(before + 100_000)
  await stop()
  await fill()
  await store.close()
  await rm(folder, { recursive: true })
})
