/** Fills a store through its port: the population's clients, its resource server, and the users. */
import { systemClock } from '../src/kernel/clock.ts'
import { digestOf } from '../src/kernel/ids.ts'
import type { Store, Written } from '../src/storage/port.ts'
import type { ClientRecord, UserRecord } from '../src/storage/records.ts'
import { openSqliteStore } from '../src/storage/sqlite/open.ts'
import { type Credentials, JWT_RESOURCE, type Population, USERS } from './population.ts'

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

/** Without a password: nobody signs in here, and ten thousand argon2id hashes would take minutes. */
function userRecord(index: number): UserRecord {
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

async function allWritten(writes: readonly Promise<Written>[]): Promise<void> {
  for (const written of await Promise.all(writes)) {
    if (written !== 'written') throw new Error(`seeding: a record was not written: ${written}`)
  }
}

export async function seed(store: Pick<Store, 'clients' | 'users'>, population: Population): Promise<void> {
  const { clients, resourceServer, scope } = population
  const records = [
    ...clients.map((client) => clientRecord(client, scope, [])),
    clientRecord(resourceServer, scope, [JWT_RESOURCE]),
  ]
  await allWritten(records.map((record) => store.clients.create(TENANT, record)))
  await allWritten(Array.from({ length: USERS }, (_, index) => store.users.create(TENANT, userRecord(index))))
}

export async function seedSqlite(path: string, population: Population): Promise<void> {
  const store = await openSqliteStore({ path, clock: systemClock })
  try {
    await seed(store, population)
  } finally {
    await store.close()
  }
}
