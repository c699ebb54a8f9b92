/**
 * One sign-in makes one session, however often its last step is sent at once: one event, one letter, one cookie. Whoever comes
 * late starts nothing, and is led to where the sign-in leads. On SQLite and on Redis. OIDC Core 3.1.2.3; checklist 44, 45, 51.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRedisStore } from '../../src/storage/redis/open.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formOf } from '../servers/browser.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { until } from '../servers/until.ts'
import { newPerson, type Person } from './at-account.ts'
import { begin, discover } from './relying-party.ts'
import { addClient } from './signed-in.ts'

const AT_ONCE = 20
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

describe.each(['SQLite', 'Redis'] as const)('on %s', (kind) => {
  const letters = mkdtempSync(join(tmpdir(), 'sallyport-once-'))
  let redis: RedisServer | undefined
  let service: TestService
  let shop: TestClient
  beforeAll(async () => {
    redis = kind === 'Redis' ? await startRedis() : undefined
    const { node, credentials } = redis ?? {}
    service = await startAuthService({
      ...(node !== undefined && { store: (_path, clock) => openRedisStore({ nodes: [node], ...credentials, clock }) }),
      service: { mail: { from: { name: 'Test', address: 'no-reply@example.com' }, directory: letters } },
    })
    shop = await addClient(service.store, 'shop')
  })
  afterAll(async () => {
    await service?.close()
    await redis?.stop()
    rmSync(letters, { recursive: true, force: true })
  })

  const nextPerson = (): Promise<Person> => {
    const address = `once-${crypto.randomUUID()}@example.com`
    return newPerson(service, { userName: address, profile: { emails: [{ value: address, primary: true }] } })
  }
  const audited = (event: string, { sub }: Person) =>
    service.audits.filter((one) => one.event === event && one.sub === sub)
  const lettersTo = ({ userName }: Person) =>
    readdirSync(letters).filter((file) => readFileSync(join(letters, file), 'utf8').includes(`To: ${userName}`))
  const sessionsOf = async ({ sub }: Person) =>
    (await service.store.sessions.list(TENANT, { sub }, 0, 100)).records.map(({ sid }) => sid)

  /** The right password sent many times at once from one page, as one browser would; what each was answered. */
  async function signInAtOnce(person: Person, url: string) {
    const browser = new Browser(service.issuer)
    browser.headers['user-agent'] = FIREFOX
    const page = await browser.submit(await browser.visit(url), { username: person.userName })
    expect(new URL(page.url).pathname).toBe('/login/password')
    const { action, fields } = formOf(page)
    fields.set('password', person.password)
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...browser.headers, cookie, 'sec-fetch-site': 'same-origin' }
    const send = () => fetch(action, { method: 'POST', body: fields, headers, redirect: 'manual' })
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, send))
    const read = answers.map(({ status, headers: given }) => ({
      status,
      location: given.get('location') ?? '',
      cookie: given.getSetCookie().find((line) => line.startsWith('sallyport_session=')),
    }))
    const winners = read.filter((answer) => answer.cookie !== undefined)
    const late = read.filter((answer) => answer.cookie === undefined && answer.status === 303)
    const secret = /=([^;]+)/.exec(winners[0]?.cookie ?? '')?.[1] ?? ''
    return { browser, read, winners, late, secret }
  }

  async function isOnce(person: Person): Promise<void> {
    expect(await sessionsOf(person)).toHaveLength(1)
    expect(audited('sign_in', person)).toHaveLength(1)
    expect(audited('device_added', person)).toHaveLength(1)
    await until(async () => lettersTo(person).length > 0, 'the letter is there')
    expect(lettersTo(person)).toHaveLength(1)
  }

  test('for an application: who comes late goes on where the browser is signed in by then, and to the sign-in else', async () => {
    const person = await nextPerson()
    const { url } = await begin(await discover(service.issuer, shop), 'openid')
    const { browser, read, winners, late, secret } = await signInAtOnce(person, url)
    expect(winners).toHaveLength(1)
    // Some may have been too many at once for the limits, or for the machine; that is no sign-in either.
    expect(read.filter(({ status }) => ![303, 429, 503].includes(status))).toEqual([])
    const [onward, anew] = [winners[0]?.location ?? '', '/login?interaction=']
    // Or the sign-in was spent before it was looked at: the page that begins one.
    for (const { location } of late) expect(location === onward || location.startsWith(anew)).toBe(true)
    await isOnce(person)

    const goOn = () => browser.visit(new URL(onward, service.issuer).href)
    expect(new URL((await goOn()).url).pathname).toBe('/login')
    browser.cookies.set('sallyport_session', secret)
    expect((await goOn()).left?.searchParams.has('code')).toBe(true)
    // The code was given: what waited has ended, for everybody.
    expect((await goOn()).status).toBe(400)
    await isOnce(person)
  })

  test('for a page of ours: likewise', async () => {
    const person = await nextPerson()
    const { browser, winners, late, secret } = await signInAtOnce(person, `${service.issuer}/account/sessions`)
    expect(winners).toHaveLength(1)
    for (const { location } of late) expect(location).toBe('/account/sessions')
    await isOnce(person)
    const onward = `${service.issuer}/account/sessions`
    expect(new URL((await browser.visit(onward)).url).pathname).toBe('/login')
    browser.cookies.set('sallyport_session', secret)
    expect((await browser.visit(onward)).url).toBe(onward)
  })
})
