/** The pages of self-service bound to what they use, for the route table. */
import type { HttpRequest } from '../../http/message.ts'
import { type ActivityDeps, showActivity } from './activity.ts'
import { type ChangePasswordDeps, changePassword, showChangePassword } from './change-password.ts'
import { showConsents } from './consents.ts'
import { changeEmail, type EmailDeps, showEmail } from './email.ts'
import { type EndOwnSessionsDeps, endOtherSessions, endOwnSession } from './end-sessions.ts'
import { forgetDevice } from './forget-device.ts'
import { type OverviewDeps, showOverview } from './overview.ts'
import { eraseOwnData, exportOwnData, type OwnDataDeps, showOwnData } from './own-data.ts'
import { changeProfile, type ProfileDeps, showProfile } from './profile.ts'
import { type ReportActivityDeps, reportActivity } from './report-activity.ts'
import { showSessions } from './sessions.ts'
import { revokeOwnGrant, type WithdrawDeps, withdrawConsent } from './withdraw-consent.ts'

export type AccountDeps = ChangePasswordDeps &
  EndOwnSessionsDeps &
  OverviewDeps &
  ProfileDeps &
  WithdrawDeps &
  EmailDeps &
  ActivityDeps &
  ReportActivityDeps &
  OwnDataDeps

export const accountHandlers = (deps: AccountDeps) => ({
  showChangePassword: (request: HttpRequest) => showChangePassword(deps, request),
  changePassword: (request: HttpRequest) => changePassword(deps, request),
  showOwnData: (request: HttpRequest) => showOwnData(deps, request),
  exportOwnData: (request: HttpRequest) => exportOwnData(deps, request),
  eraseOwnData: (request: HttpRequest) => eraseOwnData(deps, request),
  showOverview: (request: HttpRequest) => showOverview(deps, request),
  showProfile: (request: HttpRequest) => showProfile(deps, request),
  changeProfile: (request: HttpRequest) => changeProfile(deps, request),
  showEmail: (request: HttpRequest) => showEmail(deps, request),
  changeEmail: (request: HttpRequest) => changeEmail(deps, request),
  showConsents: (request: HttpRequest) => showConsents(deps, request),
  withdrawConsent: (request: HttpRequest) => withdrawConsent(deps, request),
  revokeOwnGrant: (request: HttpRequest) => revokeOwnGrant(deps, request),
  showActivity: (request: HttpRequest) => showActivity(deps, request),
  reportActivity: (request: HttpRequest) => reportActivity(deps, request),
  showSessions: (request: HttpRequest) => showSessions(deps, request),
  endOwnSession: (request: HttpRequest) => endOwnSession(deps, request),
  endOtherSessions: (request: HttpRequest) => endOtherSessions(deps, request),
  forgetDevice: (request: HttpRequest) => forgetDevice(deps, request),
})

export type AccountHandlers = ReturnType<typeof accountHandlers>
