/**
 * Writes the grant and its code in one step, and hands the code to the client. RFC 6749 4.1.2. A pushed request is spent here,
 * before anything is written: of all that finish with it, one has a code (RFC 9126 4).
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import type { ClaimAsked, ClaimsAsked } from '../../storage/interaction-records.ts'
import type { CodeStore, PushedRequestStore } from '../../storage/port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { answerClient } from '../session/answer-client.ts'
import type { PendingAuthorization } from '../session/interaction.ts'
import type { LiveSession } from '../session/session.ts'
import { newHandle } from '../token/handle.ts'
import { newGrant } from './new-grant.ts'

export interface IssueCodeDeps {
  readonly issuer: string
  readonly store: {
    readonly codes: Pick<CodeStore, 'issue'>
    readonly pushedRequests: Pick<PushedRequestStore, 'take'>
  }
}

type Asked = Readonly<Record<string, ClaimAsked>>

function among(asked: Asked | undefined, allowed: readonly string[]): Asked | undefined {
  const entries = Object.entries(asked ?? {}).filter(([name]) => allowed.includes(name))
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** Of the claims asked for one by one those that policy and the person allowed. */
function allowedClaims(asked: ClaimsAsked | undefined, allowed: readonly string[]): ClaimsAsked | undefined {
  const [userinfo, idToken] = [among(asked?.userinfo, allowed), among(asked?.idToken, allowed)]
  return userinfo || idToken ? { ...(userinfo && { userinfo }), ...(idToken && { idToken }) } : undefined
}

/** Undefined where the pushed request was spent by another tab. */
export async function issueCode(
  deps: IssueCodeDeps,
  request: HttpRequest,
  client: ClientRecord,
  pending: PendingAuthorization,
  session: LiveSession,
  obligations: Obligations<'authorize'>,
): Promise<Reply | undefined> {
  const { pushedDigest } = pending
  if (pushedDigest !== undefined && !(await deps.store.pushedRequests.take(request.tenant, pushedDigest)))
    return undefined
  const now = request.origin.time.epoch_seconds
  const claims = allowedClaims(pending.claims, obligations.claims)
  const codeExpiresAt = now + obligations.code_ttl_seconds
  const { scopes, audience } = obligations
  const grant = newGrant({ client, session, scopes, audience, claims, nonce: pending.nonce, now, codeExpiresAt })
  const code = newHandle(grant.grantId)
  const issued = await deps.store.codes.issue(request.tenant, grant, code.digest, {
    v: 1,
    redirectUri: pending.redirectUri,
    codeChallenge: pending.codeChallenge ?? '',
    expiresAt: codeExpiresAt,
    ...(pending.dpopJkt !== undefined && { dpopJkt: pending.dpopJkt }),
  })
  // Signed out in another tab, or by an administrator, while this one was judged.
  if (issued === 'ended') throw new OAuthError('login_required')
  return answerClient(deps.issuer, pending, { code: code.text })
}
