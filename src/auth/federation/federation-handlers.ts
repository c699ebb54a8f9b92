/** Everything of federation bound to what it uses, for the route table. */
import type { HttpRequest } from '../../http/message.ts'
import { callback, formCallback } from './callback.ts'
import type { FederationDeps } from './deps.ts'
import { beginLink, showIdentities, unlink } from './identities.ts'
import { link, showLink } from './link-pending.ts'
import { signOutThere } from './sign-out.ts'
import { start } from './start.ts'

export const federationHandlers = (deps: FederationDeps) => ({
  start: (request: HttpRequest) => start(deps, request),
  callback: (request: HttpRequest) => callback(deps, request),
  formCallback: (request: HttpRequest) => formCallback(deps, request),
  showLink: (request: HttpRequest) => showLink(deps, request),
  link: (request: HttpRequest) => link(deps, request),
  showIdentities: (request: HttpRequest) => showIdentities(deps, request),
  beginLink: (request: HttpRequest) => beginLink(deps, request),
  unlink: (request: HttpRequest) => unlink(deps, request),
  signOutThere: (request: HttpRequest) => signOutThere(deps, request),
})
