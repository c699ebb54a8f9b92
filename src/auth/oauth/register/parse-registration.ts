/**
 * Reads the body of a registration or of its replacement into checked settings: RFC 7591 2 and 3.1, OIDC Registration 2.
 * Members that we do not know are ignored (RFC 7591 2); null is as if left out. Throws OAuthError with the codes of
 * RFC 7591 3.2.2, naming the member.
 */
import { OAuthError } from '../../../kernel/errors.ts'
import { GRANT_TYPES } from '../../../policy-engine/contract/token.ts'
import type { ClientMetadata } from '../../../storage/client-metadata.ts'
import { MetadataFault } from '../../client/metadata/fault.ts'
import { readMembers } from '../../client/metadata/members.ts'
import type { Offered } from '../../client/metadata/offered.ts'
import { leadIntoApp } from '../../client/metadata/redirect-uri.ts'
import { blank, type ClientSettings, checkTogether } from '../../client/metadata/together.ts'
import { type Check, list, text } from '../../client/metadata/values.ts'

type JsonObject = Readonly<Record<string, unknown>>

const DEFAULT_GRANT_TYPES: readonly string[] = ['authorization_code']

const isOneOf =
  (known: readonly string[]) =>
  (entry: string): string | undefined =>
    known.includes(entry) ? undefined : `must be one of ${known.join(', ')}`

/** RFC 6749 3.3: scope-tokens, each between two spaces. */
const scopes: Check<readonly string[]> = (field, value) => {
  if (typeof value !== 'string' || !/^[!#-[\]-~ ]{0,2048}$/.test(value))
    throw new MetadataFault(field, 'must be scopes, separated by spaces (RFC 6749 3.3)')
  return [...new Set(value.split(' ').filter((scope) => scope !== ''))]
}

/** RFC 7591 2.1: `code` goes with the grant authorization_code, and nothing else is offered. */
function checkResponseTypes(value: unknown, grantTypes: readonly string[]): void {
  const types = list(isOneOf(['code']))('response_types', value)
  if (types.includes('code') !== grantTypes.includes('authorization_code'))
    throw new MetadataFault('response_types', 'must hold code exactly where grant_types holds authorization_code')
}

/** OIDC Registration 2: who names no algorithm waits for RS256. Where there is no such key, the platform's own stands in. */
const usual = ({ signing }: Offered): Pick<ClientMetadata, 'id_token_signed_response_alg'> =>
  signing.includes('RS256') ? { id_token_signed_response_alg: 'RS256' } : {}

function settingsOf(body: JsonObject, offered: Offered): ClientSettings {
  const read = <T>(field: string, otherwise: T, check: Check<T>): T =>
    body[field] === undefined || body[field] === null ? otherwise : check(field, body[field])
  // Ours to say, not the client's.
  const { pkce: _pkce, assertion_audience: _audience, ...sent } = body
  // A client that names no method may show its secret in either way: some read the default one way, some the other.
  const metadata = { ...usual(offered), ...readMembers(sent, {}, offered) }
  const type = metadata.token_endpoint_auth_method === 'none' ? 'public' : 'confidential'
  const redirectUris = read(
    'redirect_uris',
    [],
    list(() => undefined),
  )
  const grantTypes = read('grant_types', DEFAULT_GRANT_TYPES, list(isOneOf(GRANT_TYPES)))
  if (body.response_types !== undefined && body.response_types !== null)
    checkResponseTypes(body.response_types, grantTypes)
  return {
    ...blank,
    name: read('client_name', '', text),
    type,
    redirectUris,
    grantTypes,
    scopes: read('scope', [], scopes),
    metadata: { application_type: applicationType(type, redirectUris), ...metadata },
  }
}

/** Where it says nothing: a public client whose every address is on this machine is an app (RFC 8252), any other web. */
const applicationType = (type: ClientSettings['type'], redirectUris: readonly string[]): 'web' | 'native' =>
  type === 'public' && redirectUris.every((uri) => URL.canParse(uri)) && leadIntoApp(redirectUris) ? 'native' : 'web'

/** `clientId` names a client that names itself not. */
export function parseRegistration(body: unknown, offered: Offered, clientId: string): ClientSettings {
  try {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw new MetadataFault('The body', 'must be a JSON object')
    const settings = settingsOf({ ...body }, offered)
    const named = { ...settings, name: settings.name === '' ? clientId : settings.name }
    checkTogether(named, offered)
    return named
  } catch (error) {
    throw asOAuthError(error)
  }
}

/** RFC 7591 3.2.2. */
export const asOAuthError = (error: unknown): unknown =>
  error instanceof MetadataFault ? new OAuthError(error.code, { detail: error.message }) : error
