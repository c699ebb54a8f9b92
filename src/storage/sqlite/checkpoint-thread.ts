/**
 * The thread that copies the write-ahead log into the file, and empties the log where that is wanted: its syncs take long on slow
 * disks and stall nobody here. It is
 * started from this function's own text, so it stands alone: as a module it would load the type stripper, 20 MB for this.
 */
export function checkpointThread(): void {
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')
  // Emptying holds the writer while it waits for readers: for that long and no longer.
  const db = new DatabaseSync(workerData.path, { timeout: 50 })
  // PASSIVE takes what it can and waits for nobody, so readers and writers go on.
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  const empty = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)')
  let wanted = 0
  const turn = () => {
    try {
      if (wanted === 0) checkpoint.get()
      else if (empty.get()?.busy === 0) {
        parentPort?.postMessage(wanted)
        wanted = 0
      }
    } catch {
      // Tried again at the next turn; meanwhile the log grows, and the writer's own checkpoint is the last resort.
    }
  }
  const timer = setInterval(turn, workerData.everyMs)
  parentPort?.on('message', (message: number | 'end') => {
    if (message !== 'end') {
      wanted = message
      return turn()
    }
    clearInterval(timer)
    db.close()
    parentPort.close()
  })
}
