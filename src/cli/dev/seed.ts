/** The demo's people and clients, written to the store so that they match credentials.json; what matches stays as it is. */
import type { PasswordHasher } from '../../auth/user/password/hasher.ts'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'
import { digestOf, randomId } from '../../kernel/ids.ts'
import type { Store, UserWritten } from '../../storage/port.ts'
import { type ClientRecord, firstRevocationEpoch, type UserRecord } from '../../storage/records.ts'
import { CLI_CLIENT } from '../login/commands.ts'
import type { ClientCredentials, DevCredentials } from './credentials.ts'

const TENANT = 'default'
const IDENTITY_SCOPES = ['openid', 'profile', 'email', 'offline_access']
const DEFAULT_RESOURCE = 'urn:sallyport:default'
const PLATFORM_RESOURCE = 'urn:sallyport:platform'

interface Deps {
  readonly store: Pick<Store, 'clients' | 'users'>
  readonly hasher: PasswordHasher
  readonly clock: Clock
}

type ClientParts = Pick<
  ClientRecord,
  'name' | 'redirectUris' | 'grantTypes' | 'scopes' | 'audience' | 'resources' | 'roles'
>

export async function seedDemo(deps: Deps, credentials: DevCredentials): Promise<void> {
  await Promise.all([
    ensureUser(deps, credentials.user, { displayName: 'Demo Person', givenName: 'Demo', roles: ['user'] }),
    ensureUser(deps, credentials.admin_user, {
      displayName: 'Demo Administrator',
      givenName: 'Admin',
      roles: ['user', 'platform_admin'],
    }),
    ensureCli(deps),
    ensureClient(deps, credentials.client, {
      name: 'Demo application',
      redirectUris: [credentials.client.redirect_uri],
      grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
      scopes: [...IDENTITY_SCOPES, 'orders:read'],
      audience: [DEFAULT_RESOURCE],
      resources: [],
      roles: ['service'],
    }),
    ensureClient(deps, credentials.resource_server, {
      name: 'Demo resource server',
      redirectUris: [],
      grantTypes: [],
      scopes: [],
      audience: [],
      resources: [DEFAULT_RESOURCE],
      roles: [],
    }),
    ensureClient(deps, credentials.admin_client, {
      name: 'Demo administration',
      redirectUris: [],
      grantTypes: ['client_credentials'],
      scopes: ['scim', 'admin'],
      audience: [PLATFORM_RESOURCE],
      resources: [],
      roles: ['platform_admin'],
    }),
  ])
}

async function ensureClient(deps: Deps, known: ClientCredentials, parts: ClientParts): Promise<void> {
  const now = epochSeconds(deps.clock)
  const stored = await deps.store.clients.find(TENANT, known.client_id)
  const wanted: ClientRecord = {
    v: 1,
    clientId: known.client_id,
    type: 'confidential',
    secretDigests: [digestOf(known.client_secret)],
    active: true,
    firstParty: false,
    ...parts,
    createdAt: stored?.createdAt ?? now,
    updatedAt: stored?.updatedAt ?? now,
    version: stored?.version ?? 1,
    revocationEpoch: stored?.revocationEpoch ?? firstRevocationEpoch(),
  }
  if (!stored) return expectWritten(await deps.store.clients.create(TENANT, wanted))
  const sameAddresses = JSON.stringify(stored.redirectUris) === JSON.stringify(wanted.redirectUris)
  if (sameAddresses && stored.secretDigests.includes(wanted.secretDigests[0] ?? '')) return
  const next = { ...wanted, updatedAt: now, version: stored.version + 1 }
  expectWritten(await deps.store.clients.replace(TENANT, next, stored.version))
}

interface Person {
  readonly displayName: string
  readonly givenName: string
  readonly roles: readonly string[]
}

/** For `sallyport login`: it has no secret, people answer for it. */
async function ensureCli({ store, clock }: Deps): Promise<void> {
  if (await store.clients.find(TENANT, CLI_CLIENT)) return
  const now = epochSeconds(clock)
  const written = await store.clients.create(TENANT, {
    v: 1,
    clientId: CLI_CLIENT,
    name: 'Sallyport command line',
    type: 'public',
    secretDigests: [],
    active: true,
    firstParty: true,
    redirectUris: [],
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    scopes: [...IDENTITY_SCOPES, 'scim', 'admin'],
    audience: [PLATFORM_RESOURCE],
    resources: [],
    roles: [],
    createdAt: now,
    updatedAt: now,
    version: 1,
    revocationEpoch: firstRevocationEpoch(),
  })
  expectWritten(written)
}

async function ensureUser(deps: Deps, known: DevCredentials['user'], person: Person): Promise<void> {
  const now = epochSeconds(deps.clock)
  const stored = await deps.store.users.findByUserName(TENANT, known.username)
  if (stored && (await deps.hasher.verify(known.password, stored.passwordHash))) return
  const passwordHash = await deps.hasher.hash(known.password)
  if (stored) {
    const next = { ...stored, passwordHash, updatedAt: now, version: stored.version + 1 }
    return expectWritten(await deps.store.users.replace(TENANT, next, stored.version))
  }
  const user: UserRecord = {
    v: 1,
    sub: randomId(),
    userName: known.username,
    passwordHash,
    active: true,
    roles: person.roles,
    profile: {
      displayName: person.displayName,
      name: { givenName: person.givenName, familyName: 'Person' },
      emails: [{ value: `${known.username}@example.com`, primary: true }],
      // So that a forgotten password can be tried: the letter lies in the folder that the banner names.
      emailVerified: true,
    },
    createdAt: now,
    updatedAt: now,
    version: 1,
    revocationEpoch: firstRevocationEpoch(),
  }
  expectWritten(await deps.store.users.create(TENANT, user))
}

function expectWritten(written: UserWritten): void {
  if (written !== 'written') throw new StoreUnavailable(`the demo could not be seeded: ${written}`)
}
