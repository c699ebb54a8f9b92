#!/usr/bin/env node
/** The `sallyport` command. Exit codes: 0 done, 1 refused, 2 wrong usage. */
import { keepCompiledCode } from './cli/compile-cache.ts'

const words = process.argv.slice(2)
keepCompiledCode(words)
// Loaded after that, so that it profits.
const { runCommandLine } = await import('./cli/command-line.ts')
process.exitCode = await runCommandLine(words)
