/** All host built-ins by name. A family of names is one file beside this one; what no family has is refused at load. */
import type { Builtin, BuiltinTable } from './builtin.ts'
import { CASTS } from './casts.ts'
import { DIGESTS } from './digests.ts'
import { ENCODING } from './encoding.ts'
import { IDENTIFIERS } from './identifiers.ts'
import { JSON_TEXT } from './json.ts'
import { JWT } from './jwt.ts'
import { NET } from './net.ts'
import { NUMBERS } from './numbers.ts'
import { OBJECTS } from './objects.ts'
import { REGEX } from './regex.ts'
import { RUNTIME } from './runtime.ts'
import { SCHEMA } from './schema.ts'
import { SEMVER } from './semver.ts'
import { SPRINTF } from './sprintf.ts'
import { STRINGS } from './strings.ts'
import { TIME } from './time.ts'
import { UNITS } from './units.ts'
import { URIS } from './uri.ts'
import { X509 } from './x509.ts'
import { YAML } from './yaml.ts'

const FAMILIES: readonly BuiltinTable[] = [
  CASTS,
  DIGESTS,
  ENCODING,
  IDENTIFIERS,
  JSON_TEXT,
  JWT,
  NET,
  NUMBERS,
  OBJECTS,
  REGEX,
  RUNTIME,
  SCHEMA,
  SEMVER,
  SPRINTF,
  STRINGS,
  TIME,
  UNITS,
  URIS,
  X509,
  YAML,
]

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(FAMILIES.flatMap((family) => Object.entries(family)))
