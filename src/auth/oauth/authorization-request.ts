/**
 * Reads an authorization request into one typed value, once its redirect URI is proven: at the authorization endpoint, and
 * where it is pushed. RFC 6749 4.1.1, OIDC Core 3.1.2.1, RFC 8707, RFC 9449 10, RFC 9470 4. What has no name here is
 * ignored, and reaches neither policy nor store.
 */
import type { Params } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { ClientMetadata } from '../../storage/client-metadata.ts'
import { type CodeChallenge, readCodeChallenge } from './check-pkce.ts'
import { type ClaimsParameter, readClaimsParameter } from './claims-parameter.ts'
import { readResources, readScopes, refuseRepeated, required } from './parameters.ts'
import { checkResponseMode } from './response-mode.ts'

export interface AuthorizationRequest {
  readonly responseType: string
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly nonce?: string | undefined
  readonly pkce: CodeChallenge
  readonly prompt: ReadonlySet<Prompt>
  readonly maxAgeSeconds?: number | undefined
  readonly acrValues: readonly string[]
  readonly claims: ClaimsParameter
  readonly loginHint?: string | undefined
  readonly idTokenHint?: string | undefined
  readonly uiLocales: readonly string[]
  readonly dpopJkt?: string | undefined
}

const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const
export type Prompt = (typeof PROMPTS)[number]

/** Every parameter that is read here or by the checks before: what a pushed request keeps. */
export const AUTHORIZATION_PARAMETERS: readonly string[] = [
  'response_type',
  'redirect_uri',
  'scope',
  'state',
  'response_mode',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
  'acr_values',
  'claims',
  'login_hint',
  'ui_locales',
  'resource',
  'dpop_jkt',
]

/** Kept with the interaction and sent back, the one in an address and the other in an ID token: more is no honest use. */
const MAX_ECHOED = { state: 4096, nonce: 2048 } as const
const MAX_LOGIN_HINT = 256
const MAX_LISTED = 20

const malformed = (detail: string) => new OAuthError('invalid_request', { detail })

/** What an error answer sends back with it; nothing where it came twice or is out of bounds. */
export function readState(params: Params): string | undefined {
  const state = params.get('state')
  return params.repeated.has('state') || (state?.length ?? 0) > MAX_ECHOED.state ? undefined : state
}

function refuseUnsupported(params: Params): void {
  if (params.get('request') !== undefined) throw new OAuthError('request_not_supported')
  if (params.get('request_uri') !== undefined) throw new OAuthError('request_uri_not_supported')
  for (const [name, most] of Object.entries(MAX_ECHOED))
    if ((params.get(name)?.length ?? 0) > most)
      throw malformed(`The parameter ${name} has at most ${most} characters here.`)
}

function readPrompt(params: Params): ReadonlySet<Prompt> {
  const given = params.get('prompt')?.split(' ') ?? []
  const prompts = new Set(PROMPTS.filter((prompt) => given.includes(prompt)))
  if (prompts.size !== new Set(given).size) throw malformed('The parameter prompt has an unknown value.')
  if (prompts.has('none') && prompts.size > 1) throw malformed('prompt=none stands alone.')
  return prompts
}

function readMaxAge(params: Params): number | undefined {
  const text = params.get('max_age')
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw malformed('The parameter max_age is no number of seconds.')
  return Number(text)
}

/** Values apart by spaces; of what is no value of that kind nothing is kept. */
function readList(params: Params, name: string, value: RegExp): readonly string[] {
  const values = params.get(name)?.split(' ') ?? []
  return [...new Set(values.filter((one) => value.test(one)))].slice(0, MAX_LISTED)
}

const ACR = /^[!-~]{1,128}$/
/** BCP 47, in form. */
const LANGUAGE_TAG = /^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,7}$/

/** A hint of bad form is no hint. */
function readLoginHint(params: Params): string | undefined {
  const hint = params.get('login_hint')
  return hint === undefined || hint.length > MAX_LOGIN_HINT || /\p{Cc}/u.test(hint) ? undefined : hint
}

function readDpopJkt(params: Params): string | undefined {
  const jkt = params.get('dpop_jkt')
  if (jkt !== undefined && !/^[A-Za-z0-9_-]{43}$/.test(jkt)) throw malformed('The dpop_jkt is no SHA-256 thumbprint.')
  return jkt
}

/** `defaults`: what the client registered for requests that do not say (OIDC Dynamic Client Registration 2). */
export function readAuthorizationRequest(
  params: Params,
  redirectUri: string,
  defaults: ClientMetadata = {},
): AuthorizationRequest {
  refuseRepeated(params)
  refuseUnsupported(params)
  checkResponseMode(params, redirectUri)
  const claims = readClaimsParameter(params.get('claims'))
  const acrValues = readList(params, 'acr_values', ACR)
  const liked = [...acrValues, ...(claims.voluntaryAcr ?? [])]
  return {
    responseType: required(params, 'response_type'),
    scopes: readScopes(params),
    resources: readResources(params),
    nonce: params.get('nonce'),
    pkce: readCodeChallenge(params),
    prompt: readPrompt(params),
    maxAgeSeconds: readMaxAge(params) ?? defaults.default_max_age,
    acrValues: liked.length > 0 ? liked : (defaults.default_acr_values ?? []),
    claims,
    loginHint: readLoginHint(params),
    idTokenHint: params.get('id_token_hint'),
    uiLocales: readList(params, 'ui_locales', LANGUAGE_TAG),
    dpopJkt: readDpopJkt(params),
  }
}
