/** The embedded store on a file, held to the port. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeConformance } from '../conformance.ts'
import type { Store } from '../port.ts'
import { openSqliteStore } from './open.ts'

storeConformance('SQLite file', async (clock) => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-store-'))
  const path = join(folder, 'store.db')
  const store = await openSqliteStore({ path, clock })
  let second: Promise<Store> | undefined
  return {
    store,
    another: () => {
      second ??= openSqliteStore({ path, clock })
      return second
    },
    close: async () => {
      await store.close()
      await (await second)?.close()
      await rm(folder, { recursive: true })
    },
  }
})
