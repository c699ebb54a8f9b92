/**
 * Answers a client through the browser, at a redirect URI that has been proven its own, by the response mode that it asked
 * for. `iss` is in every answer, errors too. RFC 6749 4.1.2, RFC 9207, OAuth 2.0 Multiple Response Types 2.1, OAuth 2.0 Form
 * Post Response Mode; 303, so that no browser repeats a POST there (RFC 9700 4.12).
 */
import { formPostPage } from '../../../web/form-post.ts'
import type { Audit } from '../../audit/events.ts'
import { publicError } from '../../http/error-answer.ts'
import type { Reply } from '../../http/message.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { ResponseMode } from '../../storage/interaction-records.ts'

export interface ClientAddress {
  readonly redirectUri: string
  readonly state?: string | undefined
  /** Absent: query. */
  readonly responseMode?: ResponseMode | undefined
}

export const seeOther = (location: string, cookie?: string): Reply => ({
  status: 303,
  headers: { location, ...(cookie !== undefined && { 'set-cookie': cookie }) },
})

/** Beside those that it sets already. */
export function withCookie(reply: Reply, cookie: string): Reply {
  const before = reply.headers?.['set-cookie'] ?? []
  return { ...reply, headers: { ...reply.headers, 'set-cookie': [...[before].flat(), cookie] } }
}

export function answerClient(
  issuer: string,
  { redirectUri, state, responseMode = 'query' }: ClientAddress,
  parameters: Readonly<Record<string, string>>,
): Reply {
  const answer = new URLSearchParams(parameters)
  if (state !== undefined) answer.set('state', state)
  answer.set('iss', issuer)
  switch (responseMode) {
    case 'form_post':
      return { status: 200, ...formPostPage({ redirectUri, fields: [...answer] }) }
    case 'fragment':
      return seeOther(`${redirectUri}#${answer}`)
    case 'query':
      return seeOther(`${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${answer}`)
  }
}

/** Errors that a client may read go to it, unavailable ones included; what nobody foresaw is thrown on and becomes a page. */
export async function answerClientError(
  deps: { readonly issuer: string; readonly audit: Audit },
  request: { readonly id: string; readonly tenant: string },
  address: ClientAddress,
  error: unknown,
): Promise<Reply> {
  const known = publicError(error)
  // RFC 6749 4.1.2.1 has no code for it, and the application is not whom it tells to slow down.
  if (known === undefined || known.status === 429) throw error
  if (error instanceof StoreUnavailable)
    await deps.audit({ event: 'store_unavailable', tenant: request.tenant, request_id: request.id })
  return answerClient(deps.issuer, address, { error: known.code, error_description: known.description })
}
