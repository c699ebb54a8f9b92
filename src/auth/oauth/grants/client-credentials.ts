/** Grant type client_credentials: the client for itself; nothing is presented, nothing spent. RFC 6749 4.4. */
import { readResources, readScopes } from '../parameters.ts'
import type { Present } from './grant.ts'

export const presentClient: Present = async (deps, request, client) => ({
  requested: { scopes: readScopes(request.form), resources: readResources(request.form) },
  async deny() {},
  async spend({ successors }) {
    await deps.store.accessTokens.put(client.tenant, successors.accessToken)
    return undefined
  },
})
