/** What an authorization request asks, as it is kept until a code comes of it. OIDC Core 3.1.2.1. */
import type { ClientRecord } from '../../storage/records.ts'
import type { ClientAddress } from '../session/answer-client.ts'
import type { PendingAuthorization } from '../session/interaction.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

export interface Circumstances {
  readonly address: ClientAddress
  /** Of the id_token_hint, here or where the request was pushed. */
  readonly hintedSub?: string | undefined
  /** Of a request that was pushed. */
  readonly pushed?: { readonly digest: string; readonly dpopJkt?: string | undefined } | undefined
  readonly nowSeconds: number
}

/** What it asks of the sign-in. */
function signInParts({ prompt, maxAgeSeconds, acrValues, claims }: AuthorizationRequest, nowSeconds: number) {
  const fresh = prompt.has('login') || maxAgeSeconds === 0
  return {
    ...(prompt.size > 0 && { prompt: [...prompt] }),
    ...(fresh && { askSignIn: true }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds, authenticatedSince: nowSeconds - maxAgeSeconds }),
    ...(prompt.has('consent') && { askConsent: true }),
    ...(acrValues.length > 0 && { acrValues }),
    ...(claims.essentialAcr && { essentialAcr: claims.essentialAcr }),
  }
}

export function pendingAuthorization(
  asked: AuthorizationRequest,
  client: ClientRecord,
  { address, hintedSub, pushed, nowSeconds }: Circumstances,
): PendingAuthorization {
  const { pkce, nonce, claims, loginHint, uiLocales } = asked
  const { redirectUri, state, responseMode } = address
  const onlySub = hintedSub ?? claims.onlySub
  const dpopJkt = asked.dpopJkt ?? pushed?.dpopJkt
  return {
    v: 1,
    clientId: client.clientId,
    redirectUri,
    scopes: asked.scopes,
    resources: asked.resources,
    createdAt: nowSeconds,
    ...signInParts(asked, nowSeconds),
    ...(responseMode !== undefined && responseMode !== 'query' && { responseMode }),
    ...(state !== undefined && { state }),
    ...(nonce !== undefined && { nonce }),
    ...(pkce.challenge !== undefined && { codeChallenge: pkce.challenge }),
    ...(dpopJkt !== undefined && { dpopJkt }),
    ...(pushed && { pushedDigest: pushed.digest }),
    ...(claims.claims && { claims: claims.claims }),
    ...(onlySub !== undefined && { onlySub }),
    ...(loginHint !== undefined && { loginHint }),
    ...(uiLocales.length > 0 && { uiLocales }),
  }
}
