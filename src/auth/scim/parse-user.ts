/** Reads the body of a SCIM create or replace into checked values. RFC 7644 3.3 and 3.5.1, RFC 7643 4.1. */
import { ScimError } from '../../kernel/errors.ts'
import {
  ADDRESS_PARTS,
  CLAIM_PARTS,
  canonicalName,
  isProfileAttribute,
  NAME_PARTS,
  PROFILE_ATTRIBUTES,
  type ProfileAttribute,
  USER_SCHEMA,
  VALUE_PARTS,
} from './attributes.ts'

const MAX_TEXT = 1024
const MAX_USER_NAME = 256
const MAX_VALUES = 50

export interface UserBody {
  readonly userName: string
  /** Undefined: not in the body. */
  readonly active: boolean | undefined
  readonly roles: readonly string[] | undefined
  readonly password: string | undefined
  readonly profile: Readonly<Partial<Record<ProfileAttribute, unknown>>>
}

const invalid = (detail: string): ScimError => new ScimError('invalidValue', { detail })

type JsonObject = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Keys by their canonical names; unknown ones fall away, and null counts as not sent (RFC 7643 2.5). */
function known(value: JsonObject, names?: readonly string[]): ReadonlyMap<string, unknown> {
  const entries = new Map<string, unknown>()
  for (const [key, entry] of Object.entries(value)) {
    const name = canonicalName(key)
    if (name === undefined || entry === null || (names && !names.includes(name))) continue
    if (entries.has(name)) throw new ScimError('invalidSyntax', { detail: `The attribute ${name} comes twice.` })
    entries.set(name, entry)
  }
  return entries
}

/** Half a surrogate pair is no character: it would not come back as it was sent. */
const CONTROL = /[\p{Cc}\p{Cs}]/u
/** RFC 7643 4.1.2 and 8.2, OIDC Core 5.1.1: these parts of an address may have several lines. */
const MANY_LINES: ReadonlySet<string> = new Set(['addresses.formatted', 'addresses.streetAddress'])

function text(value: unknown, name: string, max = MAX_TEXT): string {
  const hasLines = MANY_LINES.has(name)
  const isFit = (sent: string) => sent.length <= max && !CONTROL.test(hasLines ? sent.replace(/[\r\n]/g, '') : sent)
  if (typeof value === 'string' && isFit(value)) return value
  const but = hasLines ? ' but line breaks' : ''
  throw invalid(`The attribute ${name} must be a text of at most ${max} characters without control characters${but}.`)
}

const truth = (value: unknown, name: string): boolean => {
  if (typeof value !== 'boolean') throw invalid(`The attribute ${name} must be true or false.`)
  return value
}

function textParts(value: unknown, name: string, names: readonly string[]): JsonObject | undefined {
  if (!isObject(value)) throw invalid(`The attribute ${name} must be an object.`)
  const parts = [...known(value, names)].map(([part, entry]) => [part, text(entry, `${name}.${part}`)] as const)
  return parts.length === 0 ? undefined : Object.fromEntries(parts)
}

function entries(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > MAX_VALUES)
    throw invalid(`The attribute ${name} must be a list of at most ${MAX_VALUES} entries.`)
  return value
}

interface EntryShape {
  readonly parts: readonly string[]
  /** A part that no entry may lack. */
  readonly needed?: string
}
const VALUE: EntryShape = { parts: VALUE_PARTS, needed: 'value' }
const ADDRESS: EntryShape = { parts: ADDRESS_PARTS }

function values(value: unknown, name: string, { parts: names, needed }: EntryShape): readonly JsonObject[] | undefined {
  const list = entries(value, name).map((entry) => {
    if (!isObject(entry)) throw invalid(`Each entry of ${name} must be an object.`)
    const parts = known(entry, names)
    if (needed !== undefined && !parts.has(needed)) throw invalid(`Each entry of ${name} needs a ${needed}.`)
    return Object.fromEntries(
      [...parts].map(([part, of]) => [
        part,
        part === 'primary' ? truth(of, `${name}.${part}`) : text(of, `${name}.${part}`),
      ]),
    )
  })
  if (list.filter((entry) => entry.primary === true).length > 1)
    throw invalid(`At most one entry of ${name} may be primary.`)
  return list.length === 0 ? undefined : list
}

/** RFC 7643 4.1.2 leaves the values to us: keys of `data.rbac.roles`, as entries or as bare texts. */
function roleNames(value: unknown): readonly string[] {
  const names = entries(value, 'roles').map((entry) => {
    const of = isObject(entry) ? known(entry, VALUE_PARTS).get('value') : entry
    const role = text(of, 'roles.value', 128)
    if (role === '') throw invalid('A role must not be empty.')
    return role
  })
  return [...new Set(names)].sort()
}

function profileValue(name: ProfileAttribute, value: unknown): unknown {
  switch (PROFILE_ATTRIBUTES[name]) {
    case 'string':
      return text(value, name) || undefined
    case 'name':
      return textParts(value, name, NAME_PARTS)
    case 'claims':
      return textParts(value, name, CLAIM_PARTS)
    case 'values':
      return values(value, name, VALUE)
    case 'addresses':
      return values(value, name, ADDRESS)
  }
}

function passwordOf(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw invalid('The attribute password must be a text.')
  return value
}

/** Throws ScimError invalidSyntax or invalidValue; its text names the attribute and never holds a value. */
export function parseUser(body: unknown): UserBody {
  if (!isObject(body)) throw new ScimError('invalidSyntax', { detail: 'The body must be a JSON object.' })
  const sent = known(body)
  const schemas = sent.get('schemas')
  if (!Array.isArray(schemas) || !schemas.includes(USER_SCHEMA))
    throw new ScimError('invalidSyntax', { detail: `schemas must name ${USER_SCHEMA}.` })
  const userName = text(sent.get('userName') ?? '', 'userName', MAX_USER_NAME).trim()
  if (userName === '') throw invalid('The attribute userName is needed.')
  const profile = [...sent].flatMap(([name, value]) => {
    const kept = isProfileAttribute(name) ? profileValue(name, value) : undefined
    return kept === undefined ? [] : [[name, kept] as const]
  })
  const [active, roles] = [sent.get('active'), sent.get('roles')]
  return {
    userName,
    active: active === undefined ? undefined : truth(active, 'active'),
    roles: roles === undefined ? undefined : roleNames(roles),
    password: passwordOf(sent.get('password')),
    profile: Object.fromEntries(profile),
  }
}
