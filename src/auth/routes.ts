/** THE TABLE: every address of the auth service, what defines it, which file answers, what it asks, how its errors read. */

import packageFile from '../../package.json' with { type: 'json' }
import { type HealthDeps, health, live } from '../http/health.ts'
import type { HttpRequest, Reply } from '../http/message.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Store } from '../storage/port.ts'
import { type AccountDeps, accountHandlers } from './account/account-handlers.ts'
import { accessHandlers } from './admin/access-handlers.ts'
import { adminHandlers } from './admin/admin-handlers.ts'
import type { AdminDeps } from './admin/decide-admin.ts'
import { keyHandlers } from './admin/key-handlers.ts'
import type { RewrapKeysDeps } from './admin/rewrap-keys.ts'
import type { SectorDeps } from './client/metadata/sector.ts'
import type { FederationDeps } from './federation/deps.ts'
import { federationHandlers } from './federation/federation-handlers.ts'
import type { ConsentDeps } from './login/consent.ts'
import type { LoginDeps } from './login/login.ts'
import { loginHandlers } from './login/login-handlers.ts'
import { type MailLinksDeps, mailLinkHandlers } from './mail-links/mail-link-handlers.ts'
import type { MfaDeps } from './mfa/mfa-deps.ts'
import { mfaHandlers } from './mfa/mfa-handlers.ts'
import type { AuthorizeDeps } from './oauth/authorize.ts'
import { authorize } from './oauth/authorize.ts'
import { type DeviceAuthorizationDeps, deviceAuthorization } from './oauth/device/device-authorization.ts'
import { confirmDevice, showConfirmDevice, showDevice } from './oauth/device/device-page.ts'
import type { DevicePageDeps } from './oauth/device/find-asked.ts'
import { type IntrospectDeps, introspect } from './oauth/introspect.ts'
import { type JwksDeps, jwks } from './oauth/jwks.ts'
import { type ParDeps, par } from './oauth/par.ts'
import type { RegisterDeps } from './oauth/register/decide-register.ts'
import { registrationHandlers } from './oauth/register/registration-handlers.ts'
import { resume } from './oauth/resume.ts'
import { type RevokeDeps, revoke } from './oauth/revoke.ts'
import { type TokenDeps, token } from './oauth/token.ts'
import { type DiscoveryDeps, discovery } from './oidc/discovery.ts'
import { type EndSessionEndpointDeps, endSessionEndpoint } from './oidc/logout/end-session.ts'
import { confirmSignOut, showSignOut } from './oidc/logout/sign-out-page.ts'
import { type UserinfoDeps, userinfo } from './oidc/userinfo.ts'
import { openApi } from './openapi/document.ts'
import { type AssetsDeps, readAsset } from './pages/assets.ts'
import type { Route } from './route.ts'
import type { WriteUserDeps } from './scim/create-user.ts'
import { scimHandlers } from './scim/scim-handlers.ts'
import { REFRESH_PATH, REGISTER_PATH } from './session/binding/instructions.ts'
import { refreshDeviceProof } from './session/binding/refresh.ts'
import { type BindingDeps, registerDeviceKey } from './session/binding/register.ts'
import type { PollDeps } from './signals/poll.ts'
import { signalHandlers } from './signals/signal-handlers.ts'
import type { NotifyDeps } from './user/notify.ts'

export type RouteDeps = AuthorizeDeps &
  AssetsDeps &
  ParDeps &
  DeviceAuthorizationDeps &
  DevicePageDeps &
  TokenDeps &
  IntrospectDeps &
  RevokeDeps &
  UserinfoDeps &
  JwksDeps &
  DiscoveryDeps &
  EndSessionEndpointDeps &
  HealthDeps &
  LoginDeps &
  ConsentDeps &
  AccountDeps &
  MailLinksDeps &
  MfaDeps &
  Pick<AdminDeps, 'sealSecret'> &
  RewrapKeysDeps &
  SectorDeps &
  RegisterDeps &
  FederationDeps &
  BindingDeps &
  WriteUserDeps &
  PollDeps &
  NotifyDeps & { readonly store: Store; readonly metrics?: Metrics | undefined }

