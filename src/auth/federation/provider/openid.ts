/**
 * An OpenID provider: Google, Microsoft, or any by its issuer. OIDC Core 3.1.2 and 3.1.3.7, RFC 7636, RFC 9207, RFC 9449,
 * RP-Initiated Logout 2, RFC 7009. openid-client does the protocol, over our way out; checklist 43.
 */
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  calculatePKCECodeChallenge,
  clockSkew,
  clockTolerance,
  customFetch,
  enableNonRepudiationChecks,
  fetchUserInfo,
  getDPoPHandle,
  type IDToken,
  None,
  randomDPoPKeyPair,
  type ServerMetadata,
  tokenRevocation,
} from 'openid-client'
import type { Clock } from '../../../kernel/clock.ts'
import type { BreakerState } from '../../../observability/breaker-state.ts'
import { FederationError, type FederationFailure, federationFailure } from './failure.ts'
import { keysOf, metadataOf } from './metadata.ts'
import type { ProviderOptions } from './options.ts'
import { libraryTimeoutSeconds, type OutgoingFetch } from './outgoing.ts'
import type { Came, KeptTokens, Provider, Trip } from './provider.ts'
import { type Claims, together, upstreamOf } from './upstream.ts'

export interface ProviderParts {
  readonly options: ProviderOptions
  readonly fetch: OutgoingFetch
  readonly clock: Clock
  readonly state: () => BreakerState
  readonly close: () => void
}

export function clientAuthOf({ authMethod, clientSecret }: ProviderOptions) {
  if (authMethod === 'none' || clientSecret === undefined) return None()
  return authMethod === 'client_secret_basic' ? ClientSecretBasic(clientSecret) : ClientSecretPost(clientSecret)
}

/** Our clock may have been moved; the library reads the system's. */
const skewSeconds = (clock: Clock): number => Math.round((clock.nowMs() - Date.now()) / 1000)

export function configurationOf({ options, fetch, clock }: ProviderParts, metadata: ServerMetadata): Configuration {
  const client = { [clockSkew]: skewSeconds(clock), [clockTolerance]: options.clockToleranceSeconds }
  const configuration = new Configuration(metadata, options.clientId, client, clientAuthOf(options))
  configuration[customFetch] = fetch
  configuration.timeout = libraryTimeoutSeconds(options)
  return configuration
}

function requireOrganisation({ id, kind, tenant, hostedDomain }: ProviderOptions, claims: Claims): void {
  if (kind === 'microsoft' && claims.tid !== tenant) throw new FederationError('wrong_organisation', id)
  if (hostedDomain !== undefined && claims.hd !== hostedDomain) throw new FederationError('wrong_organisation', id)
}

/** OIDC Core 2: a subject has at most 255 ASCII characters; a provider that names none would make everybody one person. */
const SUBJECT = /^[ -~]{1,255}$/

/** What openid-client leaves to its caller. OIDC Core 3.1.3.7, steps 5 and 10. */
function requireOurs({ id, clientId, clockToleranceSeconds }: ProviderOptions, claims: IDToken, clock: Clock): void {
  const fault = (detail: string) => new FederationError('wrong_token', id, { detail })
  if (!SUBJECT.test(claims.sub)) throw fault('sub is no identifier of at most 255 ASCII characters')
  if (claims.azp !== undefined && claims.azp !== clientId) throw fault('azp is another client')
  if (claims.iat > clock.nowMs() / 1000 + clockToleranceSeconds) throw fault('iat is in the future')
}

const offersDpop = (metadata: ServerMetadata): boolean =>
  metadata.dpop_signing_alg_values_supported?.includes('ES256') === true

/** What a person who must be there anew is asked; Google knows no `login`. OIDC Core 3.1.2.1. */
const promptOf = ({ kind }: ProviderOptions): string => (kind === 'google' ? 'select_account' : 'login')

