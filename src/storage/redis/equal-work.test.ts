/** What a sign-in and a forgotten password ask of Redis before anybody has proven who they are: as many commands for a name that nobody has. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { systemClock } from '../../kernel/clock.ts'
import { randomId } from '../../kernel/ids.ts'
import { aUser } from '../conformance/subject.ts'
import type { Store } from '../port.ts'
import type { UserRecord } from '../records.ts'
import { openRedisStore } from './open.ts'

const now = Math.floor(systemClock.nowMs() / 1000)
let redis: RedisServer
let store: Store
const made = aUser(now)
const emails = [{ value: `${made.userName}@example.com` }]
const known = { ...made, profile: { emails, emailVerified: true } }

beforeAll(async () => {
  redis = await startRedis()
  store = await openRedisStore({ nodes: [redis.node], ...redis.credentials, clock: systemClock })
  await store.users.create('t', known)
  await store.devices.put('t', 'the digest of another browser', {
    ...{ v: 1, deviceId: randomId(), sub: known.sub, browser: 'Firefox', system: 'Linux', userEpoch: 1 },
    ...{ firstSeenAt: now, lastSeenAt: now, expiresAt: now + 3600 },
  })
})
afterAll(async () => {
  await store?.close()
  await redis?.stop()
})

/** By name, those that scripts run too. */
async function commandsOf(run: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  await redis.command('CONFIG', 'RESETSTAT')
  await run()
  const lines = (await redis.command('INFO', 'commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)
  const counted = [...lines].map(([, name = '', calls]) => [name, Number(calls)] as const)
  return Object.fromEntries(counted.filter(([name]) => !/^(config|info|auth|acl|hello|client)/.test(name)))
}

type Asked = (store: Store, person: Pick<UserRecord, 'sub' | 'userName'>) => Promise<unknown>
const asked: readonly (readonly [string, Asked])[] = [
  ['the account of a user name', ({ users }, { userName }) => users.findByUserName('t', userName)],
  ['the account of a name that was typed', ({ users }, { userName }) => users.findBySignInName('t', userName)],
  ['the account of an address', ({ users }, { userName }) => users.findBySignInName('t', `${userName}@example.com`)],
  [
    'a browser that is known for somebody',
    ({ devices }, { userName }) => devices.find('t', ['a digest', 'another'], { signInName: userName }),
  ],
  ['attempts at an account', ({ limits }, { userName }) => limits.hit('t', userName, 60)],
  [
    'a link for an account',
    ({ oneUse }, { sub }) =>
      oneUse.put('t', randomId(), { v: 1, kind: 'k', sub, facts: {}, createdAt: now, expiresAt: now + 600 }),
  ],
  ['where an account was last', ({ threats }, { sub }) => threats.presence('t', sub)],
]

test.each(asked)('%s: the same commands for a name that nobody has (checklist 37)', async (_what, ask) => {
  const nobody = { sub: randomId(), userName: `nobody-${randomId()}` }
  // So that both find scripts loaded.
  for (const person of [known, nobody]) await ask(store, { ...person, userName: `${person.userName}-before` })
  const [somebody, none] = [await commandsOf(() => ask(store, known)), await commandsOf(() => ask(store, nobody))]
  expect(Object.keys(somebody)).not.toEqual([])
  expect(none).toEqual(somebody)
})
