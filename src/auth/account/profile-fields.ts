/** The fields of the profile page: where each stands in the stored SCIM profile (RFC 7643 4.1), and what it may hold. */

import type { ProfileFault, ProfileField } from '../../../web/account/profile.ts'
import { LANGUAGES } from '../../../web/language.ts'
import type { Params } from '../../http/message.ts'
import type { UserRecord } from '../../storage/records.ts'

type Profile = UserRecord['profile']
type Entry = Readonly<Record<string, unknown>>

export const MOST_CHARACTERS = 256
const MOST_URL_CHARACTERS = 1024

/** SCIM attribute of each field: what policy names. */
const ATTRIBUTES = {
  displayName: 'displayName',
  givenName: 'name',
  familyName: 'name',
  nickName: 'nickName',
  picture: 'photos',
  locale: 'locale',
} as const satisfies Record<ProfileField, string>

const FIELDS = Object.keys(ATTRIBUTES) as ProfileField[]

export const fieldsOf = (attributes: readonly string[]): ReadonlySet<ProfileField> =>
  new Set(FIELDS.filter((field) => attributes.includes(ATTRIBUTES[field])))

const asEntry = (value: unknown): Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

const asText = (value: unknown): string => (typeof value === 'string' ? value : '')

const photosOf = ({ photos }: Profile): readonly Entry[] => (Array.isArray(photos) ? photos.map(asEntry) : [])

/** The primary entry, else the first: RFC 7643 2.4. */
const primaryPhoto = (photos: readonly Entry[]): Entry | undefined =>
  photos.find(({ primary }) => primary === true) ?? photos[0]

const READ: Readonly<Record<ProfileField, (profile: Profile) => string>> = {
  displayName: ({ displayName }) => asText(displayName),
  givenName: ({ name }) => asText(asEntry(name).givenName),
  familyName: ({ name }) => asText(asEntry(name).familyName),
  nickName: ({ nickName }) => asText(nickName),
  picture: (profile) => asText(primaryPhoto(photosOf(profile))?.value),
  locale: ({ locale }) => asText(locale),
}

export type Values = Readonly<Partial<Record<ProfileField, string>>>

export const storedValues = ({ profile }: UserRecord, fields: ReadonlySet<ProfileField>): Values =>
  Object.fromEntries([...fields].map((field) => [field, READ[field](profile)]))

/** Of the form: fields that were not on it are not there. */
export const sentValues = (form: Params): Values => {
  const { names } = form
  return Object.fromEntries(
    FIELDS.filter((field) => names.has(field)).map((field) => [field, (form.get(field) ?? '').trim()]),
  )
}

/** Half a surrogate pair is no character. */
const CONTROL = /[\p{Cc}\p{Cs}]/u

function isHttps(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === 'https:' && new URL(text).username === ''
}

function faultOf(field: ProfileField, value: string, stored: string): ProfileFault | undefined {
  if (value === '' || value === stored) return undefined
  if (value.length > (field === 'picture' ? MOST_URL_CHARACTERS : MOST_CHARACTERS)) return 'too_long'
  if (CONTROL.test(value)) return 'control'
  if (field === 'picture' && !isHttps(value)) return 'no_url'
  if (field === 'locale' && !LANGUAGES.some((language) => language === value)) return 'no_language'
  return undefined
}

export function faultsOf(
  { profile }: UserRecord,
  values: Values,
): Readonly<Partial<Record<ProfileField, ProfileFault>>> {
  const faults = FIELDS.flatMap((field) => {
    const value = values[field]
    const fault = value === undefined ? undefined : faultOf(field, value, READ[field](profile))
    return fault === undefined ? [] : [[field, fault] as const]
  })
  return Object.fromEntries(faults)
}

/** With one attribute set, or gone where there is nothing to set. */
function withAttribute(profile: Profile, attribute: string, value: unknown): Profile {
  const { [attribute]: _before, ...rest } = profile
  return value === undefined ? rest : { ...rest, [attribute]: value }
}

/** What was put together of the parts before says what they were. */
function withNamePart(profile: Profile, part: 'givenName' | 'familyName', value: string): Profile {
  const { formatted: _stale, [part]: _before, ...rest } = asEntry(profile.name)
  const name = value === '' ? rest : { ...rest, [part]: value }
  return withAttribute(profile, 'name', Object.keys(name).length === 0 ? undefined : name)
}

function withPhoto(profile: Profile, value: string): Profile {
  const photos = photosOf(profile)
  const before = primaryPhoto(photos)
  const others = photos.filter((photo) => photo !== before)
  const next = value === '' ? others : [{ ...before, value, primary: true }, ...others]
  return withAttribute(profile, 'photos', next.length === 0 ? undefined : next)
}

function withField(profile: Profile, field: ProfileField, value: string): Profile {
  switch (field) {
    case 'givenName':
    case 'familyName':
      return withNamePart(profile, field, value)
    case 'picture':
      return withPhoto(profile, value)
    case 'displayName':
    case 'nickName':
    case 'locale':
      return withAttribute(profile, field, value === '' ? undefined : value)
  }
}

export interface ProfileChange {
  readonly profile: Profile
  /** SCIM names of the attributes that are others than before. */
  readonly changed: readonly string[]
}

export function changeOf({ profile }: UserRecord, values: Values): ProfileChange {
  const changedFields = FIELDS.filter((field) => {
    const value = values[field]
    return value !== undefined && value !== READ[field](profile)
  })
  return {
    profile: changedFields.reduce((next, field) => withField(next, field, values[field] ?? ''), profile),
    changed: [...new Set(changedFields.map((field) => ATTRIBUTES[field]))].sort(),
  }
}
