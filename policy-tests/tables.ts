/** Reads the case tables as tables.rego does, so that both engines answer the same questions. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Json = Readonly<Record<string, unknown>>

export interface Case {
  readonly name: string
  readonly base?: string
  /** Differences from the base. */
  readonly input?: Json
  /** Pointers, without the leading slash, that the input lacks. */
  readonly without?: readonly string[]
  /** Differences from the shipped data.rbac. */
  readonly rbac?: Json
  /** Of an allow: those that the case is about. */
  readonly obligations?: Json
  /** Of a deny: all of them, sorted. */
  readonly reasons?: readonly string[]
  /** Of the system's own entrypoints. */
  readonly result?: unknown
}

export interface Table {
  readonly bases: Readonly<Record<string, Json>>
  readonly cases: readonly Case[]
}

/** `name` as in `authz/token`; `folder` holds `authz/` and `system/`. */
export function readTable(name: string, folder = join(import.meta.dirname, 'cases')): Table {
  const document: Readonly<Record<string, Table>> = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
  const key = name.slice(name.lastIndexOf('/') + 1)
  const table = document[key]
  if (table === undefined || Object.keys(document).length !== 1) throw new Error(`${name}.json must hold ${key} alone`)
  return table
}

export function inputOf(table: Table, { base = 'default', input = {}, without = [] }: Case): Json {
  const start = table.bases[base]
  if (start === undefined) throw new Error(`there is no base ${base}`)
  return without.reduce((facts, pointer) => lacking(facts, pointer.split('/')), union(start, input))
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Rego's object.union: objects merge at every depth, anything else is replaced. */
export function union(left: Json, right: Json): Json {
  const merged = Object.entries(right).map(([key, value]) => {
    const stood = left[key]
    return [key, isObject(stood) && isObject(value) ? union(stood, value) : value] as const
  })
  return { ...left, ...Object.fromEntries(merged) }
}

function lacking(value: Json, [key = '', ...rest]: readonly string[]): Json {
  const member = value[key]
  if (rest.length > 0) return isObject(member) ? { ...value, [key]: lacking(member, rest) } : value
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))
}
