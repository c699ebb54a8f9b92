/**
 * Who manages a registration: the client itself, by the registration access token that it got last. RFC 7592 2. A token of
 * another client, an old one, and an id that nobody has read alike and cost the same.
 */
import type { HttpRequest } from '../../../http/message.ts'
import { equalDigests } from '../../../kernel/constant-time.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { digestOf } from '../../../kernel/ids.ts'
import type { ClientRecord, ClientRegistration } from '../../../storage/records.ts'
import { readSentToken } from '../../token/bearer.ts'
import type { RegisterDeps } from './decide-register.ts'

export interface Registered {
  readonly client: ClientRecord & { readonly registration: ClientRegistration }
  /** As it was shown. */
  readonly token: string
}

const NO_TOKEN = digestOf('')

const isRegistered = (client: ClientRecord | undefined): client is Registered['client'] =>
  client?.registration !== undefined

export async function findRegistered(deps: RegisterDeps, request: HttpRequest): Promise<Registered> {
  const sent = readSentToken(request)
  const client = await deps.store.clients.find(request.tenant, request.route.id ?? '')
  const isOwn = equalDigests(digestOf(sent?.text ?? ''), client?.registration?.tokenDigest ?? NO_TOKEN)
  if (sent !== undefined && !sent.isDpop && isOwn && isRegistered(client)) return { client, token: sent.text }
  await deps.audit({
    event: 'registration_refused',
    tenant: request.tenant,
    request_id: request.id,
    detail: sent === undefined ? 'absent' : 'not_its_own',
    ...(isRegistered(client) && { client_id: client.clientId }),
  })
  throw new OAuthError('invalid_token', sent === undefined ? { detail: 'Send the registration access token.' } : {})
}
