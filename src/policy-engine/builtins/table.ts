/** All host built-ins by name. A family has a folder of its own; what no family has is refused at load. */
import type { Builtin, BuiltinTable } from './builtin.ts'
import { DIGESTS } from './encoding/digests.ts'
import { ENCODING } from './encoding/encoding.ts'
import { IDENTIFIERS } from './encoding/identifiers.ts'
import { URIS } from './encoding/uri.ts'
import { HTTP } from './http/send.ts'
import { CASTS } from './json/casts.ts'
import { JSON_TEXT } from './json/json.ts'
import { OBJECTS } from './json/objects.ts'
import { JWT } from './jwt/jwt.ts'
import { NET } from './net/net.ts'
import { ARITHMETIC } from './numbers/arithmetic.ts'
import { NUMBERS } from './numbers/numbers.ts'
import { SEMVER } from './numbers/semver.ts'
import { UNITS } from './numbers/units.ts'
import { REGEX } from './regex/regex.ts'
import { RUNTIME } from './runtime.ts'
import { SCHEMA } from './schema/schema.ts'
import { NATIVE_TEXT } from './text/natives.ts'
import { SPRINTF } from './text/sprintf.ts'
import { STRINGS } from './text/strings.ts'
import { TIME } from './time/time.ts'
import { X509 } from './x509/x509.ts'
import { YAML } from './yaml/yaml.ts'

const FAMILIES: readonly BuiltinTable[] = [
  ARITHMETIC,
  CASTS,
  DIGESTS,
  ENCODING,
  HTTP,
  IDENTIFIERS,
  JSON_TEXT,
  JWT,
  NATIVE_TEXT,
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
