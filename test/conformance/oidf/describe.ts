/** Fills `test/conformance/provider.json`: each `filled` becomes the credential that stands for it, on pages the person's. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Credentials } from './credentials.ts'

export const TEMPLATE = join(import.meta.dirname, '../provider.json')
const BLANK = 'filled'
const BY_ANOTHER = 'filled by another'

type JsonObject = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Throws where the template has a blank that nothing fits: it would fail later, in the suite, and less plainly. */
export function describeProvider(
  credentials: Credentials,
  resource: string,
  template = readFileSync(TEMPLATE, 'utf8'),
): string {
  const filled = JSON.stringify(fill(JSON.parse(template), credentials), null, 2).replaceAll('{RESOURCE}', resource)
  if (filled.includes(`"${BLANK}`)) throw new Error(`${TEMPLATE}: a blank is left`)
  return `${filled}\n`
}

function fill(value: unknown, credentials: Credentials): unknown {
  if (Array.isArray(value)) return command(value, credentials) ?? value.map((entry) => fill(entry, credentials))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [
      name,
      entry === BLANK ? credential(value, name, credentials) : fill(entry, credentials),
    ]),
  )
}

/** A field of the sign-in page: `["text", "name", "username", "filled"]`. */
function command(words: readonly unknown[], { person: one, another }: Credentials): readonly unknown[] | undefined {
  const [act, by, field, blank, ...rest] = words
  if (act !== 'text' || (blank !== BLANK && blank !== BY_ANOTHER)) return undefined
  const person = blank === BLANK ? one : another
  return [act, by, field, field === 'password' ? person.password : person.userName, ...rest]
}

function credential(holder: JsonObject, name: string, { secrets, keys, certificates }: Credentials): unknown {
  const of = <T>(table: Readonly<Record<string, T>>, key: unknown): T => {
    const found = typeof key === 'string' ? table[key] : undefined
    if (found === undefined) throw new Error(`${TEMPLATE}: nothing fits the ${name} of ${String(key)}`)
    return found
  }
  if (name === 'client_secret') return of(secrets, holder.client_id)
  if (name === 'jwks') return of(keys, holder.client_id).own
  const { cert, key } = of(certificates, name)
  return { cert, key }
}
