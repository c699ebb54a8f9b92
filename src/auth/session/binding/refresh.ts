/**
 * Refresh endpoint of device bound sessions: before the short-lived cookie ends, the device signs another challenge. Device
 * Bound Session Credentials, "Server considerations" and "Send request". Asks `session`, stage `continue`. That a browser
 * refreshes on its own is no use of the session: it stays as idle as it is.
 */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { epochSeconds } from '../../../kernel/clock.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { askSessionStage, obeyContinuation } from '../continue-session.ts'
import { type LiveSession, readSession } from '../session.ts'
import { changesSince } from '../sight.ts'
import { nextChallenge, sessionInstructions } from './instructions.ts'
import { isProofOf, readDeviceProof, textOfHeader } from './proof.ts'
import { type BindingDeps, challengeAnswered, refused } from './register.ts'

/** 403 asks for a proof of this challenge; any other 4xx ends the binding in the browser. */
function askAgain(deps: BindingDeps, { record }: LiveSession): Reply {
  const identifier = deps.binding.identifier(record)
  const challenge = deps.binding.challenge('refresh', record, epochSeconds(deps.clock))
  return { status: 403, headers: { 'secure-session-challenge': nextChallenge(challenge, identifier) } }
}

/** POST /session/binding/refresh. */
export async function refreshDeviceProof(deps: BindingDeps, request: HttpRequest): Promise<Reply> {
  const session = await readSession(deps, request)
  if (session === undefined) throw new OAuthError('login_required')
  await deps.rates?.person(request, session.user.sub)
  const { deviceKey } = session.record
  // Only the browser itself can send it: no page learns from here who is signed in.
  const named = textOfHeader(request, 'sec-secure-session-id')
  const identifier = deps.binding.identifier(session.record)
  if (deviceKey === undefined || named !== identifier)
    throw refused('Sec-Secure-Session-Id names no binding of this session.', 'identifier')
  const proof = readDeviceProof(request)
  if (proof === undefined) return askAgain(deps, session)
  const signed = await isProofOf(proof, deviceKey)
  const spend = challengeAnswered(deps, request, 'refresh', session, proof)
  // An old challenge may be on its way while a new one is: it is asked again.
  if (signed && spend === undefined) return askAgain(deps, session)

  const continuation = {
    changes: changesSince(session.record.sight, request),
    proof: signed ? ('proven' as const) : ('failed' as const),
  }
  const answer = await askSessionStage(deps, request, 'continue', session, continuation)
  const { next, proof_seconds: proofSeconds } = answer.obligations
  if (next !== 'go_on') await obeyContinuation(deps, request, session, continuation, answer)
  if (next !== 'go_on' || !signed) throw refused('The device did not prove the key of this session.', 'signature')
  if (!(await spend?.())) return askAgain(deps, session)
  return {
    status: 200,
    headers: { 'set-cookie': deps.binding.prove(session.record, proofSeconds, epochSeconds(deps.clock)) },
    body: sessionInstructions(deps.issuer, identifier),
  }
}
