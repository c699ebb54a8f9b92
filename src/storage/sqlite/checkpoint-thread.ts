/**
 * The thread that copies the write-ahead log into the file: its syncs take long on slow disks and stall nobody here. It is
 * started from this function's own text, so it stands alone: as a module it would load the type stripper, 20 MB for this.
 */
export function checkpointThread(): void {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')
  const db = new DatabaseSync(workerData.path)
  // PASSIVE takes what it can and waits for nobody, so readers and writers go on.
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  const timer = setInterval(() => {
    try {
      checkpoint.get()
    } catch {
      // Tried again at the next turn; meanwhile the log grows, and the writer's own checkpoint is the last resort.
    }
  }, workerData.everyMs)
  parentPort?.once('message', () => {
    clearInterval(timer)
    db.close()
    parentPort.close()
  })
}
