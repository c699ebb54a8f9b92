/** User codes guessed all at once, on either store: the limit holds for them together. RFC 8628 5.1; checklist 28. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../../../test/servers/redis.ts'
import { randomId } from '../../../kernel/ids.ts'
import type { DeviceGrantRecord } from '../../../storage/device-grants.ts'
import type { Store } from '../../../storage/port.ts'
import { openRedisStore } from '../../../storage/redis/open.ts'
import {
  clientRecord,
  cookieOf,
  openSurroundings,
  type Surroundings,
  startedSession,
  TENANT,
  userRecord,
} from '../../session/endpoint-fixture.ts'
import { testThreats } from '../../threat/threat-fixture.ts'
import { findAsked } from './find-asked.ts'
import { GUESS_WINDOW_SECONDS, MAX_GUESSES, userCodeDigest } from './user-code.ts'

const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const AT_ONCE = 100
const COOKIE = '__Host-sallyport_session'
const OWN = 'WWWW-WWWW'

describe.each(['SQLite', 'Redis'])('on %s', (kind) => {
  let around: Surroundings
  let redis: RedisServer | undefined
  let store: Store
  beforeAll(async () => {
    // What comes after the code was found is no matter here.
    around = await openSurroundings({ authorize: () => ({ allow: false, reasons: ['network_not_allowed'] }) })
    if (kind === 'Redis') redis = await startRedis()
    store = redis
      ? await openRedisStore({ nodes: [redis.node], ...redis.credentials, clock: around.clock })
      : around.store
  })
  afterAll(async () => {
    if (redis) await store.close()
    await redis?.stop()
    await around.close()
  })

  test('of a hundred guesses at once ten are looked up, and a code that is right is no guess (RFC 8628 5.1; checklist 28)', async () => {
    const { assessClient } = testThreats({ store, clock: around.clock })
    const deps = {
      ...around,
      store,
      assessClient,
      enrolled: async () => [],
      countryOf: () => undefined,
      spares: () => false,
    }
    const [user, client] = [userRecord(), clientRecord()]
    await store.users.create(TENANT, user)
    await store.clients.create(TENANT, client)
    const signedIn = { user, acr: 'urn:sallyport:acr:password', amr: ['pwd'], ttlSeconds: 36_000 }
    const { cookie } = await startedSession(deps, around.request(), signedIn)
    const cookies = { [COOKIE]: cookieOf({ status: 200, headers: { 'set-cookie': cookie } }, COOKIE) ?? '' }
    const now = Math.floor(around.clock.nowMs() / 1000)
    const waiting: DeviceGrantRecord = {
      v: 1,
      clientId: client.clientId,
      scopes: ['openid'],
      resources: [],
      intervalSeconds: 5,
      address: '192.0.2.7',
      createdAt: now,
      endsAt: now + 3600,
      expiresAt: now + 7200,
    }
    await store.deviceGrants.begin(TENANT, randomId(), userCodeDigest(OWN), waiting)

    const ask = async (userCode: string) => {
      const asked = findAsked(deps, around.request({ cookies }), userCode)
      return asked.then(
        (outcome) => ('reply' in outcome ? outcome.reply.status : 'shown'),
        ({ code }) => (code === 'access_denied' ? 'found' : code),
      )
    }
    const found = await Promise.all(Array.from({ length: MAX_GUESSES }, () => ask(OWN)))
    expect(new Set(found)).toEqual(new Set(['found']))
    expect(await ask(OWN)).toBe('found')

    const codes = Array.from(
      { length: AT_ONCE },
      (_, n) => `BBBB-BB${LETTERS[n % LETTERS.length]}${LETTERS[Math.floor(n / LETTERS.length)]}`,
    )
    // The last of them would find one.
    const [right, ...answers] = (await Promise.all([...codes, OWN].map(ask))).toReversed()
    expect(right).toBe('slow_down')
    expect(answers.filter((answer) => answer === 400)).toHaveLength(MAX_GUESSES)
    expect(answers.filter((answer) => answer === 'slow_down')).toHaveLength(AT_ONCE - MAX_GUESSES)
    expect(await ask(OWN)).toBe('slow_down')
    around.clock.set(around.clock.nowMs() + GUESS_WINDOW_SECONDS * 1000)
    expect(await ask(OWN)).toBe('found')
  })
})
