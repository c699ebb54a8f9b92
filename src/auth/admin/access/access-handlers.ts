/** The endpoints of sessions and grants bound to what they use, for the route table. */
import type { HttpRequest } from '../../../http/message.ts'
import type { AccessDeps } from './access.ts'
import { endOneSession } from './end-session.ts'
import { eraseUser } from './erase-user.ts'
import { exportUser } from './export-user.ts'
import { listGrants } from './list-grants.ts'
import { listSessions } from './list-sessions.ts'
import { revokeClient } from './revoke-client.ts'
import { revokeGrant } from './revoke-grant.ts'
import { revokeUser } from './revoke-user.ts'

export const accessHandlers = (deps: AccessDeps) => ({
  listSessions: (request: HttpRequest) => listSessions(deps, request),
  endSession: (request: HttpRequest) => endOneSession(deps, request),
  listGrants: (request: HttpRequest) => listGrants(deps, request),
  revokeGrant: (request: HttpRequest) => revokeGrant(deps, request),
  revokeUser: (request: HttpRequest) => revokeUser(deps, request),
  exportUser: (request: HttpRequest) => exportUser(deps, request),
  eraseUser: (request: HttpRequest) => eraseUser(deps, request),
  revokeClient: (request: HttpRequest) => revokeClient(deps, request),
})
