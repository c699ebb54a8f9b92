/** What people and clients may do at present, as the admin API shows it: sessions and grants, and whether they are live. */
import type { Store } from '../../../storage/port.ts'
import type { ClientRecord, GrantRecord, SessionRecord, UserRecord } from '../../../storage/records.ts'
import type { EndSessionDeps } from '../../session/end-session.ts'
import type { ErasePersonDeps } from '../../session/erase-person.ts'
import { sessionEnd, sessionIsLive } from '../../session/session.ts'
import { grantIsLive } from '../../token/live.ts'
import type { PersonDataDeps } from '../../user/person-data.ts'
import type { DecideAdminDeps } from '../decide-admin.ts'

/** What the endpoints of sessions and grants need. */
export type AccessDeps = DecideAdminDeps &
  EndSessionDeps &
  PersonDataDeps &
  ErasePersonDeps & {
    readonly store: {
      readonly users: Pick<Store['users'], 'find' | 'revokeAll'>
      readonly clients: Pick<Store['clients'], 'find' | 'revokeAll'>
      readonly sessions: Pick<Store['sessions'], 'findById' | 'list' | 'end'>
      readonly grants: Pick<Store['grants'], 'find' | 'list' | 'revoke' | 'endAccessTokens'>
    }
  }

type Fields = Readonly<Record<string, unknown>>

const shown = (fields: Fields, visible: ReadonlySet<string>): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([field, value]) => visible.has(field) && value !== undefined))

/** Each is read once, however often it is named. */
async function readEach<R>(ids: readonly string[], read: (id: string) => Promise<R>): Promise<ReadonlyMap<string, R>> {
  const distinct = [...new Set(ids)]
  const records = await Promise.all(distinct.map(read))
  return new Map(distinct.map((id, index) => [id, records[index] as R]))
}

const usersOf = (
  { store }: AccessDeps,
  tenant: string,
  records: readonly { readonly sub: string }[],
): Promise<ReadonlyMap<string, UserRecord | undefined>> =>
  readEach(
    records.map(({ sub }) => sub),
    (sub) => store.users.find(tenant, sub),
  )

export async function renderSessions(
  deps: AccessDeps,
  tenant: string,
  records: readonly SessionRecord[],
  visible: ReadonlySet<string>,
  nowSeconds: number,
): Promise<readonly Fields[]> {
  const users = await usersOf(deps, tenant, records)
  return records.map((session) => {
    const { sid, sub, acr, amr, authTime, createdAt, expiresAt, lastSeenAt = createdAt, sight } = session
    const live = sessionIsLive(session, users.get(sub), nowSeconds)
    const dates = { auth_time: authTime, created_at: createdAt, expires_at: expiresAt, last_seen_at: lastSeenAt }
    const fields = { sub, acr, amr, ...dates, idle_ends_at: sessionEnd(session), ...sight, live }
    return { sid, ...shown({ ...fields, device_bound: session.deviceKey !== undefined }, visible) }
  })
}

export async function renderGrants(
  deps: AccessDeps,
  tenant: string,
  records: readonly GrantRecord[],
  visible: ReadonlySet<string>,
  nowSeconds: number,
): Promise<readonly Fields[]> {
  const clientIds = records.map(({ clientId }) => clientId)
  const [users, clients] = await Promise.all([
    usersOf(deps, tenant, records),
    readEach<ClientRecord | undefined>(clientIds, (id) => deps.store.clients.find(tenant, id)),
  ])
  return records.map((grant) => {
    const { grantId, clientId, sub, sid, scopes, audience, acr, amr, authTime, createdAt, expiresAt } = grant
    const live = grantIsLive(grant, clients.get(clientId), users.get(sub), nowSeconds)
    const dates = { auth_time: authTime, created_at: createdAt, expires_at: expiresAt }
    const fields = { client_id: clientId, sub, sid, scopes, audience, acr, amr, ...dates, live }
    return { grant_id: grantId, ...shown(fields, visible) }
  })
}
