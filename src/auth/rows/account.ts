/** Rows of self-service. */
import type { Route } from '../route.ts'
import type { RouteDeps, Row } from './row.ts'
import { whenAsked } from './when-asked.ts'

export function accountRows(deps: RouteDeps): Row[] {
  const pages = whenAsked(async () => (await import('../account/account-handlers.ts')).accountHandlers(deps))
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
