/** Fills in the defaults that a schema names. */
import type { TSchema } from './type.ts'

interface Described {
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Described>>
  readonly items?: Described
}

/** `value` with what it lacks, in depth: an object that is absent is made of its own defaults. Changes nothing it was given. */
export function withDefaults(schema: TSchema, value: unknown): unknown {
  return filled(schema as Described, value)
}

function filled(schema: Described, given: unknown): unknown {
  const value = given === undefined ? structuredClone(schema.default) : given
  const { properties, items } = schema
  if (Array.isArray(value)) return items === undefined ? value : value.map((item) => filled(items, item))
  if (properties === undefined || typeof value !== 'object' || value === null) return value
  const known = Object.entries(properties).map(([name, its]) => [name, filled(its, Reflect.get(value, name))] as const)
  return { ...value, ...Object.fromEntries(known.filter(([, its]) => its !== undefined)) }
}
