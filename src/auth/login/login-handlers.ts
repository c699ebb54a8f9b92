/** The pages of sign-in, consent and sign-out bound to what they use, for the route table. */
import type { HttpRequest } from '../../http/message.ts'
import { consent, showConsent } from './consent.ts'
import { login, type SignInDeps, showLogin } from './login.ts'
import { logout, showLogout } from './logout.ts'

export const loginHandlers = (deps: SignInDeps) => ({
  showLogin: (request: HttpRequest) => showLogin(deps, request),
  login: (request: HttpRequest) => login(deps, request),
  showConsent: (request: HttpRequest) => showConsent(deps, request),
  consent: (request: HttpRequest) => consent(deps, request),
  showLogout: (request: HttpRequest) => showLogout(deps, request),
  logout: (request: HttpRequest) => logout(deps, request),
})

export type LoginHandlers = ReturnType<typeof loginHandlers>
