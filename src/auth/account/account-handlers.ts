/** The pages of self-service bound to what they use, for the route table. */
import type { HttpRequest } from '../../http/message.ts'
import { type ChangePasswordDeps, changePassword, showChangePassword } from './change-password.ts'
import { type EndOwnSessionsDeps, endOtherSessions, endOwnSession } from './end-sessions.ts'
import { forgetDevice } from './forget-device.ts'
import { showOverview } from './overview.ts'
import { showSessions } from './sessions.ts'

export type AccountDeps = ChangePasswordDeps & EndOwnSessionsDeps

export const accountHandlers = (deps: AccountDeps) => ({
  showChangePassword: (request: HttpRequest) => showChangePassword(deps, request),
  changePassword: (request: HttpRequest) => changePassword(deps, request),
  showOverview: (request: HttpRequest) => showOverview(deps, request),
  showSessions: (request: HttpRequest) => showSessions(deps, request),
  endOwnSession: (request: HttpRequest) => endOwnSession(deps, request),
  endOtherSessions: (request: HttpRequest) => endOtherSessions(deps, request),
  forgetDevice: (request: HttpRequest) => forgetDevice(deps, request),
})

export type AccountHandlers = ReturnType<typeof accountHandlers>
