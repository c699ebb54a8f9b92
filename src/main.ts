#!/usr/bin/env node
/** The `sallyport` command. Exit codes: 0 done, 1 refused, 2 wrong usage. */
import { runCommandLine } from './cli/command-line.ts'

process.exitCode = await runCommandLine(process.argv.slice(2))
