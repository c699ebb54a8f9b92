/** Answers a signal of an attack: audit tells of it, `threat` says what is to be done, and that is done. */
import type { Audit } from '../../audit/events.ts'
import { originAt } from '../../http/origin.ts'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { ThreatAction } from '../../policy-engine/contract/threat.ts'
import type { Decide, Verdict } from '../../policy-engine/decide.ts'
import type { Store } from '../../storage/port.ts'
import type { ClientRecord, UserRecord } from '../../storage/records.ts'
import { clientFacts } from '../client/client-facts.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import type { Throttled, Throttles } from './limits/throttles.ts'
import type { Signal } from './signal.ts'

export interface AnswerSignalDeps {
  readonly store: {
    readonly clients: Pick<Store['clients'], 'find' | 'revokeAll'>
    readonly users: Pick<Store['users'], 'find' | 'revokeAll'>
    readonly grants: Pick<Store['grants'], 'find' | 'revoke'>
  }
  readonly decide: Decide
  readonly audit: Audit
  readonly clock: Clock
  readonly throttles: Pick<Throttles, 'set'>
  readonly act: ThreatActions
  readonly metrics: ThreatMetrics
}

/** What other parts of the service do for it. */
export interface ThreatActions {
  /** With all grants that were given in it. */
  endSession(tenant: string, session: { readonly sid: string; readonly sub: string }): Promise<unknown>
  /** The sessions of a person, but one that may go on; with `all` their grants too. */
  endSessions(tenant: string, sub: string, ends: 'all' | 'none', butSid?: string): Promise<unknown>
  /** `done`: what has been done about it. */
  notify(user: UserRecord, signal: Signal, done: readonly ThreatAction[]): void
}

export interface ThreatMetrics {
  readonly threatSignals: { inc(labels: { readonly signal: string }): void }
  readonly threatAnswers: { inc(labels: { readonly signal: string; readonly action: string }): void }
}

/** Of a signal: what is known of whom it is about. */
interface About {
  readonly user: UserRecord | undefined
  readonly client: ClientRecord | undefined
}

/** Rejects where it could not be decided or done: whoever asked tries again. */
export async function answerSignal(deps: AnswerSignalDeps, signal: Signal): Promise<void> {
  const { tenant, sub, clientId } = signal
  const [user, client] = await Promise.all([
    sub === undefined ? undefined : deps.store.users.find(tenant, sub),
    clientId === undefined ? undefined : deps.store.clients.find(tenant, clientId),
  ])

  const verdict = await deps.decide('threat', factsOf(deps, signal, { user, client }))

  const actions = verdict.allow ? verdict.obligations.actions : []
  const done: ThreatAction[] = []
  for (const action of toldLast(actions))
    if (await take(deps, action, signal, { user, client }, verdict, done)) {
      done.push(action)
      await tell(deps, signal, action, verdict.decisionId)
    }
  if (actions.length === 0) await tell(deps, signal, 'none', verdict.decisionId)
}

/** A letter says what was done: it is written once that is so, and not again where that had to be tried again. */
const toldLast = (actions: readonly ThreatAction[]): readonly ThreatAction[] =>
  actions.toSorted((one, other) => Number(one === 'notify') - Number(other === 'notify'))

/** Told once, whatever comes of it. */
export async function recordSignal({ audit, metrics }: AnswerSignalDeps, signal: Signal): Promise<void> {
  metrics.threatSignals.inc({ signal: signal.signal })
  await audit({ event: 'risk_signal', detail: signal.signal, ...eventAbout(signal) })
}

