/** Where a person is signed in, and the browsers known for them: GET /account/sessions. Asks `account`. OWASP ASVS 7.5.2. */
import { type DeviceView, type SessionsDone, type SessionView, sessionsPage } from '../../../web/account/sessions.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { SessionRecord, UserRecord } from '../../storage/records.ts'
import { findDevice, isRemembered } from '../session/device.ts'
import { sessionEnd, sessionIsLive } from '../session/session.ts'
import { type AccountPageDeps, type AccountVisit, accountPage } from '../sign-in/account-page.ts'
import { lettersReach, type NotifyDeps } from '../user/notify.ts'

export type SessionsDeps = AccountPageDeps & Pick<NotifyDeps, 'mail'>

export const SESSIONS_PAGE = '/account/sessions'

/** More than that nobody looks through; all but this one end together. */
const SHOWN = 100

const DONE = ['ended', 'others_ended', 'forgotten'] as const satisfies readonly SessionsDone[]

async function sessionsOf(deps: AccountPageDeps, tenant: string, user: UserRecord): Promise<readonly SessionRecord[]> {
  const { records } = await deps.store.sessions.list(tenant, { sub: user.sub }, 0, SHOWN)
  const now = epochSeconds(deps.clock)
  const seenAt = ({ lastSeenAt, createdAt }: SessionRecord) => lastSeenAt ?? createdAt
  return records.filter((session) => sessionIsLive(session, user, now)).toSorted((a, b) => seenAt(b) - seenAt(a))
}

const sessionView =
  ({ session: current, formToken }: AccountVisit) =>
  (session: SessionRecord): SessionView => ({
    sid: session.sid,
    current: session.sid === current.record.sid,
    browser: session.sight?.browser ?? 'other',
    system: session.sight?.system ?? 'other',
    networks: session.sight?.networks ?? [],
    bound: session.deviceKey !== undefined,
    signedInAt: session.authTime,
    lastSeenAt: session.lastSeenAt ?? session.createdAt,
    endsAt: sessionEnd(session),
    formToken: formToken({ action: 'end_session', type: 'session', id: session.sid }),
  })

async function deviceViews(
  deps: AccountPageDeps,
  request: HttpRequest,
  { session: { user }, formToken }: AccountVisit,
): Promise<readonly DeviceView[]> {
  const [devices, here] = await Promise.all([
    deps.store.devices.list(request.tenant, user.sub),
    findDevice(deps, request, user),
  ])
  return devices.map((device) => ({
    deviceId: device.deviceId,
    current: device.deviceId === here?.deviceId,
    browser: device.browser,
    system: device.system,
    firstSeenAt: device.firstSeenAt,
    lastSeenAt: device.lastSeenAt,
    rememberedUntil: isRemembered(deps, device, user) ? device.rememberedUntil : undefined,
    formToken: formToken({ action: 'forget_device', type: 'device', id: device.deviceId }),
  }))
}

export function showSessions(deps: SessionsDeps, request: HttpRequest): Promise<Reply> {
  return accountPage(deps, request, { action: 'view', type: 'session', page: SESSIONS_PAGE }, async (visit) => {
    const sessions = await sessionsOf(deps, request.tenant, visit.session.user)
    const page = sessionsPage({
      frame: visit.frame,
      done: DONE.find((word) => word === request.query.get('done')),
      sessions: sessions.map(sessionView(visit)),
      devices: await deviceViews(deps, request, visit),
      othersToken: visit.formToken({ action: 'end_session', type: 'session' }),
      letters: lettersReach(deps, visit.session.user),
    })
    return { status: 200, ...page }
  })
}

/** Back to the page, which says what was done; 303, so that a reload does it not again. */
export const backToSessions = (done: SessionsDone): Reply => ({
  status: 303,
  headers: { location: `${SESSIONS_PAGE}?done=${done}` },
})
