/**
 * "This wasn't me": POST /account/activity/report. Whoever is in the account is put out of it, also who has a copy of this very
 * cookie: all sessions and grants end, links that were sent open nothing, and no device is known any more. The person signs in
 * anew and chooses another password. Asks `account`. Checklist 45.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { ActivityStore } from '../../storage/activity-port.ts'
import type { DeviceStore, GrantStore, OneUseStore, UserStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'
import { withCookie } from '../session/answer-client.ts'
import { type EndSessionsDeps, endSessionsOf } from '../session/end-session.ts'
import { forgetSession } from '../session/session.ts'
import { type AccountPageDeps, accountPage } from '../sign-in/account-page.ts'
import { signInFor } from '../sign-in/own-pages.ts'
import { endMailLinks } from '../user/mail-link.ts'
import { ACTIVITY_PAGE } from './activity.ts'
import { revokeGrants } from './revoke-grants.ts'

export type ReportActivityDeps = AccountPageDeps &
  EndSessionsDeps & {
    readonly store: {
      readonly activity: Pick<ActivityStore, 'list'>
      readonly devices: Pick<DeviceStore, 'list' | 'forget'>
      readonly grants: Pick<GrantStore, 'list' | 'revoke'>
      readonly users: Pick<UserStore, 'find' | 'revokeAll'>
      readonly oneUse: Pick<OneUseStore, 'endOf'>
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
      // In this one step nothing that was given is live any more; what follows tidies up and tells the clients.
      await deps.store.users.revokeAll(tenant, user.sub)
      await endMailLinks(deps, tenant, user.sub)
      await endSessionsOf(deps, tenant, user.sub)
      await revokeGrants(deps, request, user.sub, () => true, 'person')
      for (const { deviceId } of await deps.store.devices.list(tenant, user.sub)) {
        await deps.store.devices.forget(tenant, user.sub, deviceId)
        await deps.audit({ event: 'device_forgotten', ...about, resource: `device:${deviceId}` })
      }
      return signInAnew(deps, request, user)
    },
    { page: ACTIVITY_PAGE },
  )
}

/** Only they go on to the new password. */
async function signInAnew(deps: ReportActivityDeps, request: HttpRequest, user: UserRecord): Promise<Reply> {
  const gone = await forgetSession(deps, request)
  const wanted = { page: '/account/password?done=reported', fresh: true, onlySub: user.sub, loginHint: user.userName }
  const reply = await signInFor(deps, request, wanted)
  return gone === undefined ? reply : withCookie(reply, gone)
}
