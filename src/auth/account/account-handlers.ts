/** The pages of self-service bound to what they use, for the route table. */
import type { HttpRequest } from '../../http/message.ts'
import { type EndOwnSessionsDeps, endOtherSessions, endOwnSession } from './end-sessions.ts'
import { forgetDevice } from './forget-device.ts'
import { showOverview } from './overview.ts'
import { eraseOwnData, exportOwnData, type OwnDataDeps, showOwnData } from './own-data.ts'
import { showSessions } from './sessions.ts'

export type AccountDeps = EndOwnSessionsDeps & OwnDataDeps

export const accountHandlers = (deps: AccountDeps) => ({
  showOwnData: (request: HttpRequest) => showOwnData(deps, request),
  exportOwnData: (request: HttpRequest) => exportOwnData(deps, request),
  eraseOwnData: (request: HttpRequest) => eraseOwnData(deps, request),
  showOverview: (request: HttpRequest) => showOverview(deps, request),
  showSessions: (request: HttpRequest) => showSessions(deps, request),
  endOwnSession: (request: HttpRequest) => endOwnSession(deps, request),
  endOtherSessions: (request: HttpRequest) => endOtherSessions(deps, request),
  forgetDevice: (request: HttpRequest) => forgetDevice(deps, request),
})

export type AccountHandlers = ReturnType<typeof accountHandlers>
