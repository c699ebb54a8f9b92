/** The shared snapshot of a turn's reads, and the transaction that its writes share. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StoreUnavailable } from '../../kernel/errors.ts'
import { Database } from './database.ts'

let folder: string
let path: string
let db: Database
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'database-'))
  path = join(folder, 'store.sqlite')
  const connection = new DatabaseSync(path)
  connection.exec('PRAGMA journal_mode = WAL; CREATE TABLE notes (text TEXT NOT NULL) STRICT')
  db = await Database.over(connection, path)
})
afterEach(async () => {
  await db.close()
  await rm(folder, { recursive: true })
})

const notes = () => db.read(() => db.prepare('SELECT text FROM notes').all().length)
const note = (text: string | null) => db.write(() => void db.prepare('INSERT INTO notes VALUES (?)').run(text))

describe('the snapshot of a turn', () => {
  it('ends before a write of ours, so that what was acknowledged is read', async () => {
    expect(await notes()).toBe(0)
    await note('ours')
    expect(await notes()).toBe(1)
  })

  it('holds while the turn lasts, and the next turn reads what another process wrote', async () => {
    expect(await notes()).toBe(0)
    const other = new DatabaseSync(path)
    other.exec("INSERT INTO notes VALUES ('theirs')")
    other.close()
    expect(await notes()).toBe(0)
    await turn()
    expect(await notes()).toBe(1)
  })

  it('is given up by a read that fails; what follows goes on', async () => {
    expect(await notes()).toBe(0)
    await expect(db.read(() => db.prepare('SELECT text FROM nothing').all())).rejects.toThrow(StoreUnavailable)
    await note('after')
    expect(await notes()).toBe(1)
  })
})

describe('the transaction of a burst', () => {
  it('is undone for the one that fails, and kept for its neighbours', async () => {
    const [first, failed, last] = await Promise.allSettled([note('first'), note(null), note('last')])
    expect([first?.status, failed?.status, last?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await notes()).toBe(2)
  })
})