function factsOf({ clock }: AnswerSignalDeps, signal: Signal, { user, client }: About): DecisionInput<'threat'> {
  return {
    tenant: signal.tenant,
    signal: signal.signal,
    ...(signal.kind && { kind: signal.kind }),
    ...(user && { subject: subjectFacts(user) }),
    ...(client && {
      client: clientFacts(client, 'none'),
      self_registered: client.registration !== undefined,
      client_age_seconds: Math.max(0, epochSeconds(clock) - client.createdAt),
    }),
    source: signal.source?.kind ?? 'none',
    count: signal.count,
    usual: signal.usual ?? 0,
    ...(signal.floor !== undefined && { floor: signal.floor }),
    time: originAt('', clock).time,
  }
}

type Allowed = Extract<Verdict<'threat'>, { allow: true }>

/** Answers whether there was somebody or something to do it to. */
async function take(
  deps: AnswerSignalDeps,
  action: ThreatAction,
  signal: Signal,
  { user, client }: About,
  verdict: Verdict<'threat'>,
  done: readonly ThreatAction[],
): Promise<boolean> {
  const { store, act } = deps
  const { tenant, grantId } = signal
  const ofPerson = async (run: (user: UserRecord) => unknown): Promise<boolean> => {
    if (user !== undefined) await run(user)
    return user !== undefined
  }
  switch (action) {
    case 'notify':
      return ofPerson((person) => act.notify(person, signal, done))
    case 'throttle':
      return verdict.allow && throttle(deps, signal, { user, client }, verdict)
    case 'step_up':
      // Who has just signed in would only do the same again.
      return ofPerson(({ sub }) => act.endSessions(tenant, sub, 'none', signal.sid))
    case 'revoke_grant':
      if (grantId !== undefined) await store.grants.revoke(tenant, grantId)
      return grantId !== undefined
    case 'end_session':
      return endSessionOf(deps, signal)
    case 'end_sessions':
      return ofPerson(({ sub }) => act.endSessions(tenant, sub, 'all'))
    case 'revoke_user':
      return ofPerson(({ sub }) => revokeUser(deps, tenant, sub))
    case 'revoke_client':
      if (client !== undefined) await store.clients.revokeAll(tenant, client.clientId)
      return client !== undefined
  }
}

/** The epoch ends everything in one step; what follows tidies up and tells applications and receivers. */
async function revokeUser({ store, act }: AnswerSignalDeps, tenant: string, sub: string): Promise<void> {
  await store.users.revokeAll(tenant, sub)
  await act.endSessions(tenant, sub, 'all')
}

async function endSessionOf({ store, act }: AnswerSignalDeps, { tenant, grantId }: Signal): Promise<boolean> {
  const grant = grantId === undefined ? undefined : await store.grants.find(tenant, grantId)
  if (grant?.sid === undefined) return false
  await act.endSession(tenant, { sid: grant.sid, sub: grant.sub })
  return true
}

async function throttle(
  { throttles }: AnswerSignalDeps,
  { tenant, source }: Signal,
  { user, client }: About,
  { obligations }: Allowed,
): Promise<boolean> {
  const about: Throttled | undefined =
    source ?? (client && { kind: 'client', clientId: client.clientId }) ?? (user && { kind: 'person', sub: user.sub })
  if (about === undefined || obligations.throttle_seconds === 0) return false
  await throttles.set(tenant, about, obligations.throttle_seconds, obligations.throttle_per_minute)
  return true
}

async function tell(
  { audit, metrics }: AnswerSignalDeps,
  signal: Signal,
  action: ThreatAction | 'none',
  decisionId: string,
): Promise<void> {
  metrics.threatAnswers.inc({ signal: signal.signal, action })
  await audit({
    event: 'threat_answered',
    detail: `${signal.signal}:${action}`,
    decision_id: decisionId,
    ...eventAbout(signal),
  })
}

const eventAbout = ({ tenant, requestId, sub, clientId, grantId }: Signal) => ({
  tenant,
  ...(requestId !== undefined && { request_id: requestId }),
  ...(sub !== undefined && { sub }),
  ...(clientId !== undefined && { client_id: clientId }),
  ...(grantId !== undefined && { grant_id: grantId }),
})
