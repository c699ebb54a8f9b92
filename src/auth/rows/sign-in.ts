/** Rows of the steps of a sign-in, second factors and consent among them, and of links by mail. */
import { loginHandlers } from '../login/login-handlers.ts'
import { mfaHandlers } from '../mfa/mfa-handlers.ts'
import type { Route } from '../route.ts'
import type { RouteDeps, Row } from './row.ts'
import { whenAsked } from './when-asked.ts'

export function signInRows(deps: RouteDeps): Row[] {
  const pages = loginHandlers(deps)
  return [
    ['GET', '/login', 'OIDC Core 3.1.2.3', 'login/login.ts', 'login', 'page', pages.showLogin],
    ['POST', '/login', 'OIDC Core 3.1.2.3', 'login/login.ts', 'login', 'page', pages.login],
    ['GET', '/login/password', 'OIDC Core 3.1.2.3', 'login/password.ts', 'login', 'page', pages.showPassword],
    ['POST', '/login/password', 'OIDC Core 3.1.2.3', 'login/password.ts', 'login', 'page', pages.password],
    ['GET', '/login/select', 'OIDC Core 3.1.2.1', 'login/select.ts', 'login', 'page', pages.showSelect],
    ['POST', '/login/select', 'OIDC Core 3.1.2.1', 'login/select.ts', 'login', 'page', pages.select],
    ['GET', '/consent', 'OIDC Core 3.1.2.4', 'login/consent.ts', 'authorize', 'page', pages.showConsent],
    ['POST', '/consent', 'OIDC Core 3.1.2.4', 'login/consent.ts', 'consent', 'page', pages.consent],
  ]
}

/** Second factors: as steps of a sign-in, and as the person's own to change. */
export function factorRows(deps: RouteDeps): Row[] {
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

export function mailLinkRows(deps: RouteDeps): Row[] {
  const pages = whenAsked(async () => (await import('../mail-links/mail-link-handlers.ts')).mailLinkHandlers(deps))
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
    row('GET', '/email/stop', 'stop-email-change', pages.showStopEmailChange),
    row('POST', '/email/stop', 'stop-email-change', pages.stopEmailChange),
  ]
}
