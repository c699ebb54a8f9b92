/** What this SCIM service can do: ServiceProviderConfig, ResourceTypes, Schemas. RFC 7644 4; public, and the same for all. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { SCIM_JSON } from './answer.ts'
import {
  ADDRESS_PARTS,
  CLAIM_PARTS,
  CLAIMS_SCHEMA,
  LIST_SCHEMA,
  NAME_PARTS,
  PROFILE_ATTRIBUTES,
  USER_SCHEMA,
  VALUE_PARTS,
} from './attributes.ts'

const CONFIG_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'
const TYPE_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType'
const SCHEMA_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Schema'

const reply = (body: unknown): Reply => ({ status: 200, headers: { 'content-type': SCIM_JSON }, body })

const listOf = (resources: readonly unknown[]): unknown => ({
  schemas: [LIST_SCHEMA],
  totalResults: resources.length,
  startIndex: 1,
  itemsPerPage: resources.length,
  Resources: resources,
})

const serviceProviderConfig = {
  schemas: [CONFIG_SCHEMA],
  patch: { supported: false },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: 200 },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'OAuth Bearer Token',
      description: 'An access token of this provider with the scope scim.',
      specUri: 'https://www.rfc-editor.org/info/rfc6750',
      primary: true,
    },
  ],
  meta: { resourceType: 'ServiceProviderConfig' },
}

const userType = {
  schemas: [TYPE_SCHEMA],
  id: 'User',
  name: 'User',
  endpoint: '/Users',
  schema: USER_SCHEMA,
  schemaExtensions: [{ schema: CLAIMS_SCHEMA, required: false }],
  meta: { resourceType: 'ResourceType' },
}

const attribute = (name: string, type: string, more: Readonly<Record<string, unknown>> = {}): unknown => ({
  name,
  type,
  multiValued: false,
  required: false,
  caseExact: false,
  mutability: 'readWrite',
  returned: 'default',
  uniqueness: 'none',
  ...more,
})

const subAttribute = (name: string): unknown => attribute(name, name === 'primary' ? 'boolean' : 'string')

const values = (name: string, parts = VALUE_PARTS): unknown =>
  attribute(name, 'complex', { multiValued: true, subAttributes: parts.map(subAttribute) })

function profileAttribute([name, shape]: [string, string]): unknown {
  if (shape === 'values') return values(name)
  if (shape === 'addresses') return values(name, ADDRESS_PARTS)
  if (shape === 'name') return attribute(name, 'complex', { subAttributes: NAME_PARTS.map(subAttribute) })
  return attribute(name, 'string', name === 'externalId' ? { caseExact: true } : {})
}

const userSchema = {
  schemas: [SCHEMA_SCHEMA],
  id: USER_SCHEMA,
  name: 'User',
  attributes: [
    attribute('userName', 'string', { required: true, uniqueness: 'server' }),
    attribute('active', 'boolean'),
    attribute('password', 'string', { caseExact: true, mutability: 'writeOnly', returned: 'never' }),
    values('roles'),
    ...Object.entries(PROFILE_ATTRIBUTES)
      .filter(([name]) => name !== CLAIMS_SCHEMA)
      .map(profileAttribute),
  ],
  meta: { resourceType: 'Schema' },
}

const claimsSchema = {
  schemas: [SCHEMA_SCHEMA],
  id: CLAIMS_SCHEMA,
  name: 'Claims',
  description: 'Claims of OpenID Connect Core 5.1 that the core schema has no attribute for.',
  attributes: CLAIM_PARTS.map(subAttribute),
  meta: { resourceType: 'Schema' },
}

export const readServiceProviderConfig = async (_: HttpRequest): Promise<Reply> => reply(serviceProviderConfig)
export const readResourceTypes = async (_: HttpRequest): Promise<Reply> => reply(listOf([userType]))
export const readSchemas = async (_: HttpRequest): Promise<Reply> => reply(listOf([userSchema, claimsSchema]))
