/**
 * A person ends one of their sessions, or all but the one they are in: POST /account/sessions/{sid}/end and
 * /account/sessions/end-others. All grants of what ends go with it, and its clients are told. Asks `account`. Checklist 45.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { type EndSessionDeps, type EndSessionsDeps, endSession, endSessionsOf } from '../session/end-session.ts'
import { type AccountPageDeps, type AccountVisit, accountPage } from '../sign-in/account-page.ts'
import { type NotifyDeps, notifyUser } from '../user/notify.ts'
import { backToSessions, SESSIONS_PAGE } from './sessions.ts'

export type EndOwnSessionsDeps = AccountPageDeps & EndSessionDeps & EndSessionsDeps & NotifyDeps

const PAGE = { action: 'end_session', type: 'session', page: SESSIONS_PAGE } as const

function tell(deps: EndOwnSessionsDeps, { obligations, session }: AccountVisit): void {
  if (obligations.notify) notifyUser(deps, session.user, 'sessions_ended')
}

export async function endOwnSession(deps: EndOwnSessionsDeps, request: HttpRequest): Promise<Reply> {
  const id = request.route.id ?? ''
  const target = await deps.store.sessions.findById(request.tenant, id)
  return accountPage(
    deps,
    request,
    async ({ user }) => ({ ...PAGE, id, own: target?.sub === user.sub }),
    async (visit) => {
      if (target) await endSession(deps, request.tenant, target, 'all')
      tell(deps, visit)
      return backToSessions('ended')
    },
    PAGE,
  )
}

export const endOtherSessions = (deps: EndOwnSessionsDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, PAGE, async (visit) => {
    const { user, record } = visit.session
    await endSessionsOf(deps, request.tenant, user.sub, record.sid)
    tell(deps, visit)
    return backToSessions('others_ended')
  })
