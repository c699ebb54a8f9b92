/** The pages of sign-in, consent and sign-out bound to what they use, for the route table. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { consent, showConsent } from './consent.ts'
import { login, type SignInDeps, showLogin } from './login.ts'
import { logout, showLogout } from './logout.ts'

type Handler = (request: HttpRequest) => Promise<Reply>

export interface LoginHandlers {
  /** GET /login, asks `login` */
  readonly showLogin: Handler
  /** POST /login, asks `login` */
  readonly login: Handler
  /** GET /consent, asks `authorize` */
  readonly showConsent: Handler
  /** POST /consent, asks `consent` */
  readonly consent: Handler
  /** GET /logout, public */
  readonly showLogout: Handler
  /** POST /logout, public */
  readonly logout: Handler
}

export const loginHandlers = (deps: SignInDeps): LoginHandlers => ({
  showLogin: (request) => showLogin(deps, request),
  login: (request) => login(deps, request),
  showConsent: (request) => showConsent(deps, request),
  consent: (request) => consent(deps, request),
  showLogout: (request) => showLogout(deps, request),
  logout: (request) => logout(deps, request),
})
