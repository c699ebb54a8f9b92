/** The thread that copies the write-ahead log into the file: its syncs take long on slow disks and stall nobody here. */
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { StoreUnavailable } from '../../kernel/errors.ts'

const { path, everyMs }: { path: string; everyMs: number } = workerData
const port = parentPort
if (port === null) throw new StoreUnavailable('the checkpoint worker runs as a thread only')

const db = new DatabaseSync(path)
// PASSIVE takes what it can and waits for nobody, so readers and writers go on.
const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
const timer = setInterval(() => {
  try {
    checkpoint.get()
  } catch {
    // Tried again at the next turn; meanwhile the log grows, and the writer's own checkpoint is the last resort.
  }
}, everyMs)

port.once('message', () => {
  clearInterval(timer)
  db.close()
  port.close()
})
