/** Clients of the admin API bound to what they use, for the route table. */
import type { HttpRequest } from '../../../http/message.ts'
import type { AdminDeps } from '../decide-admin.ts'
import { createClient } from './create-client.ts'
import { deleteClient } from './delete-client.ts'
import { listClients } from './list-clients.ts'
import { readClient } from './read-client.ts'
import { replaceClient } from './replace-client.ts'

export const clientHandlers = (deps: AdminDeps) => ({
  createClient: (request: HttpRequest) => createClient(deps, request),
  listClients: (request: HttpRequest) => listClients(deps, request),
  readClient: (request: HttpRequest) => readClient(deps, request),
  replaceClient: (request: HttpRequest) => replaceClient(deps, request),
  deleteClient: (request: HttpRequest) => deleteClient(deps, request),
})

export type AdminHandlers = ReturnType<typeof clientHandlers>
