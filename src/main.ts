#!/usr/bin/env node
/** The `sallyport` command. Exit codes: 0 done, 1 refused, 2 wrong usage. */
import { keepCompiledCode } from './cli/compile-cache.ts'

const words = process.argv.slice(2)
keepCompiledCode(words)
// Loaded after that, so that it profits.
const { runCommandLine } = await import('./cli/command-line.ts')
// Everything was closed by then: what still holds the process must not keep a refused start alive.
process.exit(await runCommandLine(words))
