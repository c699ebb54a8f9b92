/** The pages of sign-in and consent bound to what they use, for the route table. */
import type { HttpRequest } from '../../http/message.ts'
import { consent, showConsent } from './consent.ts'
import { login, type SignInDeps, showLogin } from './login.ts'

export const loginHandlers = (deps: SignInDeps) => ({
  showLogin: (request: HttpRequest) => showLogin(deps, request),
  login: (request: HttpRequest) => login(deps, request),
  showConsent: (request: HttpRequest) => showConsent(deps, request),
  consent: (request: HttpRequest) => consent(deps, request),
})

export type LoginHandlers = ReturnType<typeof loginHandlers>
