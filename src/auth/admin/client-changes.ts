/** What a create or replace would change of a client, by field name: the facts that `admin` is decided on hold no values. */
import { isDeepStrictEqual } from 'node:util'
import { METADATA_MEMBERS } from '../client/metadata/members.ts'
import type { ClientSettings } from '../client/metadata/together.ts'
import { type ClientBody, FIELDS } from './parse-client.ts'

export interface ClientChanges {
  readonly changed: readonly string[]
  readonly changedRoles: readonly string[]
  readonly changedScopes: readonly string[]
}

export const nothingChanged: ClientChanges = { changed: [], changedRoles: [], changedScopes: [] }

const difference = (left: readonly string[], right: readonly string[]): string[] =>
  [...left.filter((entry) => !right.includes(entry)), ...right.filter((entry) => !left.includes(entry))].sort()

export function clientChanges({ settings, rotateSecret }: ClientBody, before: ClientSettings): ClientChanges {
  const fields = Object.entries(FIELDS)
    .filter(([, attribute]) => !isDeepStrictEqual(settings[attribute], before[attribute]))
    .map(([field]) => field)
  const metadata = METADATA_MEMBERS.filter((name) => !isDeepStrictEqual(settings.metadata[name], before.metadata[name]))
  return {
    changed: [...fields, ...metadata, ...(rotateSecret ? ['rotate_secret'] : [])],
    changedRoles: difference(settings.roles, before.roles),
    changedScopes: difference(settings.scopes, before.scopes),
  }
}
