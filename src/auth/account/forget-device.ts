/**
 * A person has a browser forgotten: POST /account/devices/{id}/forget. The next sign-in with it is one on a new device. Asks
 * `account`.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { type AccountPageDeps, accountPage } from '../sign-in/account-page.ts'
import { backToSessions, SESSIONS_PAGE } from './sessions.ts'

const PAGE = { action: 'forget_device', type: 'device', page: SESSIONS_PAGE } as const

export function forgetDevice(deps: AccountPageDeps, request: HttpRequest): Promise<Reply> {
  const id = request.route.id ?? ''
  return accountPage(
    deps,
    request,
    async ({ user }) => {
      const devices = await deps.store.devices.list(request.tenant, user.sub)
      return { ...PAGE, id, own: devices.some(({ deviceId }) => deviceId === id) }
    },
    async ({ session: { user }, decisionId }) => {
      await deps.store.devices.forget(request.tenant, user.sub, id)
      await deps.audit({
        event: 'device_forgotten',
        tenant: request.tenant,
        request_id: request.id,
        sub: user.sub,
        decision_id: decisionId,
        resource: `device:${id}`,
      })
      return backToSessions('forgotten')
    },
    PAGE,
  )
}
