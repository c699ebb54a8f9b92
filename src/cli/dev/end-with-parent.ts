/** Loaded into the watcher before its own code: it ends when whoever started it is gone, however that one ended. */
process.stdin.once('end', () => process.exit(0)).once('error', () => process.exit(0))
process.stdin.resume()
