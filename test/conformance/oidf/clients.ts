/** The clients that the certification plans ask for, beside those that the suite registers itself, and the one person. */
import { digestOf, randomId } from '../../../src/kernel/ids.ts'
import type { ClientMetadata } from '../../../src/storage/client-metadata.ts'
import type { Store } from '../../../src/storage/port.ts'
import { plainClient } from '../../../src/storage/record-fixture.ts'
import { type ClientRecord, firstRevocationEpoch, type UserRecord } from '../../../src/storage/records.ts'
import type { Credentials } from './credentials.ts'

const TENANT = 'default'
/** Of what they ask tokens for, and of who takes them. */
export const AUDIENCE = 'urn:sallyport:default'
/** The API that is the protected resource of the plans of FAPI. */
export const RESOURCE_CLIENT = 'oidf-resource'
const IDENTITY = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access']

/** What all of them are: third parties, whose person is asked for consent. */
function client(clientId: string, parts: Partial<ClientRecord>): ClientRecord {
  const now = Math.floor(Date.now() / 1000)
  return plainClient({
    clientId,
    name: `Conformance suite, ${clientId}`,
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes: IDENTITY,
    audience: [AUDIENCE],
    createdAt: now,
    updatedAt: now,
    revocationEpoch: firstRevocationEpoch(),
    ...parts,
  })
}

/** `base`: where the suite answers for these clients, `https://localhost:8443/test/a/sallyport`. */
export function clients(base: string, { secrets, keys, certificates }: Credentials): readonly ClientRecord[] {
  const callback = `${base}/callback`
  // What the plans of OpenID Connect send has no code_challenge, and is answered as OIDC Core 3.1.3.7 has it by default.
  const connect = { pkce: 'optional', id_token_signed_response_alg: 'RS256' } as const
  const leave = { post_logout_redirect_uris: [`${base}/post_logout_redirect`] }
  const bySecret = (id: keyof typeof secrets, metadata: ClientMetadata) =>
    client(id, {
      secretDigests: [digestOf(secrets[id])],
      redirectUris: [callback],
      metadata: { ...connect, ...leave, ...metadata },
    })
  const second = [callback, `${callback}?dummy1=lorem&dummy2=ipsum`]
  const financial = { require_pushed_authorization_requests: true, id_token_signed_response_alg: 'PS256' } as const
  const byKey = (id: keyof typeof keys, redirectUris: readonly string[]) =>
    client(id, {
      redirectUris,
      metadata: {
        ...financial,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: keys[id].published,
        dpop_bound_access_tokens: true,
      },
    })
  const byCertificate = (id: keyof typeof keys, certificate: keyof typeof certificates, uris: readonly string[]) =>
    client(id, {
      redirectUris: uris,
      metadata: {
        ...financial,
        token_endpoint_auth_method: 'self_signed_tls_client_auth',
        jwks: { keys: [...keys[id].published.keys, ...certificates[certificate].published.keys] },
        tls_client_certificate_bound_access_tokens: true,
      },
    })
  const isApi = { grantTypes: [], scopes: [], audience: [], resources: [AUDIENCE] } as const
  return [
    bySecret('oidf-basic-1', { token_endpoint_auth_method: 'client_secret_basic' }),
    bySecret('oidf-basic-2', { token_endpoint_auth_method: 'client_secret_basic' }),
    bySecret('oidf-post-1', { token_endpoint_auth_method: 'client_secret_post' }),
    bySecret('oidf-backchannel-1', {
      token_endpoint_auth_method: 'client_secret_basic',
      backchannel_logout_uri: `${base}/backchannel_logout`,
      backchannel_logout_session_required: true,
    }),
    client(RESOURCE_CLIENT, { ...isApi, secretDigests: [digestOf(secrets[RESOURCE_CLIENT])] }),
    byKey('oidf-fapi-1', [callback]),
    byKey('oidf-fapi-2', second),
    byCertificate('oidf-mtls-1', 'mtls', [callback]),
    byCertificate('oidf-mtls-2', 'mtls2', second),
  ]
}

/** Has a value for every claim of OIDC Core 5.1: the plans of scopes ask for each. */
export function person(userName: string, passwordHash: string): UserRecord {
  const now = Math.floor(Date.now() / 1000)
  return {
    v: 1,
    sub: randomId(),
    userName,
    passwordHash,
    active: true,
    roles: ['user'],
    profile: {
      displayName: 'Foo Bar Baz',
      name: { givenName: 'Foo', middleName: 'Bar', familyName: 'Baz' },
      nickName: 'foobar',
      profileUrl: 'https://example.com/foo',
      locale: 'en-GB',
      timezone: 'Europe/London',
      emails: [{ value: 'foo@example.com', primary: true }],
      phoneNumbers: [{ value: '+44 20 7946 0000', primary: true }],
      photos: [{ value: 'https://example.com/foo.png', primary: true }],
      addresses: [{ streetAddress: '1 Example Street', locality: 'London', postalCode: 'N1 9GU', country: 'GB' }],
      'urn:sallyport:params:scim:schemas:claims:1.0:User': {
        website: 'https://example.com',
        gender: 'female',
        birthdate: '1990-01-01',
      },
    },
    createdAt: now,
    updatedAt: now,
    version: 1,
    revocationEpoch: firstRevocationEpoch(),
  }
}

export async function enroll(
  store: Pick<Store, 'clients' | 'users'>,
  people: readonly UserRecord[],
  registered: readonly ClientRecord[],
): Promise<void> {
  for (const record of registered) expectWritten(record.clientId, await store.clients.create(TENANT, record))
  for (const record of people) expectWritten(record.userName, await store.users.create(TENANT, record))
}

function expectWritten(name: string, outcome: string): void {
  if (outcome !== 'written') throw new Error(`${name}: ${outcome}`)
}
