/**
 * Reads which client a request claims to be and how it proves it. RFC 6749 2.3, RFC 7521 4.2; at most one method a request.
 */
import type { HttpRequest } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { AuthMethod } from './client-facts.ts'

export interface ClientCredentials {
  readonly clientId: string
  /** `none`: nothing in the request itself. */
  readonly method: Extract<AuthMethod, 'client_secret_basic' | 'client_secret_post' | 'none'>
  /** Empty for method `none`. */
  readonly secret: string
}

/** RFC 7521 4.2.2: who made the assertion stands in it; a `client_id` beside it must be the same. */
export interface AssertionSent {
  readonly assertion: string
  readonly clientId: string | undefined
}

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

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

const twoMethods = () => new OAuthError('invalid_request', { detail: 'Use one client authentication method, not two.' })

const twoClients = () =>
  new OAuthError('invalid_request', { detail: 'The Authorization header and client_id name different clients.' })

/** The assertion, where the request has one and nothing else that authenticates. */
export function readClientAssertion({ form, headers }: HttpRequest): AssertionSent | undefined {
  const assertion = form.get('client_assertion')
  const type = form.get('client_assertion_type')
  if (assertion === undefined && type === undefined) return undefined
  if (headers.authorization !== undefined || form.get('client_secret') !== undefined) throw twoMethods()
  if (assertion === undefined || type !== JWT_BEARER)
    throw new OAuthError('invalid_client', {
      detail: `Send client_assertion with client_assertion_type ${JWT_BEARER}.`,
    })
  return { assertion, clientId: form.get('client_id') }
}

export function readClientCredentials(request: HttpRequest): ClientCredentials {
  const { form, headers } = request
  const clientId = form.get('client_id')
  const secret = form.get('client_secret')
  if (headers.authorization !== undefined) {
    const basic = readBasic(headers.authorization)
    if (secret !== undefined) throw twoMethods()
    if (clientId !== undefined && clientId !== basic.clientId) throw twoClients()
    return basic
  }
  if (clientId === undefined) throw new OAuthError('invalid_client', { cause: 'no client_id' })
  return secret === undefined
    ? { clientId, method: 'none', secret: '' }
    : { clientId, method: 'client_secret_post', secret }
}
