/** A client as the admin API answers it: of its fields only those that the decision lets this actor see, never a secret's digest. */
import type { Reply } from '../../../http/message.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import { secretIds } from '../../client/secrets.ts'
import { FIELDS } from './parse-client.ts'

/** Strong: a version names one state, byte for byte, of what this actor sees. */
export const etagOf = (client: ClientRecord): string => `"${client.version}"`

export function renderClient(client: ClientRecord, visible: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  const fields = {
    ...Object.fromEntries(Object.entries(FIELDS).map(([field, attribute]) => [field, client[attribute]])),
    ...client.metadata,
    dynamic: client.registration !== undefined,
    secret_ids: secretIds(client.secretDigests),
    created_at: client.createdAt,
    updated_at: client.updatedAt,
  }
  return {
    client_id: client.clientId,
    ...Object.fromEntries(Object.entries(fields).filter(([field]) => visible.has(field))),
  }
}

export const clientReply = (
  status: 200 | 201,
  client: ClientRecord,
  visible: ReadonlySet<string>,
  secret?: string,
): Reply => ({
  status,
  headers: { etag: etagOf(client), location: `/admin/clients/${encodeURIComponent(client.clientId)}` },
  body: { ...renderClient(client, visible), ...(secret !== undefined && { client_secret: secret }) },
})