export function openIdProvider(parts: ProviderParts): Provider {
  const { options, fetch, clock } = parts
  const metadata = metadataOf(options, fetch, clock)
  const keys = keysOf(clock)
  const configuration = async () => configurationOf(parts, await metadata.read())
  const or = async <T>(otherwise: FederationFailure, run: () => Promise<T>): Promise<T> => {
    try {
      return await run()
    } catch (error) {
      throw federationFailure(options.id, error, otherwise)
    }
  }

  const authorizationUrl = async ({ redirectUri, state, nonce, codeVerifier, askAnew }: Trip): Promise<URL> =>
    buildAuthorizationUrl(await configuration(), {
      redirect_uri: redirectUri,
      scope: options.scopes.join(' '),
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      ...(options.responseMode === 'form_post' && { response_mode: 'form_post' }),
      ...(askAnew && { prompt: promptOf(options) }),
      ...(options.hostedDomain !== undefined && { hd: options.hostedDomain }),
    })

  const redeem = async (callback: URL, { state, nonce, codeVerifier }: Trip): Promise<Came> => {
    const known = await metadata.read()
    const to = configurationOf(parts, known)
    // The signature counts too, though the token comes over TLS from its issuer.
    enableNonRepudiationChecks(to)
    const takeBack = keys.lend(to)
    const binds = options.dpop === 'on' || (options.dpop === 'auto' && offersDpop(known))
    const pair = binds ? await randomDPoPKeyPair('ES256', { extractable: options.keepTokens === 'all' }) : undefined
    const DPoP = pair && getDPoPHandle(to, pair)
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true }
    const tokens = await authorizationCodeGrant(to, callback, checks, undefined, DPoP && { DPoP }).finally(takeBack)
    const claims = tokens.claims()
    if (claims === undefined) throw new FederationError('wrong_token', options.id)
    if (options.dpop === 'on' && tokens.token_type !== 'dpop') throw new FederationError('not_bound', options.id)
    requireOurs(options, claims, clock)
    requireOrganisation(options, claims)
    const bound = tokens.token_type === 'dpop' ? DPoP : undefined
    const more = options.userinfo
      ? await fetchUserInfo(to, tokens.access_token, claims.sub, bound && { DPoP: bound })
      : {}
    const keepsAll = options.keepTokens === 'all'
    return {
      upstream: upstreamOf(options, claims.sub, together(more, claims)),
      kept: {
        ...(options.keepTokens !== 'none' && tokens.id_token !== undefined && { idToken: tokens.id_token }),
        ...(keepsAll && { accessToken: tokens.access_token }),
        ...(keepsAll && tokens.refresh_token !== undefined && { refreshToken: tokens.refresh_token }),
        ...(keepsAll && bound && pair && { dpopKey: await crypto.subtle.exportKey('jwk', pair.privateKey) }),
      },
    }
  }

  const signOutUrl = async ({ idToken }: KeptTokens, returnTo: string): Promise<URL | undefined> => {
    const known = await metadata.read()
    if (known.end_session_endpoint === undefined) return undefined
    return buildEndSessionUrl(configurationOf(parts, known), {
      ...(idToken !== undefined && { id_token_hint: idToken }),
      ...(options.signOutReturns && { post_logout_redirect_uri: returnTo }),
    })
  }

  const revoke = async ({ refreshToken, accessToken }: KeptTokens): Promise<void> => {
    const known = await metadata.read()
    if (known.revocation_endpoint === undefined) return
    for (const token of [refreshToken, accessToken])
      if (token !== undefined) await tokenRevocation(configurationOf(parts, known), token)
  }

  return {
    options,
    get state() {
      return parts.state()
    },
    authorizationUrl: (trip) => or('wrong_metadata', () => authorizationUrl(trip)),
    redeem: (callback, trip) => or('wrong_token', () => redeem(callback, trip)),
    signOutUrl: (kept, returnTo) => or('wrong_metadata', () => signOutUrl(kept, returnTo)),
    revoke: (kept) => or('wrong_response', () => revoke(kept)),
    get origin() {
      return new URL(metadata.known?.authorization_endpoint ?? options.issuer).origin
    },
    close: parts.close,
  }
}
