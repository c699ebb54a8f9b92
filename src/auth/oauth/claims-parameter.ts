/**
 * Reads the `claims` parameter: which claims of the person are asked for one by one, and what it demands of the sign-in.
 * OIDC Core 5.5. Claims that this provider does not know are ignored, and reach nobody.
 */
import { OAuthError } from '../../kernel/errors.ts'
import type { ClaimAsked, ClaimsAsked } from '../../storage/interaction-records.ts'
import { CLAIM_NAMES } from '../user/claims.ts'

export interface ClaimsParameter {
  readonly claims?: ClaimsAsked
  /** Levels of which one must be reached, OIDC Core 5.5.1.1. */
  readonly essentialAcr?: readonly string[]
  /** Levels that are asked for without need. */
  readonly voluntaryAcr?: readonly string[]
  /** The one person that will do: `sub` with a value, OIDC Core 5.5.1. */
  readonly onlySub?: string
}

const MAX_LENGTH = 8 * 1024
const MAX_VALUES = 20

const malformed = () =>
  new OAuthError('invalid_request', { detail: 'The parameter claims is no claims request (OpenID Connect Core 5.5).' })

type JsonObject = Readonly<Record<string, unknown>>

function asObject(value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed()
  return value as JsonObject
}

function parse(text: string): JsonObject {
  if (text.length > MAX_LENGTH) throw malformed()
  try {
    return asObject(JSON.parse(text))
  } catch (cause) {
    // JSON.parse quotes the text in its message.
    throw cause instanceof OAuthError ? cause : malformed()
  }
}

type Value = string | number | boolean

const isValue = (value: unknown): value is Value =>
  (typeof value === 'string' && value.length <= 256) || typeof value === 'number' || typeof value === 'boolean'

/** OIDC Core 5.5.1: null asks without saying more; members that it does not know are ignored. */
function readOne(value: unknown): ClaimAsked {
  if (value === null) return {}
  const { essential, value: one, values } = asObject(value)
  if (essential !== undefined && typeof essential !== 'boolean') throw malformed()
  const all: readonly unknown[] = Array.isArray(values) ? values : values === undefined ? [] : [values]
  const named = one === undefined ? all : [one, ...all]
  if (named.length > MAX_VALUES || !named.every(isValue)) throw malformed()
  return { ...(essential === true && { essential }), ...(named.length > 0 && { values: named }) }
}

function readMember(claims: JsonObject, member: 'userinfo' | 'id_token'): ReadonlyMap<string, ClaimAsked> {
  if (claims[member] === undefined || claims[member] === null) return new Map()
  return new Map(Object.entries(asObject(claims[member])).map(([name, value]) => [name, readOne(value)]))
}

function known(asked: ReadonlyMap<string, ClaimAsked>): Readonly<Record<string, ClaimAsked>> | undefined {
  const entries = [...asked].filter(([name]) => CLAIM_NAMES.includes(name))
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

const isText = (value: unknown): value is string => typeof value === 'string'

/** OIDC Core 5.5.1.1: where one must be reached, what cannot be one is refused; to pass over it would ask for none. */
function readLevels(member: unknown, acr: ClaimAsked | undefined): readonly string[] {
  const named = acr?.values ?? []
  const levels = named.filter(isText)
  const { values } = asObject(Object(member).acr ?? {})
  const isEmpty = Array.isArray(values) && values.length === 0
  if (acr?.essential === true && (isEmpty || levels.length < named.length)) throw malformed()
  return levels
}

/** One value at most can be met by one person. */
function readOnlySub(...members: readonly ReadonlyMap<string, ClaimAsked>[]): string | undefined {
  const named = new Set(members.flatMap((member) => member.get('sub')?.values ?? []))
  const [only] = named
  if (named.size > 1 || (only !== undefined && typeof only !== 'string')) throw malformed()
  return only
}

export function readClaimsParameter(text: string | undefined): ClaimsParameter {
  if (text === undefined) return {}
  const all = parse(text)
  const [userinfo, idToken] = [readMember(all, 'userinfo'), readMember(all, 'id_token')]
  const [ofUserinfo, ofIdToken] = [known(userinfo), known(idToken)]
  const acr = idToken.get('acr')
  const levels = readLevels(all.id_token, acr)
  const onlySub = readOnlySub(userinfo, idToken)
  return {
    ...((ofUserinfo ?? ofIdToken) && {
      claims: { ...(ofUserinfo && { userinfo: ofUserinfo }), ...(ofIdToken && { idToken: ofIdToken }) },
    }),
    ...(levels.length > 0 && (acr?.essential === true ? { essentialAcr: levels } : { voluntaryAcr: levels })),
    ...(onlySub !== undefined && { onlySub }),
  }
}
