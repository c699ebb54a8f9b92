/** Prints the rows as a table and writes them to `results/latest.json`. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Card, Pair, Row } from './row.ts'

const RESULTS = join(import.meta.dirname, 'results')

function commitOf(root: string): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

const versionOf = (root: string, name: string): string => {
  const manifest = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'))
  return String((manifest as { version?: unknown }).version)
}

/** The machine and the versions: the same for every row of a run. */
export function machineCard(root: string): Card {
  return {
    taken_at: new Date().toISOString(),
    commit: commitOf(root),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: cpus().length,
    memory_gb: Math.round(totalmem() / 1e9),
    oidc_provider: versionOf(root, 'oidc-provider'),
    opa_wasm: versionOf(root, '@open-policy-agent/opa-wasm'),
  }
}

/** Written whole or not at all: a run that is broken off leaves the last results as they were. */
export function writeResults(rows: readonly Row[]): string {
  mkdirSync(RESULTS, { recursive: true })
  const file = join(RESULTS, 'latest.json')
  const beside = `${file}.${process.pid}`
  writeFileSync(beside, `${JSON.stringify(rows, null, 2)}\n`)
  renameSync(beside, file)
  return file
}

const figure = (value: number | null | undefined): string => {
  if (value === null || value === undefined) return '-'
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2)
}

const both = (pair: Pair | null): string => (pair === null ? '-' : `${figure(pair.ours)} / ${figure(pair.peer)}`)

const percent = (value: number | null): string => (value === null ? '-' : `${(value * 100).toFixed(0)} %`)

const HEADINGS = ['row', 'ours', 'peer', 'ratio', 'unit', 'p50 ours / peer', 'p99 ours / peer', 'spread', 'target', '']

const cells = (row: Row): readonly string[] => [
  row.name,
  figure(row.ours),
  figure(row.peer),
  figure(row.ratio),
  row.unit,
  row.p50 === null ? '-' : `${both(row.p50)} ${row.card.latency_unit}`,
  row.p99 === null ? '-' : `${both(row.p99)} ${row.card.latency_unit}`,
  `${percent(row.spread.ours)} / ${percent(row.spread.peer)}`,
  row.target ?? '-',
  row.verdict ?? '',
]

export function table(rows: readonly Row[]): string {
  const lines = [HEADINGS, ...rows.map(cells)]
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
