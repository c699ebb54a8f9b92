/**
 * Personal data by one table: what is stored and logged, of which class, until when, and whether a person's copy has it. The page
 * docs/privacy.md equals it, and what is logged holds nothing of the class `personal` but what the mask shortens.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { createLogger } from '../src/observability/logger.ts'
import { DECISIONS } from '../src/policy-engine/contract/index.ts'
import { type Carried, logFields, metricLabels, productSources } from './privacy/log-calls.ts'
import { AUDITED, DECIDED, LABELS, OPERATIONAL, unknownFields, unknownLabels } from './privacy/logged.ts'
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
  const grouped = (table: Readonly<Record<string, string>>, log: string) =>
    CLASSES.flatMap((of) => {
      const names = Object.keys(table).filter((name) => table[name] === of)
      return names.length === 0 ? [] : [cells([listed(names), log, of])]
    })
  const others = [...grouped(OPERATIONAL, 'operational log'), ...grouped(LABELS, 'labels of metrics')]
  expect(tableAfter('What is logged')).toEqual([...audited, ...decided, ...others])
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

const SOURCES = productSources(resolve('.'))
/** Of pino and prom-client, and of errors: no call of ours names them. */
const OF_THEMSELVES = /^(level|time|pid|hostname|name|msg|err\..*)$/
const OF_METRICS_THEMSELVES = /^(node|le|type|space|kind|version|major|minor|patch)$/

test('every field of the operational log and every label of a metric stands in the table, and nothing else does (checklist 34)', () => {
  const logged = logFields(SOURCES)
  expect(logged.odd).toEqual([])
  expect([...logged.names.keys()].filter((name) => !Object.hasOwn(OPERATIONAL, name))).toEqual([])
  const unused = (table: object, { names }: Carried, own: RegExp) =>
    Object.keys(table).filter((name) => !names.has(name) && !own.test(name))
  expect(unused(OPERATIONAL, logged, OF_THEMSELVES)).toEqual([])
  const labels = metricLabels(SOURCES)
  expect(labels.odd).toEqual([])
  expect([...labels.names.keys()].filter((name) => !Object.hasOwn(LABELS, name))).toEqual([])
  expect(unused(LABELS, labels, OF_METRICS_THEMSELVES)).toEqual([])
  // No logger but ours, no metrics but these, and no traces.
  const users = (name: string) =>
    [...SOURCES].filter(([, text]) => text.includes(`from '${name}`)).map(([file]) => file)
  expect(users('pino')).toEqual(['src/observability/logger.ts'])
  expect(users('@opentelemetry')).toEqual([])
})

test.each([
  ['a field', 'deps.logger.warn({ userName: user.userName }, "x")', { names: ['userName'], odd: 0 }],
  [
    'a field in a branch',
    'logger.info({ ...(a && { email }), ...(b ? { phone } : {}) }, "x")',
    { names: ['email', 'phone'], odd: 0 },
  ],
  ['a field by a constant', 'const told = { email }; this.#logger.info(told, "x")', { names: ['email'], odd: 0 }],
  ['a level that is chosen', 'logger[level]({ email }, "x")', { names: ['email'], odd: 0 }],
  ['fields from elsewhere', 'logger.info(request.body, "x")', { names: [], odd: 1 }],
  ['fields that are spread in', 'logger.info({ ...user }, "x")', { names: [], odd: 1 }],
  ['a computed field', 'logger.info({ [name]: 1 }, "x")', { names: [], odd: 1 }],
  ['a value in the message', 'logger.info({}, "of " + user.userName)', { names: [], odd: 1 }],
  ['a message alone that holds one', 'logger.info("of " + user.userName)', { names: [], odd: 1 }],
  ['a method handed on', 'fails.catch(logger.error)', { names: [], odd: 1 }],
  ['another name', 'function f({ logger: log }: Deps) { log.info({ email }, "x") }', { names: [], odd: 1 }],
  ['a parameter of another name', 'function f(log: Logger) { log.info({ email }, "x") }', { names: [], odd: 1 }],
])('what a log call carries is seen: %s', (_what, text, expected) => {
  const { names, odd } = logFields(new Map([['src/x.ts', text]]))
  expect({ names: [...names.keys()], odd: odd.length }).toEqual(expected)
})

test('what is written is held to the table: fields of lines, of their errors, labels of series', () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'debug', destination: { write: (line) => lines.push(line) } })
  logger.error({ err: Object.assign(new Error('x', { cause: new Error('y') }), { code: 'E', reason: 'r' }) }, 'x')
  expect(unknownFields(lines.join(''))).toEqual([])
  logger.info({ userName: 'ada', err: { phone: 1 }, user: { sub: 'x' } }, 'x')
  expect(unknownFields(lines.join(''))).toEqual(['userName', 'user', 'user.sub'])
  expect(unknownLabels('a{node="x",sub="u1"} 1\nb{le="0.1",name="a\\",b=\\"c"} 2\nc 3')).toEqual(['sub'])
})

test('nothing of the class personal is in the operational log but what policies print, and no secret', () => {
  const kinds = (wanted: string) => Object.keys(OPERATIONAL).filter((name) => OPERATIONAL[name] === wanted)
  expect([kinds('personal'), kinds('secret')]).toEqual([['printed'], []])
})

test('nothing of the class personal is in the audit log', () => {
  expect(Object.values(AUDITED)).not.toContain('personal')
  expect(Object.values(AUDITED)).not.toContain('secret')
})