type Row = [Route['method'], string, source: string, file: string, Route['decision'], Route['errors'], Route['handler']]

/** What an application in a browser calls itself, and no cookie reaches. OIDC Core 5.3 of userinfo. */
const ANY_ORIGIN: ReadonlySet<string> = new Set(['/oauth/token', '/oauth/userinfo', '/oauth/revoke', '/oauth/par'])

const toRoute = ([method, path, source, file, decision, errors, handler]: Row): Route => ({
  method,
  path,
  source,
  file,
  decision,
  errors,
  anyOrigin: ANY_ORIGIN.has(path),
  handler,
})

const DEVICE_REQUEST = 'oauth/device/device-authorization.ts'
const DEVICE_PAGE = 'oauth/device/device-page.ts'
const END_SESSION = 'oidc/logout/end-session.ts'
const SIGN_OUT_PAGE = 'oidc/logout/sign-out-page.ts'
const BINDING = 'session/binding'

function protocolRows(deps: RouteDeps): Row[] {
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
    ...signalRows(deps),
    ['GET', '/health', 'probes', '../http/health.ts', 'public', 'problem', at(health, deps)],
    ['GET', '/health/live', 'probes', '../http/health.ts', 'public', 'problem', live],
  ]
}

function registrationRows(deps: RouteDeps): Row[] {
  if (!deps.registration) return []
  const registration = registrationHandlers(deps)
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

/** Where identity providers are configured. */
function federationRows(deps: RouteDeps): Row[] {
  if (deps.providers.all.length === 0) return []
  const handlers = federationHandlers(deps)
  const row = (method: Route['method'], path: string, source: string, file: string, handler: Route['handler']): Row => [
    method,
    path,
    source,
    `federation/${file}.ts`,
    'federation',
    'page',
    handler,
  ]
  const back: Row = [
    'POST',
    '/federation/callback/:provider',
    'OAuth 2.0 Form Post Response Mode 2',
    'federation/callback.ts',
    'public',
    'page',
    handlers.formCallback,
  ]
  return [
    row('GET', '/federation/:provider/start', 'OIDC Core 3.1.2.1', 'start', handlers.start),
    row('GET', '/federation/callback/:provider', 'OIDC Core 3.1.2.5', 'callback', handlers.callback),
    back,
    row('GET', '/federation/link', 'account linking', 'link-pending', handlers.showLink),
    row('POST', '/federation/link', 'account linking', 'link-pending', handlers.link),
    row('POST', '/federation/sign-out', 'RP-Initiated Logout 2', 'sign-out', handlers.signOutThere),
    row('GET', '/account/identities', 'account page', 'identities', handlers.showIdentities),
    row('POST', '/account/identities/link', 'account page', 'identities', handlers.beginLink),
    row('POST', '/account/identities/unlink', 'account page', 'identities', handlers.unlink),
  ]
}

/** Where the configuration names streams. */
function signalRows(deps: RouteDeps): Row[] {
  if (deps.signals.streams.length === 0) return []
  const signals = signalHandlers(deps)
  const row = (
    method: Route['method'],
    path: string,
    source: string,
    file: string,
    handler: Route['handler'],
    decision: Route['decision'] = 'signal',
  ): Row => [method, path, source, `signals/${file}.ts`, decision, 'registration', handler]
  const configuration = '/.well-known/ssf-configuration'
  return [
    row('GET', configuration, 'SSF 1.0 7.1', 'ssf-configuration', signals.ssfConfiguration, 'public'),
    row('GET', '/ssf/streams', 'SSF 1.0 8.1.1.2', 'read-streams', signals.readStreams),
    row('GET', '/ssf/status', 'SSF 1.0 8.1.2.1', 'stream-status', signals.readStreamStatus),
    row('POST', '/ssf/status', 'SSF 1.0 8.1.2.2', 'stream-status', signals.updateStreamStatus),
    row('POST', '/ssf/verify', 'SSF 1.0 8.1.4.2', 'verify-stream', signals.verifyStream),
    row('POST', '/ssf/poll/:id', 'RFC 8936 2', 'poll', signals.poll),
  ]
}

function peopleRows(deps: RouteDeps): Row[] {
  const pages = loginHandlers(deps)
  const scim = scimHandlers(deps)
  const admin = adminHandlers(deps)
  const keys = keyHandlers(deps)
  const access = accessHandlers(deps)
  return [
    ['GET', '/login', 'OIDC Core 3.1.2.3', 'login/login.ts', 'login', 'page', pages.showLogin],
    ['POST', '/login', 'OIDC Core 3.1.2.3', 'login/login.ts', 'login', 'page', pages.login],
    ['GET', '/login/password', 'OIDC Core 3.1.2.3', 'login/password.ts', 'login', 'page', pages.showPassword],
    ['POST', '/login/password', 'OIDC Core 3.1.2.3', 'login/password.ts', 'login', 'page', pages.password],
    ['GET', '/login/select', 'OIDC Core 3.1.2.1', 'login/select.ts', 'login', 'page', pages.showSelect],
    ['POST', '/login/select', 'OIDC Core 3.1.2.1', 'login/select.ts', 'login', 'page', pages.select],
    ['GET', '/consent', 'OIDC Core 3.1.2.4', 'login/consent.ts', 'authorize', 'page', pages.showConsent],
    ['POST', '/consent', 'OIDC Core 3.1.2.4', 'login/consent.ts', 'consent', 'page', pages.consent],
    ['POST', '/scim/v2/Users', 'RFC 7644 3.3', 'scim/create-user.ts', 'scim', 'scim', scim.createUser],
    ['GET', '/scim/v2/Users', 'RFC 7644 3.4.2', 'scim/list-users.ts', 'scim', 'scim', scim.listUsers],
    ['GET', '/scim/v2/Users/:id', 'RFC 7644 3.4.1', 'scim/read-user.ts', 'scim', 'scim', scim.readUser],
    ['PUT', '/scim/v2/Users/:id', 'RFC 7644 3.5.1', 'scim/replace-user.ts', 'scim', 'scim', scim.replaceUser],
    ['DELETE', '/scim/v2/Users/:id', 'RFC 7644 3.6', 'scim/delete-user.ts', 'scim', 'scim', scim.deleteUser],
    scimPublic('ServiceProviderConfig', scim.readServiceProviderConfig),
    scimPublic('ResourceTypes', scim.readResourceTypes),
    scimPublic('Schemas', scim.readSchemas),
    ['POST', '/admin/clients', 'admin API', 'admin/create-client.ts', 'admin', 'problem', admin.createClient],
    ['GET', '/admin/clients', 'admin API', 'admin/list-clients.ts', 'admin', 'problem', admin.listClients],
    ['GET', '/admin/clients/:id', 'admin API', 'admin/read-client.ts', 'admin', 'problem', admin.readClient],
    ['PUT', '/admin/clients/:id', 'admin API', 'admin/replace-client.ts', 'admin', 'problem', admin.replaceClient],
    ['DELETE', '/admin/clients/:id', 'admin API', 'admin/delete-client.ts', 'admin', 'problem', admin.deleteClient],
    adminRow('GET', '/admin/keys', 'list-keys.ts', keys.listKeys),
    adminRow('POST', '/admin/keys/rotate', 'rotate-keys.ts', keys.rotateKeys),
    adminRow('POST', '/admin/keys/rewrap', 'rewrap-keys.ts', keys.rewrapKeys),
    adminRow('POST', '/admin/keys/:id/revoke', 'revoke-key.ts', keys.revokeKey),
    adminRow('POST', '/admin/clients/:id/revoke', 'revoke-client.ts', access.revokeClient),
    adminRow('GET', '/admin/sessions', 'list-sessions.ts', access.listSessions),
    adminRow('DELETE', '/admin/sessions/:id', 'end-session.ts', access.endSession),
    adminRow('GET', '/admin/grants', 'list-grants.ts', access.listGrants),
    adminRow('DELETE', '/admin/grants/:id', 'revoke-grant.ts', access.revokeGrant),
    adminRow('POST', '/admin/users/:id/revoke', 'revoke-user.ts', access.revokeUser),
    adminRow('GET', '/admin/users/:id/export', 'export-user.ts', access.exportUser),
    adminRow('POST', '/admin/users/:id/erase', 'erase-user.ts', access.eraseUser),
  ]
}

function mailLinkRows(deps: RouteDeps): Row[] {
  const pages = mailLinkHandlers(deps)
  /** GET shows a form and looks at nothing: a scanner of mail spends no link. */
  const row = (method: 'GET' | 'POST', path: string, file: string, handler: Route['handler']): Row => {
    const decision = method === 'GET' ? 'public' : 'mail_link'
    return [method, path, 'NIST SP 800-63B 4.2', `mail-links/${file}.ts`, decision, 'page', handler]
  }
  return [
    row('GET', '/password/forgot', 'forgot-password', pages.showForgotPassword),
    row('POST', '/password/forgot', 'forgot-password', pages.forgotPassword),
    row('GET', '/password/reset', 'reset-password', pages.showResetPassword),
    row('POST', '/password/reset', 'reset-password', pages.resetPassword),
    row('GET', '/email/verify', 'verify-email', pages.showVerifyEmail),
    row('POST', '/email/verify', 'verify-email', pages.verifyEmail),
  ]
}

function accountRows(deps: RouteDeps): Row[] {
  const pages = accountHandlers(deps)
  return [
    accountRow('GET', '', 'overview', pages.showOverview),
    accountRow('GET', '/password', 'change-password', pages.showChangePassword),
    accountRow('POST', '/password', 'change-password', pages.changePassword),
    accountRow('GET', '/profile', 'profile', pages.showProfile),
    accountRow('POST', '/profile', 'profile', pages.changeProfile),
    accountRow('GET', '/email', 'email', pages.showEmail),
    accountRow('POST', '/email', 'email', pages.changeEmail),
    accountRow('GET', '/consents', 'consents', pages.showConsents),
    accountRow('POST', '/consents/withdraw', 'withdraw-consent', pages.withdrawConsent),
    accountRow('POST', '/grants/revoke', 'withdraw-consent', pages.revokeOwnGrant),
    accountRow('GET', '/activity', 'activity', pages.showActivity),
    accountRow('POST', '/activity/report', 'report-activity', pages.reportActivity),
    accountRow('GET', '/data', 'own-data', pages.showOwnData),
    accountRow('POST', '/data/export', 'own-data', pages.exportOwnData),
    accountRow('POST', '/data/erase', 'own-data', pages.eraseOwnData),
    accountRow('GET', '/sessions', 'sessions', pages.showSessions),
    accountRow('POST', '/sessions/end-others', 'end-sessions', pages.endOtherSessions),
    accountRow('POST', '/sessions/:id/end', 'end-sessions', pages.endOwnSession),
    accountRow('POST', '/devices/:id/forget', 'forget-device', pages.forgetDevice),
  ]
}

function accountRow(method: Route['method'], path: string, file: string, handler: Route['handler']): Row {
  return [method, `/account${path}`, 'self-service', `account/${file}.ts`, 'account', 'page', handler]
}

/** Second factors: as steps of a sign-in, and as the person's own to change. */
function factorRows(deps: RouteDeps): Row[] {
  const mfa = mfaHandlers(deps)
  const row = (
    method: 'GET' | 'POST',
    path: string,
    source: string,
    file: string,
    handler: Route['handler'],
    errors: Route['errors'] = 'page',
  ): Row => [method, path, source, `mfa/${file}.ts`, 'mfa', errors, handler]
  const WEBAUTHN = 'WebAuthn Level 3 7'
  return [
    row('GET', '/mfa/totp', 'RFC 6238', 'totp-step', mfa.showTotp),
    row('POST', '/mfa/totp', 'RFC 6238', 'totp-step', mfa.totpStep),
    row('GET', '/mfa/passkey', WEBAUTHN, 'passkey-step', mfa.showPasskey),
    row('POST', '/mfa/passkey', WEBAUTHN, 'passkey-step', mfa.passkeyStep),
    row('POST', '/mfa/passkey/options', WEBAUTHN, 'passkey-step', mfa.passkeyOptions, 'oauth'),
    row('GET', '/mfa/recovery', 'recovery codes', 'recovery-step', mfa.showRecovery),
    row('POST', '/mfa/recovery', 'recovery codes', 'recovery-step', mfa.recoveryStep),
    row('GET', '/mfa/enrol', 'second factors', 'enrol-choice', mfa.showEnrolChoice),
    row('GET', '/mfa/enrol/totp', 'RFC 6238', 'enrol-totp', mfa.showEnrolTotp),
    row('POST', '/mfa/enrol/totp', 'RFC 6238', 'enrol-totp', mfa.enrolTotp),
    row('GET', '/mfa/enrol/passkey', WEBAUTHN, 'enrol-passkey', mfa.showEnrolPasskey),
    row('POST', '/mfa/enrol/passkey', WEBAUTHN, 'enrol-passkey', mfa.enrolPasskey),
    row('GET', '/account/factors', 'account', 'factors-page', mfa.showFactors),
    row('POST', '/account/factors', 'account', 'factors-page', mfa.changeFactors),
  ]
}

function adminRow(method: Route['method'], path: string, file: string, handler: Route['handler']): Row {
  return [method, path, 'admin API', `admin/${file}`, 'admin', 'problem', handler]
}

/** RFC 7644 4: what a SCIM client may read before it has a token. */
function scimPublic(name: string, handler: Route['handler']): Row {
  return ['GET', `/scim/v2/${name}`, 'RFC 7644 4', 'scim/service-provider.ts', 'public', 'scim', handler]
}

/** Where the configuration asks for it: the metrics of this thread, in Prometheus's text format. */
const metricsRow = ({ registry }: Metrics): Row => [
  'GET',
  '/metrics',
  'Prometheus text format',
  'routes.ts',
  'public',
  'problem',
  async () => ({
    status: 200,
    headers: { 'content-type': registry.contentType },
    body: await registry.metrics(),
  }),
]

/** Described by all others, itself included. */
function openApiRow({ issuer }: RouteDeps, others: readonly Row[]): Row {
  const row = (handler: Route['handler']): Row => [
    'GET',
    '/openapi.json',
    'OpenAPI 3.1',
    'openapi/document.ts',
    'public',
    'problem',
    handler,
  ]
  const described = [...others, row(async () => ({ status: 200 }))].map(toRoute)
  return row(openApi(issuer, packageFile.version, described))
}

/** Pages of self-service that show something of their own: what its navigation may lead to. */
const isAccountPage = ([method, path]: Row): boolean =>
  method === 'GET' && /^\/account(\/|$)/.test(path) && !path.includes(':')

export function routes(given: Omit<RouteDeps, 'accountPaths'>): readonly Route[] {
  const accountPaths = new Set<string>()
  const deps = { ...given, accountPaths }
  const rows = [
    ...protocolRows(deps),
    ...peopleRows(deps),
    ...accountRows(deps),
    ...mailLinkRows(deps),
    ...factorRows(deps),
    ...federationRows(deps),
    ...(deps.metrics ? [metricsRow(deps.metrics)] : []),
  ]
  for (const row of rows) if (isAccountPage(row)) accountPaths.add(row[1])
  return [...rows, openApiRow(deps, rows)].map(toRoute)
}
