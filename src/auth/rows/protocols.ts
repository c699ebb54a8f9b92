/** Rows of the protocols: OAuth, OpenID Connect and their metadata, device-bound sessions, registration of clients. */
import { health, live } from '../../http/health.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { authorize } from '../oauth/authorize.ts'
import { deviceAuthorization } from '../oauth/device/device-authorization.ts'
import { confirmDevice, showConfirmDevice, showDevice } from '../oauth/device/device-page.ts'
import { introspect } from '../oauth/introspect.ts'
import { jwks } from '../oauth/jwks.ts'
import { par } from '../oauth/par.ts'
import { resume } from '../oauth/resume.ts'
import { revoke } from '../oauth/revoke.ts'
import { token } from '../oauth/token.ts'
import { discovery } from '../oidc/discovery.ts'
import { endSessionEndpoint } from '../oidc/logout/end-session.ts'
import { confirmSignOut, showSignOut } from '../oidc/logout/sign-out-page.ts'
import { userinfo } from '../oidc/userinfo.ts'
import { readAsset } from '../pages/assets.ts'
import type { Route } from '../route.ts'
import { REFRESH_PATH, REGISTER_PATH } from '../session/binding/instructions.ts'
import { refreshDeviceProof } from '../session/binding/refresh.ts'
import { registerDeviceKey } from '../session/binding/register.ts'
import type { RouteDeps, Row } from './row.ts'
import { whenAsked } from './when-asked.ts'

const DEVICE_REQUEST = 'oauth/device/device-authorization.ts'
const DEVICE_PAGE = 'oauth/device/device-page.ts'
const END_SESSION = 'oidc/logout/end-session.ts'
const SIGN_OUT_PAGE = 'oidc/logout/sign-out-page.ts'
const BINDING = 'session/binding'

export function protocolRows(deps: RouteDeps): Row[] {
  const at =
    <D>(endpoint: (deps: D, request: HttpRequest) => Promise<Reply>, own: D) =>
    (request: HttpRequest) =>
      endpoint(own, request)
  const metadata = () => discovery(deps)
  const device = {
    request: at(deviceAuthorization, deps),
    show: at(showConfirmDevice, deps),
    confirm: at(confirmDevice, deps),
  }
  return [
    ['GET', '/.well-known/openid-configuration', 'OIDC Discovery 4', 'oidc/discovery.ts', 'public', 'oauth', metadata],
    ['GET', '/.well-known/oauth-authorization-server', 'RFC 8414 3', 'oidc/discovery.ts', 'public', 'oauth', metadata],
    ['GET', '/oauth/jwks', 'RFC 7517 5', 'oauth/jwks.ts', 'public', 'oauth', () => jwks(deps)],
    ['GET', '/oauth/authorize', 'RFC 6749 3.1', 'oauth/authorize.ts', 'authorize', 'page', at(authorize, deps)],
    ['POST', '/oauth/authorize', 'RFC 6749 3.1', 'oauth/authorize.ts', 'authorize', 'page', at(authorize, deps)],
    ['GET', '/oauth/authorize/resume', 'OIDC Core 3.1.2.3', 'oauth/resume.ts', 'authorize', 'page', at(resume, deps)],
    ['POST', '/oauth/par', 'RFC 9126 2', 'oauth/par.ts', 'authorize', 'oauth', at(par, deps)],
    ['POST', '/oauth/device_authorization', 'RFC 8628 3.1', DEVICE_REQUEST, 'authorize', 'oauth', device.request],
    ['GET', '/device', 'RFC 8628 3.3', DEVICE_PAGE, 'public', 'page', showDevice],
    ['GET', '/device/confirm', 'RFC 8628 3.3', DEVICE_PAGE, 'authorize', 'page', device.show],
    ['POST', '/device/confirm', 'RFC 8628 3.3', DEVICE_PAGE, 'consent', 'page', device.confirm],
    ['POST', '/oauth/token', 'RFC 6749 3.2', 'oauth/token.ts', 'token', 'oauth', at(token, deps)],
    ['POST', '/oauth/introspect', 'RFC 7662 2', 'oauth/introspect.ts', 'introspect', 'oauth', at(introspect, deps)],
    ['POST', '/oauth/revoke', 'RFC 7009 2', 'oauth/revoke.ts', 'revoke', 'oauth', at(revoke, deps)],
    ['GET', '/oauth/userinfo', 'OIDC Core 5.3', 'oidc/userinfo.ts', 'userinfo', 'bearer', at(userinfo, deps)],
    ['POST', '/oauth/userinfo', 'OIDC Core 5.3', 'oidc/userinfo.ts', 'userinfo', 'bearer', at(userinfo, deps)],
    ['GET', '/oauth/logout', 'RP-Initiated Logout 2', END_SESSION, 'session', 'page', at(endSessionEndpoint, deps)],
    ['POST', '/oauth/logout', 'RP-Initiated Logout 2', END_SESSION, 'session', 'page', at(endSessionEndpoint, deps)],
    ['GET', '/logout', 'sign-out page', SIGN_OUT_PAGE, 'session', 'page', at(showSignOut, deps)],
    ['POST', '/logout', 'sign-out page', SIGN_OUT_PAGE, 'session', 'page', at(confirmSignOut, deps)],
    ['POST', REGISTER_PATH, 'DBSC', `${BINDING}/register.ts`, 'session', 'oauth', at(registerDeviceKey, deps)],
    ['POST', REFRESH_PATH, 'DBSC', `${BINDING}/refresh.ts`, 'session', 'oauth', at(refreshDeviceProof, deps)],
    ['GET', '/assets/:digest/:name', 'files of pages', 'pages/assets.ts', 'public', 'problem', at(readAsset, deps)],
    ...registrationRows(deps),
    ['GET', '/health', 'probes', '../http/health.ts', 'public', 'problem', at(health, deps)],
    ['GET', '/health/live', 'probes', '../http/health.ts', 'public', 'problem', live],
  ]
}

function registrationRows(deps: RouteDeps): Row[] {
  if (!deps.registration) return []
  const registration = whenAsked(async () =>
    (await import('../oauth/register/registration-handlers.ts')).registrationHandlers(deps),
  )
  const row = (method: Route['method'], path: string, source: string, file: string, handler: Route['handler']): Row => [
    method,
    `/oauth/register${path}`,
    source,
    `oauth/register/${file}.ts`,
    'register',
    'registration',
    handler,
  ]
  return [
    row('POST', '', 'RFC 7591 3.1', 'register', registration.register),
    row('GET', '/:id', 'RFC 7592 2.1', 'read-registration', registration.readRegistration),
    row('PUT', '/:id', 'RFC 7592 2.2', 'replace-registration', registration.replaceRegistration),
    row('DELETE', '/:id', 'RFC 7592 2.3', 'delete-registration', registration.deleteRegistration),
  ]
}
