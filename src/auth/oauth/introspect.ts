/**
 * Token introspection. RFC 7662, RFC 9701. Asks `introspect`, which recomputes the token's permissions from the policy in force.
 * Unknown, foreign, ended and denied read alike (section 2.2), but where policy wants the caller to slow down: that is 429.
 */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { DecisionResult, Obligations } from '../../policy-engine/contract/index.ts'
import { type Decide, publicCode } from '../../policy-engine/decide.ts'
import type { ClientRecord } from '../../storage/records.ts'
import {
  type AuthenticateClientDeps,
  type AuthenticatedClient,
  authenticateConfidentialClient,
} from '../client/authenticate.ts'
import { clientFacts } from '../client/client-facts.ts'
import type { RecentRisk } from '../threat/recent-signals.ts'
import { audClaim, scopeMember } from '../token/access-token.ts'
import { type FindTokenDeps, type FoundToken, findToken } from '../token/find-token.ts'
import { policyClaims } from '../token/policy-claims.ts'
import { tokenType } from '../token/sender.ts'
import type { SubjectOf } from '../token/subject-identifier.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import { type Introspection, type IntrospectionAnswerDeps, introspectionReply } from './introspection-answer.ts'
import { refuseRepeated, required } from './parameters.ts'

export type IntrospectDeps = AuthenticateClientDeps &
  FindTokenDeps &
  IntrospectionAnswerDeps & {
    readonly subjectOf: SubjectOf
    readonly decide: Decide
    readonly audit: Audit
    /** Absent: nobody counts. */
    readonly introspected?: ((client: AuthenticatedClient['record']) => void) | undefined
    readonly recentRisk?: RecentRisk | undefined
  }

const INACTIVE: Introspection = { active: false }
/** Spikes are counted by the minute. */
const WAIT_SECONDS = 60

/** RFC 7662 2.2; `permissions` is ours. */
function describe(deps: IntrospectDeps, found: FoundToken, obligations: Obligations<'introspect'>): Introspection {
  const { facts, jti, grant, holder, confirmation } = found
  return {
    ...policyClaims(obligations.claims),
    active: true,
    iss: deps.issuer,
    client_id: facts.client_id,
    sub: facts.sub === undefined || holder === undefined ? facts.client_id : deps.subjectOf(holder, facts.sub),
    ...(obligations.audience.length > 0 && { aud: audClaim(obligations.audience) }),
    ...scopeMember(obligations.scopes),
    permissions: obligations.permissions,
    iat: facts.issued_at,
    exp: facts.expires_at,
    // RFC 9449 6.2, RFC 8705 3.2; undefined is not written.
    cnf: confirmation,
    ...(jti !== undefined && { jti, token_type: tokenType(confirmation) }),
    ...(grant && { acr: grant.acr, amr: grant.amr, auth_time: grant.authTime }),
  }
}

export async function introspect(deps: IntrospectDeps, request: HttpRequest): Promise<Reply> {
  refuseRepeated(request.form)
  const client = await authenticateConfidentialClient(deps, request)
  deps.introspected?.(client.record)
  return introspectionReply(deps, request, client.record, await judge(deps, request, client))
}

async function judge(deps: IntrospectDeps, request: HttpRequest, client: AuthenticatedClient): Promise<Introspection> {
  const { tenant, record } = client
  const text = required(request.form, 'token')
  const found = await findToken(deps, tenant, text, request.origin.time.epoch_seconds)
  if (found === undefined) {
    await deps.audit({
      event: 'introspect_unknown_token',
      tenant,
      request_id: request.id,
      client_id: record.clientId,
    })
  }

  const risk = deps.recentRisk?.(request, record, found?.facts.sub)
  // Of a token that nobody knows there is nothing to judge but who asks.
  if (found === undefined && risk === undefined) return INACTIVE
  const verdict = await deps.decide(
    'introspect',
    {
      tenant,
      client: clientFacts(record, client.authMethod),
      request: request.origin,
      ...(found && tokenAndWhose(found)),
      ...(risk && { risk }),
    },
    { requestId: request.id },
  )
  refuseHurry(verdict)
  // Policy hears that a token has ended, and may not bring it back, nor one that nobody knows.
  if (!verdict.allow || !found?.facts.active) return INACTIVE

  return describe(deps, found, verdict.obligations)
}

const tokenAndWhose = ({ facts, user, holder }: FoundToken) => ({
  token: facts,
  ...(user && { subject: subjectFacts(user) }),
  ...(holder && { holder: holderFacts(holder) }),
})

const holderFacts = ({ active, scopes, audience, roles }: ClientRecord) => ({
  active,
  scopes: [...scopes],
  audience: [...audience],
  roles: [...roles],
})

/** Throws slow_down: no statement about the token. */
function refuseHurry(verdict: DecisionResult<'introspect'>): void {
  if (verdict.allow || publicCode('introspect', verdict, 'access_denied') !== 'slow_down') return
  throw new OAuthError('slow_down', { retryAfterSeconds: WAIT_SECONDS })
}
