/** Reads which client a request claims to be and how it proves it. RFC 6749 2.3; at most one method a request. */
import type { HttpRequest } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { AuthMethod } from './client-facts.ts'

export interface ClientCredentials {
  readonly clientId: string
  readonly method: AuthMethod
  /** Empty for method `none`. */
  readonly secret: string
}

/** RFC 6749 2.3.1: id and secret are form-urlencoded before they are joined and base64-encoded. */
function decodePart(part: string): string {
  if (!/[%+]/.test(part)) return part
  try {
    return decodeURIComponent(part.replaceAll('+', ' '))
  } catch (cause) {
    throw new OAuthError('invalid_client', { cause })
  }
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i

function readBasic(header: string): ClientCredentials {
  const encoded = BASIC.exec(header)?.[1]
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) throw new OAuthError('invalid_client', { cause: 'the Authorization header is no Basic credential' })
  return {
    clientId: decodePart(text.slice(0, colon)),
    method: 'client_secret_basic',
    secret: decodePart(text.slice(colon + 1)),
  }
}

export function readClientCredentials(request: HttpRequest): ClientCredentials {
  const { form, headers } = request
  const clientId = form.get('client_id')
  const secret = form.get('client_secret')
  if (headers.authorization !== undefined) {
    const basic = readBasic(headers.authorization)
    if (secret !== undefined || (clientId !== undefined && clientId !== basic.clientId))
      throw new OAuthError('invalid_request', { detail: 'Use one client authentication method, not two.' })
    return basic
  }
  if (clientId === undefined) throw new OAuthError('invalid_client', { cause: 'no client_id' })
  return secret === undefined
    ? { clientId, method: 'none', secret: '' }
    : { clientId, method: 'client_secret_post', secret }
}
