/**
 * Finds the client and proves that the redirect URI is its own. Until then every error is a page, never a redirect. RFC 6749
 * 3.1.2.3 and 4.1.2.1, RFC 9700 2.1 and 4.11; checklist 1 and 2.
 */
import type { Params } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { ClientStore } from '../../storage/port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { ownsRedirectUri } from '../client/redirect-uri.ts'
import { readScopes, required } from './parameters.ts'

export interface CheckRedirectUriDeps {
  readonly store: { readonly clients: Pick<ClientStore, 'find'> }
}

/** The only one that is registered need not be sent (RFC 6749 3.1.2.3), but where OpenID Connect is asked for (Core 3.1.2.1). */
function onlyRedirectUri({ redirectUris }: ClientRecord, params: Params): string | undefined {
  return redirectUris.length === 1 && !readScopes(params).includes('openid') ? redirectUris[0] : undefined
}

/** Throws invalid_request where the client has no such redirect URI. */
export function checkOwnRedirectUri(client: ClientRecord, redirectUri: string): string {
  if (!ownsRedirectUri(client, redirectUri))
    throw new OAuthError('invalid_request', { detail: 'The redirect_uri is not registered for this client.' })
  return redirectUri
}

export async function checkRedirectUri(
  deps: CheckRedirectUriDeps,
  tenant: string,
  params: Params,
): Promise<{ readonly client: ClientRecord; readonly redirectUri: string }> {
  if (params.repeated.has('client_id') || params.repeated.has('redirect_uri')) throw new OAuthError('invalid_request')
  const client = await deps.store.clients.find(tenant, required(params, 'client_id'))
  if (client === undefined) throw new OAuthError('invalid_request', { detail: 'This client is not registered.' })
  const redirectUri = params.get('redirect_uri') ?? onlyRedirectUri(client, params) ?? required(params, 'redirect_uri')
  return { client, redirectUri: checkOwnRedirectUri(client, redirectUri) }
}
