/** Registration bound to what it uses, for the route table. */
import type { HttpRequest } from '../../../http/message.ts'
import type { RegisterDeps } from './decide-register.ts'
import { deleteRegistration } from './delete-registration.ts'
import { readRegistration } from './read-registration.ts'
import { register } from './register.ts'
import { replaceRegistration } from './replace-registration.ts'

export const registrationHandlers = (deps: RegisterDeps) => ({
  register: (request: HttpRequest) => register(deps, request),
  readRegistration: (request: HttpRequest) => readRegistration(deps, request),
  replaceRegistration: (request: HttpRequest) => replaceRegistration(deps, request),
  deleteRegistration: (request: HttpRequest) => deleteRegistration(deps, request),
})
