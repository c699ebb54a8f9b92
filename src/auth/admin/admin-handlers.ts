/** The admin API bound to what it uses, for the route table. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { createClient } from './create-client.ts'
import type { AdminDeps } from './decide-admin.ts'
import { deleteClient } from './delete-client.ts'
import { listClients } from './list-clients.ts'
import { readClient } from './read-client.ts'
import { replaceClient } from './replace-client.ts'

type Handler = (request: HttpRequest) => Promise<Reply>

export interface AdminHandlers {
  /** POST /admin/clients */
  readonly createClient: Handler
  /** GET /admin/clients */
  readonly listClients: Handler
  /** GET /admin/clients/:id */
  readonly readClient: Handler
  /** PUT /admin/clients/:id */
  readonly replaceClient: Handler
  /** DELETE /admin/clients/:id */
  readonly deleteClient: Handler
}

export const adminHandlers = (deps: AdminDeps): AdminHandlers => ({
  createClient: (request) => createClient(deps, request),
  listClients: (request) => listClients(deps, request),
  readClient: (request) => readClient(deps, request),
  replaceClient: (request) => replaceClient(deps, request),
  deleteClient: (request) => deleteClient(deps, request),
})
