/**
 * Registration endpoint of device bound sessions: the browser answers the offer of a sign-in with a key of the device and its
 * signature. Device Bound Session Credentials, "Server considerations" and "Create session". Asks `session`, stage `bind`.
 */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { epochSeconds } from '../../../kernel/clock.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { digestOf } from '../../../kernel/ids.ts'
import type { Store } from '../../../storage/port.ts'
import type { DeviceKey, SessionRecord } from '../../../storage/records.ts'
import { askSessionStage, type ContinueSessionDeps } from '../continue-session.ts'
import { type LiveSession, readSession, type SessionDeps } from '../session.ts'
import { changesSince } from '../sight.ts'
import type { ChallengeFor } from './device-binding.ts'
import { sessionInstructions } from './instructions.ts'
import { type DeviceProof, keyOfProof, readDeviceProof } from './proof.ts'

export type BindingDeps = SessionDeps &
  ContinueSessionDeps & { readonly store: { readonly replay: Pick<Store['replay'], 'firstUse'> } }

/** A browser drops the session's binding on any such answer. */
export const refused = (detail: string, cause: string) => new OAuthError('invalid_request', { detail, cause })

/** Whether the proof answers a challenge of ours; undefined where it does not, else how it is spent: true for the first who does. */
export function challengeAnswered(
  deps: BindingDeps,
  request: HttpRequest,
  purpose: ChallengeFor,
  { record }: LiveSession,
  { challenge }: DeviceProof,
): (() => Promise<boolean>) | undefined {
  const end = deps.binding.judgeChallenge(purpose, record, challenge, epochSeconds(deps.clock))
  if (end === undefined) return undefined
  return () => deps.store.replay.firstUse(request.tenant, digestOf(`device bound session\n${challenge}`), end)
}

/** Undefined where it has ended meanwhile, or another request has bound it. */
async function bind(
  deps: BindingDeps,
  request: HttpRequest,
  { digest, record }: LiveSession,
  deviceKey: DeviceKey,
): Promise<SessionRecord | undefined> {
  const { sessions } = deps.store
  const bound = { ...record, deviceKey }
  const written = await sessions.replace(request.tenant, digest, bound, record.revision ?? 0)
  if (written === 'written') return bound
  const now = written === 'conflict' ? await sessions.find(request.tenant, digest) : undefined
  if (now === undefined || now.deviceKey !== undefined) return undefined
  // It was seen meanwhile: the page that the sign-in led to is asked for at the same time.
  const again = { ...now, deviceKey }
  return (await sessions.replace(request.tenant, digest, again, now.revision ?? 0)) === 'written' ? again : undefined
}

/** POST /session/binding. */
export async function registerDeviceKey(deps: BindingDeps, request: HttpRequest): Promise<Reply> {
  const session = await readSession(deps, request)
  if (session === undefined) throw new OAuthError('login_required')
  await deps.rates?.person(request, session.user.sub)
  if (session.record.deviceKey !== undefined) throw refused('This session is bound already.', 'bound already')
  const proof = readDeviceProof(request)
  if (proof === undefined) throw refused('Secure-Session-Response must hold a DBSC proof.', 'no proof')
  const now = epochSeconds(deps.clock)
  const deviceKey = await keyOfProof(proof, now)
  if (deviceKey === undefined) throw refused('The proof is not signed by the public key in its header.', 'signature')
  const spend = challengeAnswered(deps, request, 'register', session, proof)
  if (spend === undefined) throw refused('The proof answers no challenge of this session.', 'challenge')

  const changes = changesSince(session.record.sight, request)
  const { obligations, decisionId } = await askSessionStage(deps, request, 'bind', session, {
    changes,
    proof: 'proven',
  })
  if (obligations.next !== 'go_on') throw new OAuthError('access_denied')

  if (!(await spend())) throw refused('This challenge was answered before.', 'challenge')
  const bound = await bind(deps, request, session, deviceKey)
  if (bound === undefined) throw refused('This session has ended or is bound already.', 'bound already')
  await deps.audit({
    event: 'session_bound',
    tenant: request.tenant,
    request_id: request.id,
    sub: bound.sub,
    decision_id: decisionId,
    resource: `session:${bound.sid}`,
  })
  return {
    status: 200,
    headers: { 'set-cookie': deps.binding.prove(bound, obligations.proof_seconds, now) },
    body: sessionInstructions(deps.issuer, deps.binding.identifier(bound)),
  }
}
