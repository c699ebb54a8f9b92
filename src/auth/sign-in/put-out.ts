/**
 * "This wasn't me": whoever is in the account is put out of it, also who has a copy of this very cookie. All sessions and grants
 * end, links that were sent open nothing, and no device is known any more. The person signs in anew and chooses another
 * password. Checklist 45.
 */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { DeviceStore } from '../../storage/devices-port.ts'
import type { OneUseStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'
import { withCookie } from '../session/answer-client.ts'
import { type EndSessionsDeps, endSessionsOf } from '../session/end-session.ts'
import type { InteractionDeps } from '../session/interaction.ts'
import { type RevokeGrantsDeps, revokeGrants } from '../session/revoke-grants.ts'
import { forgetSession, readSession, type SessionDeps } from '../session/session.ts'
import { endMailLinks } from '../user/mail-link.ts'
import { signInFor } from './own-pages.ts'

export type PutOutDeps = SessionDeps &
  InteractionDeps &
  EndSessionsDeps &
  RevokeGrantsDeps & {
    readonly audit: Audit
    readonly store: {
      readonly devices: Pick<DeviceStore, 'list' | 'forget'>
      readonly oneUse: Pick<OneUseStore, 'endOf'>
    }
  }

/** Then the person signs in anew, and chooses another password. */
export async function putOut(
  deps: PutOutDeps,
  request: HttpRequest,
  user: UserRecord,
  decisionId: string,
): Promise<Reply> {
  await endAllOf(deps, request, user, decisionId)
  // Only they go on to the new password.
  const wanted = { page: '/account/password?done=reported', fresh: true, onlySub: user.sub, loginHint: user.userName }
  return withoutSession(deps, request, () => signInFor(deps, request, wanted))
}

/** Asked for once the account's revocation epoch was raised: nothing that was given is live; this tidies up and tells the clients. */
export async function endAllOf(
  deps: PutOutDeps,
  request: HttpRequest,
  { sub }: UserRecord,
  decisionId: string,
): Promise<void> {
  const { tenant } = request
  await endMailLinks(deps, tenant, sub)
  await endSessionsOf(deps, tenant, sub)
  await revokeGrants(deps, request, sub, () => true, 'person')
  const about = { tenant, request_id: request.id, sub, decision_id: decisionId }
  for (const { deviceId } of await deps.store.devices.list(tenant, sub)) {
    await deps.store.devices.forget(tenant, sub, deviceId)
    await deps.audit({ event: 'device_forgotten', ...about, resource: `device:${deviceId}` })
  }
}

/**
 * Where the browser's session has ended, its cookie goes too. One of somebody else stays as it is: a letter to another person
 * is no word of theirs to sign out, and whoever made them press its button must not sign them out either. Once the person
 * whom the letter was for signs in here, it ends as another person's does (leave-session.ts).
 */
export async function withoutSession(
  deps: SessionDeps,
  request: HttpRequest,
  answer: () => Reply | Promise<Reply>,
): Promise<Reply> {
  const gone = (await readSession(deps, request)) === undefined ? forgetSession(deps, request) : undefined
  const reply = await answer()
  return gone === undefined ? reply : withCookie(reply, gone)
}
