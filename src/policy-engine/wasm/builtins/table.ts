/** All host built-ins by name. A family of names is one file beside this one; what no family has is refused at load. */
import type { Builtin, BuiltinTable } from './builtin.ts'
import { CASTS } from './casts.ts'
import { ENCODING } from './encoding.ts'
import { IDENTIFIERS } from './identifiers.ts'
import { NUMBERS } from './numbers.ts'
import { SEMVER } from './semver.ts'
import { SPRINTF } from './sprintf.ts'
import { STRINGS } from './strings.ts'
import { UNITS } from './units.ts'

const FAMILIES: readonly BuiltinTable[] = [CASTS, ENCODING, IDENTIFIERS, NUMBERS, SEMVER, SPRINTF, STRINGS, UNITS]

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(FAMILIES.flatMap((family) => Object.entries(family)))
