/** Reads an authorization request into one typed value, once its redirect URI is proven. RFC 6749 4.1.1, OIDC Core 3.1.2.1. */
import type { Params } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { type CodeChallenge, readCodeChallenge } from './check-pkce.ts'
import { readResources, readScopes, refuseRepeated, required } from './parameters.ts'

export interface AuthorizationRequest {
  readonly responseType: string
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly nonce?: string | undefined
  readonly pkce: CodeChallenge
  readonly prompt: ReadonlySet<Prompt>
  readonly maxAgeSeconds?: number | undefined
}

const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const
export type Prompt = (typeof PROMPTS)[number]

/** Kept with the interaction and sent back in an address: more is no honest use. */
const MAX_ECHOED = 2048

const malformed = (detail: string) => new OAuthError('invalid_request', { detail })

/** What an error answer sends back with it; nothing where it came twice or is out of bounds. */
export function readState(params: Params): string | undefined {
  const state = params.get('state')
  return params.repeated.has('state') || (state?.length ?? 0) > MAX_ECHOED ? undefined : state
}

function refuseUnsupported(params: Params): void {
  if (params.get('request') !== undefined) throw new OAuthError('request_not_supported')
  if (params.get('request_uri') !== undefined) throw new OAuthError('request_uri_not_supported')
  const mode = params.get('response_mode')
  if (mode !== undefined && mode !== 'query') throw malformed('Only response_mode=query is supported.')
  for (const name of ['state', 'nonce'])
    if ((params.get(name)?.length ?? 0) > MAX_ECHOED) throw malformed(`The parameter ${name} is too long.`)
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

export function readAuthorizationRequest(params: Params): AuthorizationRequest {
  refuseRepeated(params)
  refuseUnsupported(params)
  return {
    responseType: required(params, 'response_type'),
    scopes: readScopes(params),
    resources: readResources(params),
    nonce: params.get('nonce'),
    pkce: readCodeChallenge(params),
    prompt: readPrompt(params),
    maxAgeSeconds: readMaxAge(params),
  }
}
