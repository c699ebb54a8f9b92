/** kill -9 in the middle of writing: the file stays whole, and every acknowledged write is there. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { systemClock } from '../../kernel/clock.ts'
import { openSqliteStore } from './open.ts'

const WRITER = resolve(import.meta.dirname, '../../../test/servers/store-writer.ts')
const ROUNDS = 5

/** Kills the writer once it acknowledged this many writes; answers all that it acknowledged. */
async function writeAndKill(path: string, enough: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.length === enough) child.kill('SIGKILL')
  }
  if (child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return lines
}

it('loses no acknowledged write and no revocation to kill -9, and the file stays whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-crash-'))
  const path = join(folder, 'store.db')
  const told: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    told.push(...(await writeAndKill(path, 200 + 317 * round)))
    const raw = new DatabaseSync(path)
    expect(raw.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    raw.close()
    const store = await openSqliteStore({ path, clock: systemClock })
    for (const line of told) {
      const [what, id = '', grantId] = line.split(' ')
      if (what === 'token') {
        const key = { jti: id, clientId: 'client', ...(grantId !== undefined && { grantId }) }
        expect((await store.accessTokens.state('t', key)).token?.jti).toBe(id)
      }
      if (what === 'spent') expect((await store.codes.peek('t', id, 'code'))?.used).toBe(true)
      if (what === 'revoked') expect((await store.grants.find('t', id))?.revoked).toBe(true)
    }
    await store.close()
  }
  expect(told.length).toBeGreaterThan(ROUNDS * 200)
  await rm(folder, { recursive: true })
})
