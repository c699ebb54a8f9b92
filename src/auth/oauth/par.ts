/**
 * Pushed authorization requests. RFC 9126, RFC 9449 10.1. The client authenticates as at the token endpoint, and the request is
 * read and judged as at the authorization endpoint, before any browser sees it. Asks `authorize`, stage `client`.
 */
import type { HttpRequest, Params, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { digestOf, randomSecret } from '../../kernel/ids.ts'
import type { Decide } from '../../policy-engine/decide.ts'
import type { PushedRequestStore } from '../../storage/port.ts'
import { type AuthenticateClientDeps, authenticateClient } from '../client/authenticate.ts'
import { INTERACTION_TTL_SECONDS } from '../session/interaction.ts'
import type { RecentRisk } from '../threat/recent-signals.ts'
import type { ProveSender } from '../token/sender.ts'
import { AUTHORIZATION_PARAMETERS, readAuthorizationRequest, readState } from './authorization-request.ts'
import { checkOwnRedirectUri } from './check-redirect-uri.ts'
import { askClientStage } from './client-stage.ts'
import { type IdTokenHintDeps, subjectOfHint } from './id-token-hint.ts'
import { refuseRepeated, required } from './parameters.ts'
import { pendingAuthorization } from './pending-authorization.ts'
import { REQUEST_URI_PREFIX, sealAsked } from './pushed-request.ts'
import { responseModeOf } from './response-mode.ts'

export type ParDeps = AuthenticateClientDeps &
  IdTokenHintDeps & {
    readonly proveSender: ProveSender
    readonly decide: Decide
    readonly recentRisk?: RecentRisk | undefined
    readonly store: { readonly pushedRequests: Pick<PushedRequestStore, 'put'> }
  }

/** It lies in the store until it ends, and a public client's can be pushed by anybody. */
const MAX_KEPT = 8 * 1024

/** What the authorization endpoint reads; never a credential of the client, nor a token. Throws invalid_request. */
function kept(form: Params, clientId: string): string {
  const parameters = new URLSearchParams({ client_id: clientId })
  for (const name of AUTHORIZATION_PARAMETERS) for (const value of form.all(name)) parameters.append(name, value)
  const text = parameters.toString()
  if (text.length <= MAX_KEPT) return text
  throw new OAuthError('invalid_request', {
    detail: `A pushed request takes at most ${MAX_KEPT} bytes of parameters.`,
  })
}

/** RFC 9449 10.1: a proof binds the code to its key, as `dpop_jkt` does; both together name one key. */
async function keyOfProof(deps: ParDeps, request: HttpRequest, asked: string | undefined): Promise<string | undefined> {
  const sender = await deps.proveSender(request)
  const { jkt } = sender.proved
  if (jkt !== undefined && asked !== undefined && jkt !== asked)
    throw new OAuthError('invalid_dpop_proof', { detail: 'The dpop_jkt is not the key of the DPoP proof.' })
  await sender.use()
  return jkt
}

export async function par(deps: ParDeps, request: HttpRequest): Promise<Reply> {
  const { form } = request
  refuseRepeated(form)
  const { record: client, authMethod, tenant } = await authenticateClient(deps, request)
  if (form.get('request_uri') !== undefined)
    throw new OAuthError('invalid_request', { detail: 'A pushed request takes no request_uri.' })

  const parameters = kept(form, client.clientId)
  // Also where RFC 6749 would let it be left out: FAPI 2.0 Security Profile 5.3.2.2.
  const redirectUri = checkOwnRedirectUri(client, required(form, 'redirect_uri'))
  const asked = readAuthorizationRequest(form, redirectUri, client.metadata)
  const onlySub = await subjectOfHint(deps, client.clientId, asked.idTokenHint)
  const nowSeconds = request.origin.time.epoch_seconds
  const address = { redirectUri, state: readState(form), responseMode: responseModeOf(form, redirectUri) }
  const pending = pendingAuthorization(asked, client, { address, hintedSub: onlySub, nowSeconds })
  const dpopJkt = await keyOfProof(deps, request, asked.dpopJkt)
  const obligations = await askClientStage(deps, request, { client, authMethod, asked, pending, pushed: true })

  const ttlSeconds = obligations.request_uri_ttl_seconds
  const secret = randomSecret()
  await deps.store.pushedRequests.put(tenant, digestOf(secret), {
    v: 1,
    clientId: client.clientId,
    sealed: sealAsked(secret, { parameters, ...(onlySub !== undefined && { onlySub }) }),
    beginsBefore: nowSeconds + ttlSeconds,
    expiresAt: nowSeconds + ttlSeconds + INTERACTION_TTL_SECONDS,
    ...(dpopJkt !== undefined && { dpopJkt }),
  })
  return { status: 201, body: { request_uri: `${REQUEST_URI_PREFIX}${secret}`, expires_in: ttlSeconds } }
}
