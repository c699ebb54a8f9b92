#!/usr/bin/env -S MALLOC_ARENA_MAX=1 node --max-semi-space-size=4 --no-maglev
/**
 * The `sallyport` command. Exit codes: 0 done, 1 refused, 2 wrong usage. Started by its first line it takes a third less
 * memory than by default.
 */
import { keepCompiledCode } from './cli/compile-cache.ts'

const words = process.argv.slice(2)
keepCompiledCode(words)
// Loaded after that, so that it profits.
const { runCommandLine } = await import('./cli/command-line.ts')
const code = await runCommandLine(words)
// A pipe takes what is written as its reader does.
await Promise.all([written(process.stdout), written(process.stderr)])
// Everything was closed by then: what still holds the process must not keep a refused start alive.
process.exit(code)

/** Settles once all that was written before has left the process, or cannot, as where the reader has gone. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })
}
