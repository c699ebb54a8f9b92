/** Rows of SCIM and of the admin API. */
import { accessHandlers } from '../admin/access-handlers.ts'
import { adminHandlers } from '../admin/admin-handlers.ts'
import { keyHandlers } from '../admin/key-handlers.ts'
import type { Route } from '../route.ts'
import { scimHandlers } from '../scim/scim-handlers.ts'
import type { RouteDeps, Row } from './row.ts'

export function adminRows(deps: RouteDeps): Row[] {
  const scim = scimHandlers(deps)
  const admin = adminHandlers(deps)
  const keys = keyHandlers(deps)
  const access = accessHandlers(deps)
  return [
    ['POST', '/scim/v2/Users', 'RFC 7644 3.3', 'scim/create-user.ts', 'scim', 'scim', scim.createUser],
    ['GET', '/scim/v2/Users', 'RFC 7644 3.4.2', 'scim/list-users.ts', 'scim', 'scim', scim.listUsers],
    ['GET', '/scim/v2/Users/:id', 'RFC 7644 3.4.1', 'scim/read-user.ts', 'scim', 'scim', scim.readUser],
    ['PUT', '/scim/v2/Users/:id', 'RFC 7644 3.5.1', 'scim/replace-user.ts', 'scim', 'scim', scim.replaceUser],
    ['DELETE', '/scim/v2/Users/:id', 'RFC 7644 3.6', 'scim/delete-user.ts', 'scim', 'scim', scim.deleteUser],
    scimPublic('ServiceProviderConfig', scim.readServiceProviderConfig),
    scimPublic('ResourceTypes', scim.readResourceTypes),
    scimPublic('Schemas', scim.readSchemas),
    ['POST', '/admin/clients', 'admin API', 'admin/create-client.ts', 'admin', 'problem', admin.createClient],
    ['GET', '/admin/clients', 'admin API', 'admin/list-clients.ts', 'admin', 'problem', admin.listClients],
    ['GET', '/admin/clients/:id', 'admin API', 'admin/read-client.ts', 'admin', 'problem', admin.readClient],
    ['PUT', '/admin/clients/:id', 'admin API', 'admin/replace-client.ts', 'admin', 'problem', admin.replaceClient],
    ['DELETE', '/admin/clients/:id', 'admin API', 'admin/delete-client.ts', 'admin', 'problem', admin.deleteClient],
    adminRow('GET', '/admin/keys', 'list-keys.ts', keys.listKeys),
    adminRow('POST', '/admin/keys/rotate', 'rotate-keys.ts', keys.rotateKeys),
    adminRow('POST', '/admin/keys/rewrap', 'rewrap-keys.ts', keys.rewrapKeys),
    adminRow('POST', '/admin/keys/:id/revoke', 'revoke-key.ts', keys.revokeKey),
    adminRow('POST', '/admin/clients/:id/revoke', 'revoke-client.ts', access.revokeClient),
    adminRow('GET', '/admin/sessions', 'list-sessions.ts', access.listSessions),
    adminRow('DELETE', '/admin/sessions/:id', 'end-session.ts', access.endSession),
    adminRow('GET', '/admin/grants', 'list-grants.ts', access.listGrants),
    adminRow('DELETE', '/admin/grants/:id', 'revoke-grant.ts', access.revokeGrant),
    adminRow('POST', '/admin/users/:id/revoke', 'revoke-user.ts', access.revokeUser),
    adminRow('GET', '/admin/users/:id/export', 'export-user.ts', access.exportUser),
    adminRow('POST', '/admin/users/:id/erase', 'erase-user.ts', access.eraseUser),
  ]
}

function adminRow(method: Route['method'], path: string, file: string, handler: Route['handler']): Row {
  return [method, path, 'admin API', `admin/${file}`, 'admin', 'problem', handler]
}

/** RFC 7644 4: what a SCIM client may read before it has a token. */
function scimPublic(name: string, handler: Route['handler']): Row {
  return ['GET', `/scim/v2/${name}`, 'RFC 7644 4', 'scim/service-provider.ts', 'public', 'scim', handler]
}
