/**
 * Security Event Tokens. RFC 8417 2, with the profile of SSF 1.0 4: one event each, `sub_id` in place of `sub`, never an
 * `exp`; typ secevent+jwt, so that none passes for an ID token. The person is named as the receiver's client knows them
 * (RFC 9493 3.2.3), the session by the `sid` of that client's ID tokens; nothing in it is the same for two receivers.
 */
import { digestOf } from '../../kernel/ids.ts'
import type { OutboxTask, OutgoingSignal } from '../../storage/outbox-port.ts'
import type { Store } from '../../storage/port.ts'
import type { ClientRecord, UserRecord } from '../../storage/records.ts'
import type { MintDeps } from '../token/access-token.ts'
import { signJwt } from '../token/jws.ts'
import { sessionIdentifier } from '../token/session-identifier.ts'
import type { SubjectOf } from '../token/subject-identifier.ts'
import { profileClaims } from '../user/claims.ts'
import { EVENT_TYPES, initiatorOf, VERIFICATION } from './caep.ts'
import type { StreamReceiver } from './receivers.ts'

export type SetDeps = MintDeps & {
  readonly subjectOf: SubjectOf
  readonly store: { readonly users: Pick<Store['users'], 'find'> }
}

/** Alias of the levels' namespace (CAEP 1.0 3.4.1): they are the values of `acr` in ID tokens of this provider. */
const LEVELS = 'urn:sallyport:acr'

type Values = Readonly<Record<string, unknown>>

function subjectOfEvent(deps: SetDeps, client: ClientRecord, task: OutboxTask): Values {
  const { sub = '', sid } = task.event
  const user = { format: 'iss_sub', iss: deps.issuer, sub: deps.subjectOf(client, sub) }
  const isOfSession = task.signal?.type === 'session_revoked' || task.signal?.type === 'assurance_level_change'
  if (!isOfSession || sid === undefined) return user
  // Without the session it would read as all of them (CAEP 1.0 3.1).
  return { format: 'complex', user, session: { format: 'opaque', id: sessionIdentifier(sid, client.clientId) } }
}

/** As stored now, `null` for what is there no more. */
function claimValues(user: UserRecord, names: readonly string[]): Values {
  const values: Values = { ...profileClaims(user, names), ...(names.includes('roles') && { roles: user.roles }) }
  return Object.fromEntries(names.map((name) => [name, values[name] ?? null]))
}

const why = (task: OutboxTask): Values => {
  const { name, detail } = task.event
  const initiator = initiatorOf(task.event)
  return {
    ...(initiator !== undefined && { initiating_entity: initiator }),
    reason_admin: { en: detail === undefined ? name : `${name}: ${detail}` },
  }
}

async function detailsOf(
  deps: SetDeps,
  tenant: string,
  task: OutboxTask,
  signal: Exclude<OutgoingSignal, { readonly type: 'verification' }>,
): Promise<Values | undefined> {
  const common = { event_timestamp: task.event.at, ...(signal.reasons && why(task)) }
  switch (signal.type) {
    case 'session_revoked':
      return common
    case 'credential_change':
      return { ...common, credential_type: signal.credentialType, change_type: signal.changeType }
    case 'assurance_level_change':
      return {
        ...common,
        namespace: LEVELS,
        current_level: signal.current,
        previous_level: signal.previous,
        ...(signal.direction !== undefined && { change_direction: signal.direction }),
      }
    case 'token_claims_change': {
      const user = await deps.store.users.find(tenant, task.event.sub ?? '')
      return user && { ...common, claims: claimValues(user, signal.claims) }
    }
  }
}

/** Undefined: there is nothing to say any more. */
export async function mintSet(
  deps: SetDeps,
  tenant: string,
  receiver: StreamReceiver,
  client: ClientRecord,
  task: OutboxTask,
): Promise<string | undefined> {
  const { event, signal } = task
  if (signal === undefined) return undefined
  const base = { iss: deps.issuer, aud: client.clientId, iat: task.createdAt, jti: task.id }
  // SSF 1.0 4.1.9: the same for all that one request brought about; another for each receiver.
  const txn = digestOf(`${client.clientId} ${event.requestId ?? event.id}`)
  const alg = { alg: client.metadata?.id_token_signed_response_alg }
  if (signal.type === 'verification') {
    const details = signal.state === undefined ? {} : { state: signal.state }
    const claims = {
      ...base,
      txn,
      sub_id: { format: 'opaque', id: receiver.name },
      events: { [VERIFICATION]: details },
    }
    return signJwt(deps.keys, 'secevent+jwt', claims, alg)
  }
  const details = await detailsOf(deps, tenant, task, signal)
  if (details === undefined) return undefined
  const claims = {
    ...base,
    toe: event.at,
    txn,
    sub_id: subjectOfEvent(deps, client, task),
    events: { [EVENT_TYPES[signal.type]]: details },
  }
  return signJwt(deps.keys, 'secevent+jwt', claims, alg)
}
