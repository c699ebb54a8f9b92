/** All host built-ins by name. A family of names is one file beside this one; what no family has is refused at load. */
import type { Builtin, BuiltinTable } from './builtin.ts'
import { CASTS } from './casts.ts'

const FAMILIES: readonly BuiltinTable[] = [CASTS]

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(FAMILIES.flatMap((family) => Object.entries(family)))
