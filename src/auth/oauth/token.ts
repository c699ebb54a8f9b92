/**
 * Token endpoint. RFC 6749 3.2. Asks `token`. The driver owns what every grant type shares, in an order that none can
 * change: who, what was presented, decide, make, spend in one step, answer. Nothing is spent before policy has answered.
 */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import { type Decide, publicCode } from '../../policy-engine/decide.ts'
import { type AuthenticateClientDeps, type AuthenticatedClient, authenticateClient } from '../client/authenticate.ts'
import { clientFacts } from '../client/client-facts.ts'
import { type KeepUsedDeps, keepUsed } from '../client/keep-used.ts'
import { authenticationFacts } from '../session/subject-stage.ts'
import type { RecentRisk } from '../threat/recent-signals.ts'
import { bindingOf, type ProveSender, type Sender, senderFacts } from '../token/sender.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import { presentCode } from './grants/authorization-code.ts'
import { presentClient } from './grants/client-credentials.ts'
import { presentDeviceCode } from './grants/device-code.ts'
import type { GrantDeps, GrantType, Present, Presented } from './grants/grant.ts'
import { presentRefreshToken } from './grants/refresh-token.ts'
import { idTokenClaims } from './id-token-claims.ts'
import { type MakeTokensDeps, makeTokens } from './make-tokens.ts'
import { readResources, readScopes, refuseRepeated, required } from './parameters.ts'

export type TokenDeps = AuthenticateClientDeps &
  KeepUsedDeps &
  GrantDeps &
  MakeTokensDeps & {
    readonly proveSender: ProveSender
    readonly decide: Decide
    readonly audit: Audit
    readonly rates?: Pick<RateLimits, 'client' | 'person'> | undefined
    readonly recentRisk?: RecentRisk | undefined
  }

const GRANTS: Readonly<Record<GrantType, Present>> = {
  authorization_code: presentCode,
  refresh_token: presentRefreshToken,
  client_credentials: presentClient,
  'urn:ietf:params:oauth:grant-type:device_code': presentDeviceCode,
}

/** The contract has one reason for invalid_request. */
const NO_CERTIFICATE =
  'Show a client certificate: this client has no tokens but those that are bound to one (RFC 8705 3).'

const isGrantType = (text: string): text is GrantType => Object.hasOwn(GRANTS, text)

function tokenFacts(
  { recentRisk }: TokenDeps,
  request: HttpRequest,
  client: AuthenticatedClient,
  grantType: GrantType,
  presented: Pick<Presented, 'person' | 'requested'>,
  sender: Sender,
): DecisionInput<'token'> {
  const { person, requested } = presented
  const risk = recentRisk?.(request, client.record, person?.record.sub)
  return {
    tenant: client.tenant,
    grant_type: grantType,
    client: clientFacts(client.record, client.authMethod),
    requested: { scopes: [...requested.scopes], resources: [...requested.resources] },
    request: request.origin,
    ...senderFacts(sender),
    ...(risk && { risk }),
    ...(person && {
      subject: subjectFacts(person.user),
      authentication: authenticationFacts(person.record),
      grant: {
        scopes: [...person.scopes],
        audience: [...person.audience],
        created_at: person.record.createdAt,
      },
    }),
  }
}

/**
 * What the request presents. Of what is no good, policy still says whether the client may use the grant type at all: RFC 6749
 * 5.2 has unauthorized_client for that, and a client would look for its mistake in the code.
 */
async function present(
  deps: TokenDeps,
  request: HttpRequest,
  client: AuthenticatedClient,
  grantType: GrantType,
  sender: Sender,
): Promise<Presented> {
  try {
    return await GRANTS[grantType](deps, request, client, sender)
  } catch (error) {
    const isNoGood = error instanceof OAuthError && error.code === 'invalid_grant'
    if (!isNoGood || client.record.grantTypes.includes(grantType)) throw error
    const requested = { scopes: readScopes(request.form), resources: readResources(request.form) }
    const verdict = await deps.decide('token', tokenFacts(deps, request, client, grantType, { requested }, sender), {
      requestId: request.id,
    })
    throw verdict.allow ? error : new OAuthError(publicCode('token', verdict, 'unauthorized_client'))
  }
}

export async function token(deps: TokenDeps, request: HttpRequest): Promise<Reply> {
  refuseRepeated(request.form)
  const client = await authenticateClient(deps, request)
  const grantType = required(request.form, 'grant_type')
  if (!isGrantType(grantType)) throw new OAuthError('unsupported_grant_type')
  const sender = await deps.proveSender(request)
  const presented = await present(deps, request, client, grantType, sender)
  const { person } = presented
  if (person !== undefined) await deps.rates?.person(request, person.record.sub)
  // Only now: whoever presents nothing of worth writes nothing to the store.
  await sender.use({ client_id: client.record.clientId, sub: person?.record.sub })

  const verdict = await deps.decide('token', tokenFacts(deps, request, client, grantType, presented, sender), {
    requestId: request.id,
  })
  if (!verdict.allow) {
    await presented.deny()
    const code = publicCode('token', verdict, 'unauthorized_client')
    throw new OAuthError(code, code === 'invalid_request' ? { detail: NO_CERTIFICATE } : {})
  }

  const confirmation = bindingOf(verdict.obligations.sender_constraint, sender)
  const made = makeTokens(deps, client.record, presented, verdict.obligations, {
    confirmation,
    idTokenClaims: person && (await idTokenClaims(deps, request, client.record, person, verdict.obligations)),
    first: grantType !== 'refresh_token',
    now: request.origin.time.epoch_seconds,
  })
  const graceSeconds = verdict.obligations.refresh_grace_seconds
  const kept = await presented.spend({ ...made, graceSeconds })

  if (client.record.expiresAt !== undefined) await keepUsed(deps, client)

  const { grantId, sub } = made.successors.accessToken
  await deps.audit({
    event: 'token_issued',
    tenant: client.tenant,
    request_id: request.id,
    client_id: client.record.clientId,
    decision_id: verdict.decisionId,
    detail: grantType,
    ...(sub !== undefined && { sub }),
    ...(grantId !== undefined && { grant_id: grantId }),
  })
  return {
    status: 200,
    headers: { pragma: 'no-cache' },
    body: kept === undefined ? made.body : { ...made.body, refresh_token: kept },
  }
}
