/**
 * Reads `response_mode`: how the answer goes back. OAuth 2.0 Multiple Response Types 2.1, OAuth 2.0 Form Post Response Mode.
 * `query` is the default of response_type=code.
 */
import type { Params } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { ResponseMode } from '../../storage/interaction-records.ts'

/** For `response_modes_supported` in discovery. */
const RESPONSE_MODES = ['query', 'fragment', 'form_post'] as const satisfies readonly ResponseMode[]

/** A form goes to a web address: an app's own scheme takes none. */
const fits = (mode: ResponseMode, redirectUri: string): boolean => mode !== 'form_post' || /^https?:/i.test(redirectUri)

const named = (params: Params): ResponseMode | undefined =>
  RESPONSE_MODES.find((known) => known === params.get('response_mode'))

/** How any answer goes, errors too; `query` where what was asked for is none, or was asked for twice. */
export function responseModeOf(params: Params, redirectUri: string): ResponseMode {
  const mode = params.repeated.has('response_mode') ? undefined : named(params)
  return mode !== undefined && fits(mode, redirectUri) ? mode : 'query'
}

/** Throws invalid_request for a mode that is none of ours. */
export function checkResponseMode(params: Params, redirectUri: string): void {
  if (params.get('response_mode') === undefined) return
  const mode = named(params)
  if (mode === undefined)
    throw new OAuthError('invalid_request', { detail: `response_mode is one of ${RESPONSE_MODES.join(', ')}.` })
  if (!fits(mode, redirectUri))
    throw new OAuthError('invalid_request', { detail: 'response_mode=form_post needs a web address as redirect_uri.' })
}
