/**
 * "This wasn't me": POST /account/activity/report. Whoever is in the account is put out of it (`sign-in/put-out.ts`). Asks
 * `account`. Checklist 45.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { ActivityStore } from '../../storage/activity-port.ts'
import type { OneUseStore, UserStore } from '../../storage/port.ts'
import { type AccountPageDeps, accountPage } from '../sign-in/account-page.ts'
import { type PutOutDeps, putOut } from '../sign-in/put-out.ts'
import { keepEndedPassword } from '../user/password/ended.ts'
import { ACTIVITY_PAGE } from './activity.ts'

export type ReportActivityDeps = AccountPageDeps &
  PutOutDeps & {
    readonly store: {
      readonly activity: Pick<ActivityStore, 'list'>
      readonly oneUse: Pick<OneUseStore, 'put'>
      readonly users: Pick<UserStore, 'find' | 'revokeAll'>
    }
  }

export function reportActivity(deps: ReportActivityDeps, request: HttpRequest): Promise<Reply> {
  const id = request.form.get('entry') ?? ''
  const { tenant } = request
  return accountPage(
    deps,
    request,
    async ({ user }) => {
      const entries = await deps.store.activity.list(tenant, user.sub)
      const own = entries.some((entry) => entry.id === id)
      return { action: 'report_activity', type: 'activity', id, own, page: ACTIVITY_PAGE }
    },
    async ({ session: { user }, decisionId }) => {
      const about = { tenant, request_id: request.id, sub: user.sub, decision_id: decisionId }
      await deps.audit({ event: 'risk_signal', ...about, detail: 'reported_by_person' })
      await keepEndedPassword(deps, tenant, user)
      // In this one step nothing that was given is live any more.
      await deps.store.users.revokeAll(tenant, user.sub)
      return putOut(deps, request, user, decisionId)
    },
    { page: ACTIVITY_PAGE },
  )
}
