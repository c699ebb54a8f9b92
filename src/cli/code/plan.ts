/** What would change: the configuration against what an instance has. No secret is in it, only what tells secrets apart. */
import { isDeepStrictEqual } from 'node:util'
import { clientIdFault } from '../../auth/admin/clients/client-id.ts'
import { FIELDS } from '../../auth/admin/clients/parse-client.ts'
import { METADATA_MEMBERS } from '../../auth/client/metadata/members.ts'
import type { ClientSettings } from '../../auth/client/metadata/together.ts'
import { secretIds } from '../../auth/client/secrets.ts'
import type { ShownClient } from './current.ts'
import type { Code, DesiredClient } from './desired.ts'

export interface FieldChange {
  readonly field: string
  readonly from?: unknown
  readonly to?: unknown
}

/** `make`: the first; `rotate`: a new one beside the newest; `retire`: the older one goes; `set`: others than there are. */
export interface SecretStep {
  readonly step: 'make' | 'rotate' | 'retire' | 'set'
  /** Where a new one is written. */
  readonly file?: string
  /** Ids of those that live on. */
  readonly kept: readonly string[]
  /** Ids of those that come, where they are known. */
  readonly added: readonly string[]
  /** Ids of those that end. */
  readonly ended: readonly string[]
}

export interface Change {
  readonly action: 'create' | 'change' | 'delete'
  readonly client_id: string
  readonly fields: readonly FieldChange[]
  readonly secret?: SecretStep
}

export interface ClientPlan {
  readonly changes: readonly Change[]
  readonly unchanged: number
  /** What stands in the way: nothing is applied. */
  readonly problems: readonly string[]
}

type Wire = Readonly<Record<string, unknown>>

/** Order says nothing in these. */
const SETS: ReadonlySet<string> = new Set([
  'redirect_uris',
  'grant_types',
  'scopes',
  'audience',
  'resources',
  'roles',
  'post_logout_redirect_uris',
  'contacts',
])

/** As the admin API takes it; null takes away what is not wanted. */
export function wireOf(settings: ClientSettings): Wire {
  const fields = Object.entries(FIELDS).map(([field, attribute]) => [field, settings[attribute]])
  const metadata = METADATA_MEMBERS.map((name) => [name, settings.metadata[name] ?? null])
  return Object.fromEntries([...fields, ...metadata])
}

const sorted = (field: string, value: unknown): unknown =>
  SETS.has(field) && Array.isArray(value) ? [...value].sort() : (value ?? undefined)

function fieldChanges(wanted: Wire, shown: Wire): readonly FieldChange[] {
  return Object.keys(wanted)
    .map((field) => ({ field, from: sorted(field, shown[field]), to: sorted(field, wanted[field]) }))
    .filter(({ from, to }) => !isDeepStrictEqual(from, to) && !(isEmpty(from) && isEmpty(to)))
}

const isEmpty = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.length === 0)

const idsOf = (shown: ShownClient | undefined): readonly string[] =>
  Array.isArray(shown?.secret_ids) ? shown.secret_ids.map(String) : []

const digestsOf = ({ secrets }: DesiredClient): readonly string[] =>
  secrets.flatMap((source) => ('digest' in source ? [source.digest] : []))

/** Of what the instance must keep itself, a digest does not live on: only what it made for client_secret_jwt. */
const lastingIds = ({ madeThere }: DesiredClient, shown: ShownClient | undefined): readonly string[] =>
  !madeThere || shown?.token_endpoint_auth_method === 'client_secret_jwt' ? idsOf(shown) : []

