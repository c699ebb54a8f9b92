/** What a create or replace would change of a client, by field name: the facts that `admin` is decided on hold no values. */
import { isDeepStrictEqual } from 'node:util'
import { METADATA_MEMBERS } from '../../client/metadata/members.ts'
import type { ClientSettings } from '../../client/metadata/together.ts'
import { secretIds } from '../../client/secrets.ts'
import type { ClientChanges } from '../decide-admin.ts'
import { type ClientBody, FIELDS } from './parse-client.ts'

const difference = (left: readonly string[], right: readonly string[]): string[] =>
  [...left.filter((entry) => !right.includes(entry)), ...right.filter((entry) => !left.includes(entry))].sort()

function secretChanges({ secret: { rotate, keepIds, digests } }: ClientBody, secrets: readonly string[]) {
  return [
    ...(keepIds !== undefined && secretIds(secrets).some((id) => !keepIds.includes(id)) ? ['keep_secret_ids'] : []),
    ...(rotate ? ['rotate_secret'] : []),
    ...(digests === undefined || isDeepStrictEqual(digests, secrets) ? [] : ['secret_sha256']),
  ]
}

/** `secrets`: digests of those that live now. */
export function clientChanges(body: ClientBody, before: ClientSettings, secrets: readonly string[]): ClientChanges {
  const { settings } = body
  const fields = Object.entries(FIELDS)
    .filter(([, attribute]) => !isDeepStrictEqual(settings[attribute], before[attribute]))
    .map(([field]) => field)
  const metadata = METADATA_MEMBERS.filter((name) => !isDeepStrictEqual(settings.metadata[name], before.metadata[name]))
  return {
    changed: [...fields, ...metadata, ...secretChanges(body, secrets)],
    changedRoles: difference(settings.roles, before.roles),
    changedScopes: difference(settings.scopes, before.scopes),
  }
}
