/** The SCIM endpoints bound to what they use, for the route table. RFC 7644 3.2. */
import type { HttpRequest } from '../../http/message.ts'
import type { EraseRestDeps } from '../session/erase-person.ts'
import { createUser } from './create-user.ts'
import { deleteUser } from './delete-user.ts'
import { listUsers } from './list-users.ts'
import { readUser } from './read-user.ts'
import { type ReplaceUserDeps, replaceUser } from './replace-user.ts'
import { readResourceTypes, readSchemas, readServiceProviderConfig } from './service-provider.ts'

export const scimHandlers = (deps: ReplaceUserDeps & EraseRestDeps) => ({
  createUser: (request: HttpRequest) => createUser(deps, request),
  listUsers: (request: HttpRequest) => listUsers(deps, request),
  readUser: (request: HttpRequest) => readUser(deps, request),
  replaceUser: (request: HttpRequest) => replaceUser(deps, request),
  deleteUser: (request: HttpRequest) => deleteUser(deps, request),
  readServiceProviderConfig,
  readResourceTypes,
  readSchemas,
})

export type ScimHandlers = ReturnType<typeof scimHandlers>
