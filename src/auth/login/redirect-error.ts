/** Sends the browser back to the client with an error, at the redirect URI that was verified before. RFC 6749 4.1.2.1, RFC 9207. */
import type { Reply } from '../../http/message.ts'
import { OAUTH_ERRORS, type OAuthErrorCode } from '../../kernel/error-codes.ts'
import type { InteractionRecord } from '../../storage/records.ts'

export function redirectWithError(issuer: string, interaction: InteractionRecord, error: OAuthErrorCode): Reply {
  const { redirectUri, state } = interaction
  const query = new URLSearchParams({ error, error_description: OAUTH_ERRORS[error].description })
  if (state !== undefined) query.set('state', state)
  query.set('iss', issuer)
  // Joined as text: the registered URI goes out byte for byte.
  const location = `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query}`
  return { status: 303, headers: { location } }
}
