/**
 * Built-ins for one module. The few that modules call without listing them are always there; the table of all others, with
 * some seventy modules behind it, is read when a module lists one of them: the platform's own bundle lists none.
 */
import type { Builtin, BuiltinTable } from './builtin.ts'
import { ENCODING } from './encoding/encoding.ts'
import { CASTS } from './json/casts.ts'
import { JSON_TEXT } from './json/json.ts'
import { OBJECTS } from './json/objects.ts'
import { ARITHMETIC } from './numbers/arithmetic.ts'
import { NUMBERS } from './numbers/numbers.ts'
import { NATIVE_TEXT } from './text/natives.ts'

const UNLISTED_FAMILIES: readonly BuiltinTable[] = [
  ARITHMETIC,
  CASTS,
  ENCODING,
  JSON_TEXT,
  NATIVE_TEXT,
  NUMBERS,
  OBJECTS,
]

/** Holds every name of `NATIVE_IDS`. */
export const UNLISTED: ReadonlyMap<string, Builtin> = new Map(
  UNLISTED_FAMILIES.flatMap((family) => Object.entries(family)),
)

/** A table with what the names need, as far as this service has them. */
export async function builtinsFor(listed: Iterable<string>): Promise<ReadonlyMap<string, Builtin>> {
  for (const name of listed) if (!UNLISTED.has(name)) return (await import('./table.ts')).BUILTINS
  return UNLISTED
}
