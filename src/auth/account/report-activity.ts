/**
 * "This wasn't me": POST /account/activity/report. Whoever else is in the account is put out of it: all other sessions end with
 * all grants but those of this one, and no device is known any more. What follows is a new password. Asks `account`.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { ActivityStore } from '../../storage/activity-port.ts'
import type { DeviceStore, GrantStore } from '../../storage/port.ts'
import { type EndSessionsDeps, endSessionsOf } from '../session/end-session.ts'
import { type AccountPageDeps, accountPage } from '../sign-in/account-page.ts'
import { ACTIVITY_PAGE } from './activity.ts'
import { revokeGrants } from './revoke-grants.ts'

export type ReportActivityDeps = AccountPageDeps &
  EndSessionsDeps & {
    readonly store: {
      readonly activity: Pick<ActivityStore, 'list'>
      readonly devices: Pick<DeviceStore, 'list' | 'forget'>
      readonly grants: Pick<GrantStore, 'list' | 'revoke'>
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
    async ({ session, decisionId }) => {
      const { user, record } = session
      const about = { tenant, request_id: request.id, sub: user.sub, decision_id: decisionId }
      await deps.audit({ event: 'risk_signal', ...about, detail: 'reported_by_person' })
      await endSessionsOf(deps, tenant, user.sub, record.sid)
      await revokeGrants(deps, request, user.sub, ({ sid }) => sid !== record.sid, 'person')
      for (const { deviceId } of await deps.store.devices.list(tenant, user.sub)) {
        await deps.store.devices.forget(tenant, user.sub, deviceId)
        await deps.audit({ event: 'device_forgotten', ...about, resource: `device:${deviceId}` })
      }
      return { status: 303, headers: { location: `${ACTIVITY_PAGE}?done=reported` } }
    },
    { page: ACTIVITY_PAGE },
  )
}
