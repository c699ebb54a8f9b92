/**
 * Personal data by one table: what is stored and logged, of which class, until when, and whether a person's copy has it. The page
 * docs/privacy.md equals it, and what is logged holds nothing of the class `personal` but what the mask shortens.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DECISIONS } from '../src/policy-engine/contract/index.ts'
import { AUDITED, DECIDED } from './privacy/logged.ts'
import { CLASSES, STORED } from './privacy/stored.ts'

const page = readFileSync('docs/privacy.md', 'utf8')
const tableAfter = (heading: string): string[] => {
  const from = page.indexOf(`\n## ${heading}\n`)
  expect(from, heading).toBeGreaterThan(0)
  const rows = page
    .slice(from)
    .split('\n\n')
    .find((part) => part.startsWith('|'))
  return rows?.split('\n').slice(2) ?? []
}
const listed = (names: readonly string[] = []): string => names.map((name) => `\`${name}\``).join(', ')
const cells = (row: readonly string[]): string => `| ${row.join(' | ')} |`.replaceAll('|  |', '| |')

test('docs/privacy.md equals the table of stored fields', () => {
  const rows = STORED.map(({ what, until, copy, fields }) =>
    cells([what, ...CLASSES.map((name) => listed(fields[name])), until, copy]),
  )
  expect(tableAfter('What is stored')).toEqual(rows)
})

test('docs/privacy.md equals the table of logged fields', () => {
  const audited = Object.entries(AUDITED).map(([name, of]) => cells([`\`${name}\``, 'audit log', of]))
  const decided = Object.entries(DECIDED).map(([name, of]) => cells([`\`${name}\``, 'decision log', of]))
  expect(tableAfter('What is logged')).toEqual([...audited, ...decided])
})

/** Every name that a decision's input can have. */
function namesIn(schema: unknown, into: Set<string>): Set<string> {
  if (typeof schema !== 'object' || schema === null) return into
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties') for (const name of Object.keys(Object(value))) into.add(name)
    namesIn(value, into)
  }
  return into
}

/** Names that would hold personal data or a secret, were they facts. */
const SUSPECT =
  /mail|phone|^name$|_name$|user_?name|address|city|latitude|longitude|birth|locale|picture|secret|token$|cookie|verifier/
/** Suspect by their names, not by what they hold: enumerations, flags, counts and domains. */
const HARMLESS: ReadonlySet<string> = new Set([
  'token',
  'address',
  'initial_access_token',
  'email_verified',
  'email_age_seconds',
])

test('no fact of a decision is a person’s name, address or secret; those about one person are classified', () => {
  const names = new Set<string>()
  for (const { input } of Object.values(DECISIONS)) namesIn(input, names)
  const suspects = [...names].filter(
    (name) => SUSPECT.test(name) && !HARMLESS.has(name) && !Object.hasOwn(DECIDED, name),
  )
  expect(suspects).toEqual([])
  for (const name of Object.keys(DECIDED)) expect(names, name).toContain(name)
})

test('nothing of the class personal is in the audit log', () => {
  expect(Object.values(AUDITED)).not.toContain('personal')
  expect(Object.values(AUDITED)).not.toContain('secret')
})
