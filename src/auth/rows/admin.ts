/** Rows of SCIM and of the admin API. */
import type { Route } from '../route.ts'
import type { RouteDeps, Row } from './row.ts'
import { whenAsked } from './when-asked.ts'

export function adminRows(deps: RouteDeps): Row[] {
  const scim = whenAsked(async () => (await import('../scim/scim-handlers.ts')).scimHandlers(deps))
  const clients = whenAsked(async () => (await import('../admin/clients/client-handlers.ts')).clientHandlers(deps))
  const keys = whenAsked(async () => (await import('../admin/keys/key-handlers.ts')).keyHandlers(deps))
  const access = whenAsked(async () => (await import('../admin/access/access-handlers.ts')).accessHandlers(deps))
  return [
    ['POST', '/scim/v2/Users', 'RFC 7644 3.3', 'scim/create-user.ts', 'scim', 'scim', scim.createUser],
    ['GET', '/scim/v2/Users', 'RFC 7644 3.4.2', 'scim/list-users.ts', 'scim', 'scim', scim.listUsers],
    ['GET', '/scim/v2/Users/:id', 'RFC 7644 3.4.1', 'scim/read-user.ts', 'scim', 'scim', scim.readUser],
    ['PUT', '/scim/v2/Users/:id', 'RFC 7644 3.5.1', 'scim/replace-user.ts', 'scim', 'scim', scim.replaceUser],
    ['DELETE', '/scim/v2/Users/:id', 'RFC 7644 3.6', 'scim/delete-user.ts', 'scim', 'scim', scim.deleteUser],
    scimPublic('ServiceProviderConfig', scim.readServiceProviderConfig),
    scimPublic('ResourceTypes', scim.readResourceTypes),
    scimPublic('Schemas', scim.readSchemas),
    adminRow('POST', '/admin/clients', 'clients/create-client.ts', clients.createClient),
    adminRow('GET', '/admin/clients', 'clients/list-clients.ts', clients.listClients),
    adminRow('GET', '/admin/clients/:id', 'clients/read-client.ts', clients.readClient),
    adminRow('PUT', '/admin/clients/:id', 'clients/replace-client.ts', clients.replaceClient),
    adminRow('DELETE', '/admin/clients/:id', 'clients/delete-client.ts', clients.deleteClient),
    adminRow('GET', '/admin/keys', 'keys/list-keys.ts', keys.listKeys),
    adminRow('POST', '/admin/keys/rotate', 'keys/rotate-keys.ts', keys.rotateKeys),
    adminRow('POST', '/admin/keys/rewrap', 'keys/rewrap-keys.ts', keys.rewrapKeys),
    adminRow('POST', '/admin/keys/:id/revoke', 'keys/revoke-key.ts', keys.revokeKey),
    adminRow('POST', '/admin/clients/:id/revoke', 'access/revoke-client.ts', access.revokeClient),
    adminRow('GET', '/admin/sessions', 'access/list-sessions.ts', access.listSessions),
    adminRow('DELETE', '/admin/sessions/:id', 'access/end-session.ts', access.endSession),
    adminRow('GET', '/admin/grants', 'access/list-grants.ts', access.listGrants),
    adminRow('DELETE', '/admin/grants/:id', 'access/revoke-grant.ts', access.revokeGrant),
    adminRow('POST', '/admin/users/:id/revoke', 'access/revoke-user.ts', access.revokeUser),
    adminRow('GET', '/admin/users/:id/export', 'access/export-user.ts', access.exportUser),
    adminRow('POST', '/admin/users/:id/erase', 'access/erase-user.ts', access.eraseUser),
  ]
}

function adminRow(method: Route['method'], path: string, file: string, handler: Route['handler']): Row {
  return [method, path, 'admin API', `admin/${file}`, 'admin', 'problem', handler]
}

/** RFC 7644 4: what a SCIM client may read before it has a token. */
function scimPublic(name: string, handler: Route['handler']): Row {
  return ['GET', `/scim/v2/${name}`, 'RFC 7644 4', 'scim/service-provider.ts', 'public', 'scim', handler]
}
