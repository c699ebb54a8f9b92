/** For tests: the clients and the person that every flow needs. */
import type { PasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { digestOf, randomId, randomSecret } from '../../src/kernel/ids.ts'
import type { Store } from '../../src/storage/port.ts'
import { plainClient, plainUser } from '../../src/storage/record-fixture.ts'
import type { ClientRecord, UserRecord } from '../../src/storage/records.ts'

export const TENANT = 'default'
export const REDIRECT_URI = 'http://127.0.0.1:9/callback'
export const POST_LOGOUT_URI = 'http://127.0.0.1:9/signed-out'

export interface TestClient {
  readonly id: string
  /** Empty for a public client. */
  readonly secret: string
}

export interface Population {
  /** Confidential, third party: every grant, and the scopes of a person. */
  readonly web: TestClient
  /** First party: no consent page. */
  readonly own: TestClient
  /** Public, PKCE only. */
  readonly spa: TestClient
  /** Registered like `web`; tokens of one are foreign to the other. */
  readonly other: TestClient
  readonly resourceServer: TestClient
  readonly admin: TestClient
  /** Of Security Event Tokens. */
  readonly receiver: TestClient
  readonly user: { readonly sub: string; readonly userName: string; readonly password: string }
}

const IDENTITY = ['openid', 'profile', 'email', 'offline_access']

export const clientRecord = (id: string, secret: string, parts: Partial<ClientRecord> = {}): ClientRecord =>
  plainClient({
    clientId: id,
    name: `Client ${id}`,
    type: secret === '' ? 'public' : 'confidential',
    secretDigests: secret === '' ? [] : [digestOf(secret)],
    ...parts,
  })

/** Of nobody yet. A word before what is random: a name that begins with a dash is a flag on a command line. */
export const newAddress = (): string => `person-${randomId(8).toLowerCase()}@example.com`

/** A person, whose name here is their address. */
export const userRecord = (userName: string, parts: Partial<UserRecord> = {}): UserRecord =>
  plainUser({ sub: randomId(), userName, profile: { emails: [{ value: userName, primary: true }] }, ...parts })

const forPeople: Partial<ClientRecord> = {
  redirectUris: [REDIRECT_URI],
  grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
  scopes: [...IDENTITY, 'orders:read'],
  audience: ['urn:sallyport:default'],
  roles: ['service'],
}

export async function populate(store: Store, passwords: PasswordHasher): Promise<Population> {
  const client = async (id: string, parts: Partial<ClientRecord>): Promise<TestClient> => {
    const secret = parts.type === 'public' ? '' : randomSecret()
    const written = await store.clients.create(TENANT, clientRecord(id, secret, parts))
    if (written !== 'written') throw new Error(`client ${id}: ${written}`)
    return { id, secret }
  }
  const user = { sub: randomId(), userName: 'alice@example.com', password: 'correct horse battery' }
  const record = userRecord(user.userName, {
    sub: user.sub,
    passwordHash: await passwords.hash(user.password),
    profile: { displayName: 'Alice Doe', emails: [{ value: 'alice@example.com', primary: true }] },
  })
  if ((await store.users.create(TENANT, record)) !== 'written') throw new Error('user')
  return {
    web: await client('web', forPeople),
    own: await client('own', { ...forPeople, firstParty: true }),
    spa: await client('spa', { ...forPeople, type: 'public' }),
    other: await client('other', forPeople),
    resourceServer: await client('rs', { resources: ['urn:sallyport:default'] }),
    admin: await client('admin', {
      grantTypes: ['client_credentials'],
      scopes: ['scim', 'admin', 'register'],
      audience: ['urn:sallyport:platform'],
      roles: ['platform_admin'],
    }),
    receiver: await client('receiver', {
      grantTypes: ['client_credentials'],
      scopes: ['ssf.read', 'ssf.manage'],
      audience: ['urn:sallyport:platform'],
      roles: ['signal_receiver'],
    }),
    user,
  }
}
