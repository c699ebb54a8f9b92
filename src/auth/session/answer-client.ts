/**
 * Answers a client through the browser, at a redirect URI that has been proven its own. `iss` is in every answer, errors
 * too. RFC 6749 4.1.2, RFC 9207; 303, so that no browser repeats a POST there (RFC 9700 4.12).
 */
import type { Audit } from '../../audit/events.ts'
import { publicError } from '../../http/error-answer.ts'
import type { Reply } from '../../http/message.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'

export interface ClientAddress {
  readonly redirectUri: string
  readonly state?: string | undefined
}

export const seeOther = (location: string, cookie?: string): Reply => ({
  status: 303,
  headers: { location, ...(cookie !== undefined && { 'set-cookie': cookie }) },
})

export function answerClient(
  issuer: string,
  { redirectUri, state }: ClientAddress,
  parameters: Readonly<Record<string, string>>,
): Reply {
  const query = new URLSearchParams(parameters)
  if (state !== undefined) query.set('state', state)
  query.set('iss', issuer)
  return seeOther(`${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`)
}

/** Errors that a client may read go to it, unavailable ones included; what nobody foresaw is thrown on and becomes a page. */
export async function answerClientError(
  deps: { readonly issuer: string; readonly audit: Audit },
  request: { readonly id: string; readonly tenant: string },
  address: ClientAddress,
  error: unknown,
): Promise<Reply> {
  const known = publicError(error)
  if (known === undefined) throw error
  if (error instanceof StoreUnavailable)
    await deps.audit({ event: 'store_unavailable', tenant: request.tenant, request_id: request.id })
  return answerClient(deps.issuer, address, { error: known.code, error_description: known.description })
}
