/**
 * Answers a client through the browser, at a redirect URI that has been proven its own, by the response mode that it asked
 * for. `iss` is in every answer, errors too. RFC 6749 4.1.2, RFC 9207, OAuth 2.0 Multiple Response Types 2.1, OAuth 2.0 Form
 * Post Response Mode; 303, so that no browser repeats a POST there (RFC 9700 4.12).
 */
import { formPostPage } from '../../../web/form-post.ts'
import { leavingPage } from '../../../web/leaving.ts'
import type { Audit } from '../../audit/events.ts'
import { publicError } from '../../http/error-answer.ts'
import type { Reply } from '../../http/message.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { ResponseMode } from '../../storage/records.ts'

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

interface Answer {
  readonly address: string
  /** What a form takes there; absent: the address says all. */
  readonly fields?: readonly (readonly [name: string, value: string])[]
}

function answerOf(
  issuer: string,
  { redirectUri, state, responseMode = 'query' }: ClientAddress,
  parameters: Readonly<Record<string, string>>,
): Answer {
  const answer = new URLSearchParams(parameters)
  if (state !== undefined) answer.set('state', state)
  answer.set('iss', issuer)
  switch (responseMode) {
    case 'form_post':
      return { address: redirectUri, fields: [...answer] }
    case 'fragment':
      return { address: `${redirectUri}#${answer}` }
    case 'query':
      return { address: `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${answer}` }
  }
}

export function answerClient(
  issuer: string,
  client: ClientAddress,
  parameters: Readonly<Record<string, string>>,
): Reply {
  const { address, fields } = answerOf(issuer, client, parameters)
  return fields === undefined ? seeOther(address) : { status: 200, ...formPostPage({ redirectUri: address, fields }) }
}

/**
 * Errors that a client may read go to it, unavailable ones included; what nobody foresaw is thrown on and becomes a page.
 * `if_wanted`: the person is asked whether to go there (RFC 9700 4.11.2).
 */
export async function answerClientError(
  deps: { readonly issuer: string; readonly audit: Audit },
  request: { readonly id: string; readonly tenant: string },
  address: ClientAddress,
  error: unknown,
  leads: 'on' | 'if_wanted' = 'on',
): Promise<Reply> {
  const known = publicError(error)
  // RFC 6749 4.1.2.1 has no code for it, and the application is not whom it tells to slow down.
  if (known === undefined || known.status === 429) throw error
  if (error instanceof StoreUnavailable)
    await deps.audit({ event: 'store_unavailable', tenant: request.tenant, request_id: request.id })
  const parameters = { error: known.code, error_description: known.description }
  if (leads === 'on') return answerClient(deps.issuer, address, parameters)
  const page = leavingPage({
    title: 'This sign-in cannot go on',
    text: known.description,
    ...answerOf(deps.issuer, address, parameters),
  })
  return { status: known.status, ...page }
}
