/**
 * Contract and policies mirror each other: what is registered has a policy, a test, a case for each answer, and code that
 * asks it; and what has a policy is registered. One line for each thing that is missing or too much.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Case, readTable } from '../../policy-tests/tables.ts'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { SYSTEM_ENTRYPOINTS } from '../../src/policy-engine/contract/system.ts'
import { type Inspected, inspect } from './inspect.ts'

const RBAC_SCHEMA = 'data.rbac: schema.data.rbac'

export async function mirrorViolations(root: string): Promise<string[]> {
  const seen = await inspect(root)
  return [
    ...unregistered(seen),
    ...entrypoints(seen),
    ...Object.keys(DECISIONS).flatMap((name) => decision(root, name as keyof typeof DECISIONS, seen)),
    ...SYSTEM_ENTRYPOINTS.flatMap((system) => systemEntrypoint(root, system, seen)),
    ...library(root, seen),
  ].sort()
}

function unregistered({ packages }: Inspected): string[] {
  const known = new Set([
    ...Object.keys(DECISIONS).map((name) => `authz.${name}`),
    ...SYSTEM_ENTRYPOINTS.map(({ entrypoint }) => entrypoint.split('/').slice(0, -1).join('.')),
    'rbac',
  ])
  return [...packages]
    .filter(([name]) => !known.has(name) && !name.startsWith('lib.'))
    .map(([name, files]) => `${files[0]}: package ${name} is not registered`)
}

/** Decisions by name; a package's own entrypoint, and those that it pulls in, serve the Data API and are no decisions. */
function entrypoints({ entrypoints: built }: Inspected): string[] {
  const wanted: string[] = [
    ...Object.values(DECISIONS).map(({ entrypoint }) => entrypoint),
    ...SYSTEM_ENTRYPOINTS.map(({ entrypoint }) => entrypoint),
  ]
  const packages = Object.keys(DECISIONS).map((name) => `authz/${name}`)
  const served = (entrypoint: string) =>
    wanted.includes(entrypoint) || packages.some((path) => entrypoint === path || entrypoint.startsWith(`${path}/`))
  return [
    ...wanted.filter((entrypoint) => !built.includes(entrypoint)).map((entrypoint) => `bundle: lacks ${entrypoint}`),
    ...built.filter((entrypoint) => !served(entrypoint)).map((entrypoint) => `bundle: ${entrypoint} is not registered`),
  ]
}

function decision(root: string, name: keyof typeof DECISIONS, { packages, annotations }: Inspected): string[] {
  const { askedBy, reasons } = DECISIONS[name]
  const policy = `policies/authz/${name}.rego`
  const files = packages.get(`authz.${name}`) ?? []
  const said = annotations.get(`authz.${name}`)
  return [
    ...(files.length === 1 && files[0] === policy ? [] : [`${policy}: package authz.${name} must be this file alone`]),
    ...(said?.title && said.description ? [] : [`${policy}: METADATA lacks title or description`]),
    ...[`input: schema.authz.${name}.input`, RBAC_SCHEMA]
      .filter((schema) => said?.scope !== 'package' || !said.schemas.includes(schema))
      .map((schema) => `${policy}: METADATA lacks the schema ${schema}`),
    ...(said?.askedBy === askedBy ? [] : [`${policy}: asked_by must be ${askedBy}`]),
    ...(asks(root, askedBy, name) ? [] : [`${askedBy}: does not ask ${name}`]),
    ...present(root, `src/policy-engine/contract/${name.replaceAll('_', '-')}.ts`),
    ...present(root, `policy-tests/authz/${name}_test.rego`),
    ...cases(root, `authz/${name}`, (table) => [
      ...(table.some(({ obligations }) => obligations !== undefined) ? [] : ['no case allows']),
      ...Object.keys(reasons)
        .filter((reason) => !table.some((entry) => entry.reasons?.includes(reason)))
        .map((reason) => `no case for reason ${reason}`),
      ...table
        .flatMap((entry) => entry.reasons ?? [])
        .filter((reason) => !Object.hasOwn(reasons, reason))
        .map((reason) => `reason ${reason} is not in the contract`),
    ]),
  ]
}

function systemEntrypoint(root: string, system: (typeof SYSTEM_ENTRYPOINTS)[number], seen: Inspected): string[] {
  const policy = `policies/${system.file}`
  const name = system.file.replace(/\.rego$/, '')
  const described = [...seen.annotations.values()].some(
    ({ file, title, schemas }) => file === policy && title !== '' && schemas.includes(`input: schema.${system.schema}`),
  )
  return [
    ...present(root, policy),
    ...(described ? [] : [`${policy}: METADATA lacks title or the schema schema.${system.schema}`]),
    ...present(root, `policy-tests/${name}_test.rego`),
    ...cases(root, name, (table) =>
      new Set(table.map(({ result }) => JSON.stringify(result))).size > 1 ? [] : ['all cases have one result'],
    ),
  ]
}

/** Functions that take what they judge: a rule about `input` would be typed by no schema. */
function library(root: string, { packages, annotations }: Inspected): string[] {
  const files = [...packages].filter(([name]) => name.startsWith('lib.'))
  return files.flatMap(([name, [file = '']]) => [
    ...(annotations.get(name)?.schemas.includes(RBAC_SCHEMA) ? [] : [`${file}: METADATA lacks ${RBAC_SCHEMA}`]),
    ...(/\binput\b/.test(withoutComments(readFileSync(join(root, file), 'utf8'))) ? [`${file}: names input`] : []),
  ])
}

const withoutComments = (rego: string): string => rego.replaceAll(/#.*$/gm, '')

const present = (root: string, path: string): string[] => (existsSync(join(root, path)) ? [] : [`${path}: missing`])

const asks = (root: string, file: string, name: string): boolean =>
  existsSync(join(root, file)) && new RegExp(`\\bdecide\\(\\s*'${name}'`).test(readFileSync(join(root, file), 'utf8'))

function cases(root: string, name: string, judge: (table: readonly Case[]) => string[]): string[] {
  const folder = join(root, 'policy-tests/cases')
  const path = `policy-tests/cases/${name}.json`
  if (!existsSync(join(folder, `${name}.json`))) return [`${path}: missing`]
  const table = readTable(name, folder).cases
  const names = table.map((entry) => entry.name)
  const twice = names.filter((entry, at) => names.indexOf(entry) !== at).map((entry) => `two cases are called ${entry}`)
  return [...judge(table), ...twice].map((what) => `${path}: ${what}`)
}
