/** The pages of sign-in and consent bound to what they use, for the route table. */
import type { HttpRequest } from '../../http/message.ts'
import { type ConsentDeps, consent, showConsent } from './consent.ts'
import { type LoginDeps, login, showLogin } from './login.ts'
import { password, showPassword } from './password.ts'
import { select, showSelect } from './select.ts'

export const loginHandlers = (deps: LoginDeps & ConsentDeps) => ({
  showLogin: (request: HttpRequest) => showLogin(deps, request),
  login: (request: HttpRequest) => login(deps, request),
  showPassword: (request: HttpRequest) => showPassword(deps, request),
  password: (request: HttpRequest) => password(deps, request),
  showSelect: (request: HttpRequest) => showSelect(deps, request),
  select: (request: HttpRequest) => select(deps, request),
  showConsent: (request: HttpRequest) => showConsent(deps, request),
  consent: (request: HttpRequest) => consent(deps, request),
})

export type LoginHandlers = ReturnType<typeof loginHandlers>
