/** User codes guessed all at once, on either store: the limit holds for them together. RFC 8628 5.1; checklist 28. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_GUESSES } from '../../src/auth/oauth/device/user-code.ts'
import { openRedisStore } from '../../src/storage/redis/open.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { post } from './requests.ts'
import { addClient } from './signed-in.ts'

const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const AT_ONCE = 100

describe.each(['sqlite', 'redis'])('on %s', (kind) => {
  let redis: RedisServer | undefined
  let service: TestService
  beforeAll(async () => {
    if (kind === 'sqlite') {
      service = await startAuthService()
      return
    }
    const server = await startRedis()
    redis = server
    service = await startAuthService({
      store: async (_path, clock) => openRedisStore({ nodes: [server.node], ...server.credentials, clock }),
    })
  }, 60_000)
  afterAll(async () => {
    await service?.close()
    await redis?.stop()
  })

  test('a hundred guesses at once are looked up ten times and no more, and a code that is right is no guess (RFC 8628 5.1; checklist 28)', async () => {
    const grantTypes = ['urn:ietf:params:oauth:grant-type:device_code']
    const tv = await addClient(service.store, 'tv', {}, { grantTypes, redirectUris: [] })
    const ask = async () => (await post(service, '/oauth/device_authorization', tv, { scope: 'openid' })).body
    const device = await ask()
    const person = new Browser(service.issuer)
    const { userName: username, password } = service.population.user
    const page = await person.visit(String(device.verification_uri_complete))
    await person.submit(page, { username, password })
    const confirm = (code: unknown) => person.visit(`${service.issuer}/device/confirm?user_code=${code}`)
    for (let count = 0; count <= MAX_GUESSES; count++) expect((await confirm(device.user_code)).status).toBe(200)

    const guesses = Array.from({ length: AT_ONCE }, (_, n) => {
      const [first, second] = [LETTERS[n % LETTERS.length], LETTERS[Math.floor(n / LETTERS.length)]]
      return `BBBB-BB${first}${second}`
    })
    const answers = await Promise.all(guesses.map(confirm))
    const statuses = answers.map(({ status }) => status).toSorted()
    expect(statuses).toEqual([...Array(MAX_GUESSES).fill(400), ...Array(AT_ONCE - MAX_GUESSES).fill(429)])
    expect((await confirm(device.user_code)).status).toBe(429)
    service.advance(16 * 60)
    const { user_code } = await ask()
    expect((await confirm(user_code)).status).toBe(200)
  })
})
