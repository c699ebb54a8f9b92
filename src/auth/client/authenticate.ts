/**
 * Client authentication at every endpoint that takes it: client_secret_basic, client_secret_post, none. RFC 6749 2.3.
 * A client that does not exist, and one whose secret is wrong, cost the same and read the same.
 */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import { equalDigests } from '../../kernel/constant-time.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { ClientStore } from '../../storage/port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { AuthMethod } from './client-facts.ts'
import { type ClientCredentials, readClientCredentials } from './credentials.ts'

export interface AuthenticateClientDeps {
  readonly store: { readonly clients: Pick<ClientStore, 'find'> }
  readonly audit: Audit
}

export interface AuthenticatedClient {
  readonly record: ClientRecord
  readonly authMethod: AuthMethod
  readonly tenant: string
}

/** Two comparisons for everyone, so that time tells nothing of how many secrets there are, or of none. */
const NO_SECRET = digestOf('')

function proves(record: ClientRecord | undefined, given: ClientCredentials): boolean {
  const presented = digestOf(given.secret)
  const [first = NO_SECRET, second = NO_SECRET] = record?.secretDigests ?? []
  const matchesFirst = equalDigests(presented, first)
  const matchesSecond = equalDigests(presented, second)
  if (record === undefined) return false
  if (record.type === 'public') return given.method === 'none'
  return given.secret !== '' && (matchesFirst || matchesSecond)
}

/** The client that made this request. Throws invalid_client; inactive clients pass, since policy judges them. */
export async function authenticateClient(
  deps: AuthenticateClientDeps,
  request: HttpRequest,
): Promise<AuthenticatedClient> {
  const given = readClientCredentials(request)
  const record = await deps.store.clients.find(request.tenant, given.clientId)
  const proven = proves(record, given)
  if (record === undefined || !proven) {
    await deps.audit({
      event: 'client_authentication_failed',
      tenant: request.tenant,
      request_id: request.id,
      ...(record === undefined ? { detail: 'unknown_client' } : { client_id: record.clientId, detail: given.method }),
    })
    throw new OAuthError('invalid_client')
  }
  return { record, authMethod: given.method, tenant: request.tenant }
}
