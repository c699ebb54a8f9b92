/** `make bench`: measures the rows one after another, prints them as a table, and ends what it started. */
import { type Environment, openEnvironment, ROOT } from './environment.ts'
import { type CommandLine, HELP, readCommandLine } from './options.ts'
import { machineCard, table, writeResults } from './report.ts'
import type { Row, RowDefinition } from './row.ts'
import { batch50 } from './rows/batch-50.ts'
import { codes } from './rows/codes.ts'
import { dataApi } from './rows/data-api.ts'
import { decisions, decisionsLarge } from './rows/decisions.ts'
import { decisionsCached } from './rows/decisions-cached.ts'
import { decisionsFull } from './rows/decisions-full.ts'
import { introspections, introspectionsRedis } from './rows/introspections.ts'
import { memory } from './rows/memory.ts'
import { namesReset, namesSignIn } from './rows/names.ts'
import { policyFlip } from './rows/policy-flip.ts'
import { refreshes } from './rows/refreshes.ts'
import { startup } from './rows/startup.ts'
import { swap10mb } from './rows/swap.ts'
import { tokens } from './rows/tokens.ts'
import { summarise } from './summarise.ts'

/** In this order: `startup` before the servers are up, `memory` after the load. */
const ROWS: readonly RowDefinition<Environment>[] = [
  startup,
  tokens,
  introspections,
  refreshes,
  codes,
  memory,
  introspectionsRedis,
  policyFlip,
  namesSignIn,
  namesReset,
  decisions,
  ...decisionsLarge,
  decisionsCached,
  decisionsFull,
  ...dataApi,
  batch50,
  ...swap10mb,
]

const say = (line: string) => process.stderr.write(`${line}\n`)

function choose(names: readonly string[] | undefined): readonly RowDefinition<Environment>[] {
  if (names === undefined) return ROWS
  const unknown = names.filter((name) => !ROWS.some((row) => row.name === name))
  if (unknown.length > 0) {
    throw new Error(`no row ${unknown.join(', ')}; there are: ${ROWS.map((row) => row.name).join(', ')}`)
  }
  return ROWS.filter((row) => names.includes(row.name))
}

async function measure(line: CommandLine, definitions: readonly RowDefinition<Environment>[]): Promise<readonly Row[]> {
  const environment = openEnvironment({ ...line, progress: (text) => say(`  ${text}`) })
  const interrupted = () => {
    say('interrupted')
    environment.close().finally(() => process.exit(130))
  }
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    const card = { ...machineCard(ROOT), seconds: line.seconds }
    const rows: Row[] = []
    for (const definition of definitions) {
      say(`${definition.name}: ${definition.about}`)
      rows.push(summarise(definition, await definition.measure(environment), card))
    }
    return rows
  } finally {
    await environment.close()
  }
}

async function main(): Promise<void> {
  const line = readCommandLine(process.argv.slice(2))
  if (line.help) {
    process.stdout.write(`${HELP}\nRows:\n${ROWS.map((row) => `  ${row.name.padEnd(20)}${row.about}\n`).join('')}`)
    return
  }
  const rows = await measure(line, choose(line.rows))
  process.stdout.write(`\n${table(rows)}\n`)
  if (!line.againstItself && line.profileFolder === undefined) say(`written to ${writeResults(rows)}`)
}

try {
  await main()
} catch (failure) {
  say(`bench: ${failure instanceof Error ? failure.message : String(failure)}`)
  process.exitCode = 1
}
