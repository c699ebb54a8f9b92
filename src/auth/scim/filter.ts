/** The filter of a list: equality on a few attributes, joined by `and`. RFC 7644 3.4.2.2; what else the grammar has is refused. */
import { ScimError } from '../../kernel/errors.ts'
import type { UserRecord } from '../../storage/records.ts'
import { USER_SCHEMA } from './attributes.ts'

const MAX_FILTER = 1024
const MAX_TERMS = 10

interface Filterable {
  /** The attribute that must be visible to whoever filters by it. */
  readonly attribute: string
  /** RFC 7643 `caseExact`. */
  readonly caseExact: boolean
  readonly type: 'string' | 'boolean'
  readonly values: (user: UserRecord) => readonly unknown[]
}

const emailValues = (user: UserRecord): readonly unknown[] => {
  const emails: unknown = user.profile.emails
  return Array.isArray(emails)
    ? emails.map((entry: unknown) => (typeof entry === 'object' && entry && 'value' in entry ? entry.value : undefined))
    : []
}

const EMAILS: Filterable = { attribute: 'emails', caseExact: false, type: 'string', values: emailValues }

/** By lower-case path: attribute names are case-insensitive. `emails` alone means its values (RFC 7644 3.4.2.2). */
const FILTERABLE: ReadonlyMap<string, Filterable> = new Map([
  ['id', { attribute: 'id', caseExact: true, type: 'string', values: (user) => [user.sub] }],
  ['username', { attribute: 'userName', caseExact: false, type: 'string', values: (user) => [user.userName] }],
  [
    'externalid',
    { attribute: 'externalId', caseExact: true, type: 'string', values: (user) => [user.profile.externalId] },
  ],
  ['active', { attribute: 'active', caseExact: true, type: 'boolean', values: (user) => [user.active] }],
  ['emails', EMAILS],
  ['emails.value', EMAILS],
])

export interface Term {
  readonly attribute: string
  readonly value: string | boolean
  readonly matches: (user: UserRecord) => boolean
}

const invalid = (detail: string): ScimError => new ScimError('invalidFilter', { detail })

const folded = (value: unknown, caseExact: boolean): unknown =>
  typeof value === 'string' && !caseExact ? value.toLowerCase() : value

function termOf(path: string, literal: string): Term {
  const prefix = `${USER_SCHEMA}:`.toLowerCase()
  const lower = path.toLowerCase()
  const found = FILTERABLE.get(lower.startsWith(prefix) ? lower.slice(prefix.length) : lower)
  if (!found) throw invalid('Filters take userName, externalId, emails.value, active and id.')
  let value: unknown
  try {
    value = JSON.parse(literal)
  } catch (cause) {
    throw new ScimError('invalidFilter', { cause })
  }
  if ((typeof value !== 'string' && typeof value !== 'boolean') || typeof value !== found.type)
    throw invalid(`The value for ${found.attribute} has the wrong type.`)
  const wanted = folded(value, found.caseExact)
  const matches = (user: UserRecord): boolean => found.values(user).some((of) => folded(of, found.caseExact) === wanted)
  return { attribute: found.attribute, value, matches }
}

/** One term and what follows it; sticky, so that each character is looked at once. */
const TERM = /([a-z][a-z0-9:._-]*) +eq +("(?:[^"\\]|\\.)*"|true|false) *(?:$|and +(?=.))/iy

/** The terms, all of which must hold; none for an absent filter. Throws ScimError invalidFilter. */
export function parseFilter(filter: string | undefined): readonly Term[] {
  if (filter === undefined) return []
  if (filter.length > MAX_FILTER) throw invalid(`A filter has at most ${MAX_FILTER} characters.`)
  const text = filter.trim()
  const terms: Term[] = []
  TERM.lastIndex = 0
  for (let end = 0; end < text.length; ) {
    const match = TERM.exec(text)
    if (!match || terms.length === MAX_TERMS) throw invalid('Only `eq` terms joined by `and` are supported.')
    terms.push(termOf(match[1] ?? '', match[2] ?? ''))
    end = TERM.lastIndex
  }
  if (terms.length === 0) throw invalid('The filter is empty.')
  return terms
}