function secretStep(client: DesiredClient, shown: ShownClient | undefined): SecretStep | undefined {
  const { secrets, madeThere } = client
  const [live, lasting] = [idsOf(shown), lastingIds(client, shown)]
  const known = secretIds(digestsOf(client))
  const [newest] = secrets
  const file = newest !== undefined && 'file' in newest ? newest.file : undefined
  const about = {
    ...(file !== undefined && { file }),
    kept: lasting.filter((id) => known.includes(id)),
    added: known.filter((id) => !live.includes(id)),
    ended: live.filter((id) => !known.includes(id)),
  }
  if (file !== undefined) return { step: live.length === 0 ? 'make' : 'rotate', ...about }
  // The instance orders what it made.
  if (madeThere ? about.ended.length === 0 : isDeepStrictEqual(live, known)) return undefined
  if (live.length === 0) return { step: 'make', ...about }
  if (about.added.length === 0 && about.ended.length > 0) return { step: 'retire', ...about }
  return { step: about.kept.length > 0 && about.added.length === 1 ? 'rotate' : 'set', ...about }
}

/** A secret of client_secret_jwt is the instance's to make: one that it does not have cannot be sent there. */
function lostSecret(client: DesiredClient, shown: ShownClient | undefined): string | undefined {
  if (!client.madeThere) return undefined
  const lasting = lastingIds(client, shown)
  const lost = secretIds(digestsOf(client)).filter((id) => !lasting.includes(id))
  return lost.length === 0
    ? undefined
    : `client ${client.clientId}: the instance has no secret ${lost.join(', ')}, and makes those of client_secret_jwt itself: name a new file to generate in its place`
}

/** As the instance refuses to make one; those that it has may have any form. */
function unfitId({ clientId }: DesiredClient): string | undefined {
  const fault = clientIdFault(clientId)
  return fault === undefined ? undefined : `client ${clientId}: ${fault}`
}

export interface PlanOptions {
  /** Takes over clients that no configuration keeps. */
  readonly adopt: boolean
  /** Lets a configuration that names no client delete all that it kept. */
  readonly empty: boolean
}

const isAdoptable = ({ managed_by: keeper, dynamic }: ShownClient): boolean => keeper === undefined && dynamic !== true

/** One that registered itself is nobody's, whatever mark it has. */
const isKept = ({ managed_by: keeper, dynamic }: ShownClient, { managedBy }: Code): boolean =>
  keeper === managedBy && dynamic !== true

export function planClients(code: Code, shown: readonly ShownClient[], { adopt, empty }: PlanOptions): ClientPlan {
  const there = new Map(shown.map((client) => [client.client_id, client]))
  const wanted = new Set(code.clients.map(({ clientId }) => clientId))
  const gone = shown.filter((client) => isKept(client, code) && !wanted.has(client.client_id))
  const problems: string[] = []
  if (code.clients.length === 0 && gone.length > 0 && !empty)
    problems.push(`the configuration names no client: all ${gone.length} that it kept would go; give --empty if so`)
  const changes = code.clients.flatMap((client): readonly Change[] => {
    const known = there.get(client.clientId)
    if (known !== undefined && !isKept(known, code) && !(adopt && isAdoptable(known))) {
      problems.push(notOurs(known))
      return []
    }
    const problem = (known === undefined ? unfitId(client) : undefined) ?? lostSecret(client, known)
    if (problem !== undefined) {
      problems.push(problem)
      return []
    }
    const fields = fieldChanges(wireOf(client.settings), known ?? {})
    const secret = secretStep(client, known)
    if (known !== undefined && fields.length === 0 && secret === undefined) return []
    const action = known === undefined ? 'create' : 'change'
    return [{ action, client_id: client.clientId, fields, ...(secret && { secret }) }]
  })
  const deletions = gone.map(({ client_id: id }): Change => ({ action: 'delete', client_id: id, fields: [] }))
  const unchanged = code.clients.length - changes.length - problems.filter((text) => text.startsWith('client ')).length
  return { changes: [...changes, ...deletions], unchanged, problems }
}

function notOurs({ client_id: id, managed_by: keeper, dynamic }: ShownClient): string {
  if (dynamic === true) return `client ${id} registered itself: only it and administrators change it`
  return typeof keeper === 'string'
    ? `client ${id} is kept by ${keeper}: each client has one keeper`
    : `client ${id} is there and kept by no configuration; give --adopt to take it over`
}
