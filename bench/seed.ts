/** Fills a store through its port: the population's clients, its resource server, and the users. */
import { systemClock } from '../src/kernel/clock.ts'
import { digestOf, randomId } from '../src/kernel/ids.ts'
import type { Store, UserWritten } from '../src/storage/port.ts'
import type { ClientRecord, SessionRecord, UserRecord } from '../src/storage/records.ts'
import { openRedisStore } from '../src/storage/redis/open.ts'
import { openSqliteStore } from '../src/storage/sqlite/open.ts'
import { type Credentials, JWT_RESOURCE, type Population, REDIRECT_URI, USERS, WEB_SCOPE } from './population.ts'
import type { RedisAt } from './redis.ts'

const TENANT = 'default'

function clientRecord({ clientId, secret }: Credentials, scope: string, resources: readonly string[]): ClientRecord {
  const now = Math.floor(systemClock.nowMs() / 1000)
  return {
    v: 1,
    clientId,
    name: `Client ${clientId}`,
    type: 'confidential',
    secretDigests: [digestOf(secret)],
    active: true,
    firstParty: true,
    redirectUris: [],
    grantTypes: ['client_credentials'],
    scopes: scope.split(' '),
    audience: [JWT_RESOURCE],
    resources,
    roles: ['service'],
    createdAt: now,
    updatedAt: now,
    version: 1,
    revocationEpoch: 1,
  }
}

/** Without a password: hardly anybody signs in here, and ten thousand argon2id hashes would take minutes. */
export function userRecord(index: number): UserRecord {
  const now = Math.floor(systemClock.nowMs() / 1000)
  const userName = `user-${String(index).padStart(5, '0')}@example.com`
  return {
    v: 1,
    sub: `sub-${String(index).padStart(5, '0')}`,
    userName,
    active: true,
    roles: ['user'],
    profile: {
      displayName: `User ${index}`,
      emails: [{ value: userName, primary: true }],
      name: { familyName: 'User' },
    },
    createdAt: now,
    updatedAt: now,
    version: 1,
    revocationEpoch: 1,
  }
}

const webClient = (web: Credentials): ClientRecord => ({
  ...clientRecord(web, WEB_SCOPE, []),
  redirectUris: [REDIRECT_URI],
  grantTypes: ['authorization_code', 'refresh_token'],
})

const SESSION_SECONDS = 8 * 3600

function sessionRecord(user: UserRecord): SessionRecord {
  const now = Math.floor(systemClock.nowMs() / 1000)
  return {
    v: 1,
    sid: randomId(),
    sub: user.sub,
    acr: 'urn:sallyport:acr:password',
    amr: ['pwd'],
    authTime: now,
    userEpoch: user.revocationEpoch,
    createdAt: now,
    expiresAt: now + SESSION_SECONDS,
  }
}

async function allWritten(writes: readonly Promise<UserWritten>[]): Promise<void> {
  for (const written of await Promise.all(writes)) {
    if (written !== 'written') throw new Error(`seeding: a record was not written: ${written}`)
  }
}

export async function seed(
  store: Pick<Store, 'clients' | 'users' | 'sessions'>,
  population: Population,
): Promise<void> {
  const { clients, resourceServer, web, sessions, scope } = population
  const records = [
    ...clients.map((client) => clientRecord(client, scope, [])),
    clientRecord(resourceServer, scope, [JWT_RESOURCE]),
    webClient(web),
  ]
  await allWritten(records.map((record) => store.clients.create(TENANT, record)))
  await allWritten(Array.from({ length: USERS }, (_, index) => store.users.create(TENANT, userRecord(index))))
  await Promise.all(
    sessions.map((secret, index) => store.sessions.put(TENANT, digestOf(secret), sessionRecord(userRecord(index)))),
  )
}

export async function seedSqlite(path: string, population: Population): Promise<void> {
  const store = await openSqliteStore({ path, clock: systemClock })
  try {
    await seed(store, population)
  } finally {
    await store.close()
  }
}

export async function seedRedis({ node, username, password }: RedisAt, population: Population): Promise<void> {
  const store = await openRedisStore({ nodes: [node], username, password, clock: systemClock })
  try {
    await seed(store, population)
  } finally {
    await store.close()
  }
}
