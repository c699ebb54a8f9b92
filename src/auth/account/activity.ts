/** Recent activity of the account: GET /account/activity. Asks `account`. OWASP ASVS 7.5.2; checklist 45. */
import { activityPage } from '../../../web/account/activity.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { ActivityEntry, ActivityStore } from '../../storage/activity-port.ts'
import type { ClientStore } from '../../storage/port.ts'
import { type AccountPageDeps, accountPage } from '../sign-in/account-page.ts'
import { OWN_PAGES_ID } from '../sign-in/own-pages.ts'
import { clientsOf } from './clients-of.ts'

export type ActivityDeps = AccountPageDeps & {
  readonly store: {
    readonly activity: Pick<ActivityStore, 'list'>
    readonly clients: Pick<ClientStore, 'find'>
  }
}

export const ACTIVITY_PAGE = '/account/activity'

/** GET /account/activity. */
export function showActivity(deps: ActivityDeps, request: HttpRequest): Promise<Reply> {
  return accountPage(deps, request, { action: 'view', type: 'activity', page: ACTIVITY_PAGE }, async (visit) => {
    const entries = await deps.store.activity.list(request.tenant, visit.session.user.sub)
    const clients = await clientsOf(
      deps,
      request.tenant,
      entries.map(({ clientId }) => clientId),
    )
    const appOf = ({ clientId }: ActivityEntry) => {
      if (clientId === OWN_PAGES_ID) return 'own' as const
      const client = clientId === undefined ? undefined : clients.get(clientId)
      return client && { name: client.name }
    }
    const page = activityPage({
      frame: visit.frame,
      entries: entries.map((entry) => ({
        id: entry.id,
        kind: entry.kind,
        at: entry.at,
        times: entry.times,
        app: appOf(entry),
        place: entry.place,
        refused: entry.shelf === 'refused',
        formToken: visit.formToken({ action: 'report_activity', type: 'activity', id: entry.id }),
      })),
    })
    return { status: 200, ...page }
  })
}
