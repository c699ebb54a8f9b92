/**
 * Reads a logout request into one typed value. RP-Initiated Logout 1.0 2 and 3. Whatever is wrong with it is a page: nobody
 * is sent to an address that is not the client's own, byte for byte (checklist 3 and 31).
 */
import type { Params } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import type { ClientStore } from '../../../storage/port.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import { type IdTokenHint, isOfGoneKey, readIdTokenHint } from '../../token/id-token-hint.ts'
import type { KeyRing } from '../../token/key-ring.ts'

export interface LogoutRequestDeps {
  readonly issuer: string
  readonly keys: Pick<KeyRing, 'find'>
  readonly store: { readonly clients: Pick<ClientStore, 'find'> }
}

export interface LogoutRequest {
  /** Absent where nobody says who asks. */
  readonly client?: ClientRecord
  readonly hint?: IdTokenHint
  readonly logoutHint?: string
  /** Where the person goes afterwards, with `state`. */
  readonly returnTo?: { readonly uri: string; readonly state?: string }
}

/** Sent back in an address: more is no honest use. */
const MAX_STATE = 2048

const refused = (detail: string) => new OAuthError('invalid_request', { detail })

async function readHint(deps: LogoutRequestDeps, params: Params): Promise<IdTokenHint | 'unverifiable' | undefined> {
  const text = params.get('id_token_hint')
  if (text === undefined) return undefined
  const hint = await readIdTokenHint(deps, text)
  if (hint === undefined && (await isOfGoneKey(deps, text))) return 'unverifiable'
  if (hint === undefined) throw refused('The id_token_hint is no ID token of this provider.')
  const clientId = params.get('client_id')
  if (clientId !== undefined && clientId !== hint.clientId)
    throw refused('The id_token_hint was given to another client than client_id says.')
  return hint
}

function readReturn(params: Params, client: ClientRecord | undefined): LogoutRequest['returnTo'] {
  const uri = params.get('post_logout_redirect_uri')
  if (uri === undefined) return undefined
  if (client === undefined)
    throw refused('A post_logout_redirect_uri comes with an id_token_hint, or with the client_id it belongs to.')
  if (!client.metadata?.post_logout_redirect_uris?.includes(uri))
    throw refused('The post_logout_redirect_uri is not registered for this client.')
  const state = params.get('state')
  return { uri, ...(state !== undefined && { state }) }
}

export async function readLogoutRequest(
  deps: LogoutRequestDeps,
  tenant: string,
  params: Params,
): Promise<LogoutRequest> {
  if (params.repeated.size > 0) throw refused('A parameter was sent more than once.')
  if ((params.get('state')?.length ?? 0) > MAX_STATE) throw refused('The parameter state is too long.')
  const read = await readHint(deps, params)
  const hint = read === 'unverifiable' ? undefined : read
  const clientId = hint?.clientId ?? params.get('client_id')
  const client = clientId === undefined ? undefined : await deps.store.clients.find(tenant, clientId)
  if (clientId !== undefined && client === undefined) throw refused('This client is not registered.')
  const logoutHint = params.get('logout_hint')
  // The person who confirms is signed out all the same, on a page of ours: they are led nowhere by what cannot be verified.
  const returnTo = read === 'unverifiable' ? undefined : readReturn(params, client)
  return {
    ...(client && { client }),
    ...(hint && { hint }),
    ...(logoutHint !== undefined && { logoutHint }),
    ...(returnTo && { returnTo }),
  }
}
