/** The SCIM endpoints bound to what they use, for the route table. RFC 7644 3.2. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { createUser, type WriteUserDeps } from './create-user.ts'
import { deleteUser } from './delete-user.ts'
import { listUsers } from './list-users.ts'
import { readUser } from './read-user.ts'
import { replaceUser } from './replace-user.ts'
import { readResourceTypes, readSchemas, readServiceProviderConfig } from './service-provider.ts'

type Handler = (request: HttpRequest) => Promise<Reply>

export interface ScimHandlers {
  /** POST /scim/v2/Users */
  readonly createUser: Handler
  /** GET /scim/v2/Users */
  readonly listUsers: Handler
  /** GET /scim/v2/Users/:id */
  readonly readUser: Handler
  /** PUT /scim/v2/Users/:id */
  readonly replaceUser: Handler
  /** DELETE /scim/v2/Users/:id */
  readonly deleteUser: Handler
  /** GET /scim/v2/ServiceProviderConfig, public */
  readonly readServiceProviderConfig: Handler
  /** GET /scim/v2/ResourceTypes, public */
  readonly readResourceTypes: Handler
  /** GET /scim/v2/Schemas, public */
  readonly readSchemas: Handler
}

export const scimHandlers = (deps: WriteUserDeps): ScimHandlers => ({
  createUser: (request) => createUser(deps, request),
  listUsers: (request) => listUsers(deps, request),
  readUser: (request) => readUser(deps, request),
  replaceUser: (request) => replaceUser(deps, request),
  deleteUser: (request) => deleteUser(deps, request),
  readServiceProviderConfig,
  readResourceTypes,
  readSchemas,
})
