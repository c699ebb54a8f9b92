/**
 * A person ends one of their sessions, or all but the one they are in: POST /account/sessions/{sid}/end and
 * /account/sessions/end-others. All grants of what ends go with it, its clients are told, and links by mail that somebody may
 * have asked for in it open nothing. Where all others end, this one goes on under another cookie, and a copy of it ends too.
 * Asks `account`. Checklist 45.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { OneUseStore } from '../../storage/port.ts'
import { withCookie } from '../session/answer-client.ts'
import { type EndSessionDeps, type EndSessionsDeps, endSession } from '../session/end-session.ts'
import { keepSession } from '../session/keep-session.ts'
import { type AccountPageDeps, type AccountVisit, accountPage } from '../sign-in/account-page.ts'
import { endMailLinks } from '../user/mail-link.ts'
import { type NotifyDeps, notifyUser } from '../user/notify.ts'
import { backToSessions, SESSIONS_PAGE } from './sessions.ts'

export type EndOwnSessionsDeps = AccountPageDeps &
  EndSessionDeps &
  EndSessionsDeps &
  NotifyDeps & { readonly store: { readonly oneUse: Pick<OneUseStore, 'endOf'> } }

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
      await endMailLinks(deps, request.tenant, visit.session.user.sub)
      tell(deps, visit)
      return backToSessions('ended')
    },
    PAGE,
  )
}

export const endOtherSessions = (deps: EndOwnSessionsDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, PAGE, async (visit) => {
    const { user } = visit.session
    const cookie = await keepSession(deps, request, visit.session, user)
    await endMailLinks(deps, request.tenant, user.sub)
    tell(deps, visit)
    return withCookie(backToSessions('others_ended'), cookie)
  })
