/**
 * Nothing of a person is left in the store once they were erased, and all of it was in their copy: somebody is walked through
 * everything that leaves a trace, and the bytes of the file, or every key and value, are read. GDPR articles 15, 17; docs/privacy.md.
 */
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { openRedisStore } from '../../src/storage/redis/open.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { Authenticator, optionsOn } from '../servers/authenticator.ts'
import { Browser } from '../servers/browser.ts'
import { TENANT, type TestClient, userRecord } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { send } from './at-account.ts'
import { BEHIND_PROXY } from './attackers.ts'
import { parametersOf, urlOf } from './authorization.ts'
import { type Canaries, openCanaries } from './canaries.ts'
import { openOwnPage } from './factors.ts'
import { atProvider, type Federated, linkTo, onSignInPage, signInAt, startFederated } from './federation.ts'
import { basic, isActive, post } from './requests.ts'
import { addClient, signIn } from './signed-in.ts'

const PASSWORD = 'a long pass phrase of theirs'
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const HOME = '203.0.113.77'
/** Where the `sub` of somebody who is gone may stand until its own end (docs/privacy.md). */
const OF_GRANTS = /^(grants|access_tokens|tasks)$|:grant:|:grants-of-user:|:outbox:|:logouts/

interface Kept {
  /** Name and content of everything that the store holds: tables or keys. */
  entries(): Promise<readonly (readonly [string, string])[]>
  /** All bytes of its files; none where it has no files of its own. */
  bytes(): string
}

function inFile(path: string): Kept {
  return {
    entries: async () => {
      const db = new DatabaseSync(path, { readOnly: true })
      const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
      const found = tables.map(
        ({ name }) => [String(name), JSON.stringify(db.prepare(`SELECT * FROM ${name}`).all())] as const,
      )
      db.close()
      return found
    },
    bytes: () => ['', '-wal', '-shm'].map((end) => readFileSync(`${path}${end}`, 'latin1')).join('\n'),
  }
}

const DUMP = `
  local out = {}
  for _, key in ipairs(redis.call('KEYS', '*')) do
    local kind = redis.call('TYPE', key).ok
    local values = kind == 'string' and { redis.call('GET', key) } or kind == 'hash' and redis.call('HGETALL', key)
      or kind == 'zset' and redis.call('ZRANGE', key, 0, -1) or kind == 'set' and redis.call('SMEMBERS', key)
      or redis.call('LRANGE', key, 0, -1)
    out[#out + 1] = cjson.encode({ key, table.concat(values, ' ') })
  end
  return out`

const inRedis = (server: RedisServer): Kept => ({
  entries: async () => {
    const text = await server.command('EVAL', DUMP, '0')
    return text
      .split('\n')
      .filter((line) => line.startsWith('['))
      .map((line): readonly [string, string] => JSON.parse(line))
  },
  bytes: () => '',
})

describe.each(['SQLite', 'Redis'] as const)('a person is erased from %s', (kind) => {
  let redis: RedisServer | undefined
  let service: Federated
  let kept: Kept
  let tv: TestClient
  let admin: string

  beforeAll(async () => {
    redis = kind === 'Redis' ? await startRedis() : undefined
    if (redis !== undefined) kept = inRedis(redis)
    service = await startFederated({
      service: BEHIND_PROXY,
      store: async (path, clock) => {
        if (redis !== undefined) return openRedisStore({ nodes: [redis.node], ...redis.credentials, clock })
        kept = inFile(path)
        return openSqliteStore({ path, clock })
      },
    })
    tv = await addClient(service.store, 'tv', {}, { grantTypes: [DEVICE_GRANT], redirectUris: [] })
    admin = await clientToken(service.issuer, service.population.admin, 'admin')
  })
  afterAll(async () => {
    await service?.close()
    await redis?.stop()
  })

  const asAdmin = async (method: 'GET' | 'POST', path: string) => {
    const headers = { authorization: `Bearer ${admin}` }
    const answer = await fetch(`${service.issuer}/admin/users/${path}`, { method, headers })
    return { status: answer.status, body: Object(await answer.json()) }
  }

  async function newcomer(canaries: Canaries) {
    // Names are compared without case: a canary in capitals is as well one in small letters.
    const userName = `${canaries.make('user name')}@example.com`.toLowerCase()
    const user = userRecord(userName, {
      passwordHash: await createPasswordHasher().hash(PASSWORD),
      profile: {
        displayName: canaries.make('display name'),
        name: { givenName: canaries.make('given name'), familyName: canaries.make('family name') },
        phoneNumbers: [{ value: canaries.make('phone') }],
        emails: [{ value: userName, primary: true }],
        emailVerified: true,
      },
    })
    await service.store.users.create(TENANT, user)
    return { sub: user.sub, userName, password: PASSWORD }
  }
  type Person = Awaited<ReturnType<typeof newcomer>>

  const atHome = (): Browser => {
    const browser = new Browser(service.issuer)
    browser.headers['x-forwarded-for'] = HOME
    return browser
  }

  /** Consent and tokens, by a request that names them; one that a client pushed; two that nobody finishes. */
  async function askInTheirName(person: Person) {
    const { web } = service.population
    const browser = atHome()
    const claims = JSON.stringify({ userinfo: { email: { value: person.userName } } })
    const provider = { ...service, population: { ...service.population, user: person } }
    const tokens = await signIn(provider, browser, web, 'openid email offline_access', {
      login_hint: person.userName,
      claims,
    })
    const hint = String(tokens.id_token)
    const pushed = { ...parametersOf(web), login_hint: person.userName, claims, id_token_hint: hint, state: 'a state' }
    expect((await post(service, '/oauth/par', web, pushed)).status).toBe(201)
    await atHome().visit(urlOf(service.issuer, parametersOf(web, { login_hint: person.userName, claims })))
    await atHome().visit(urlOf(service.issuer, parametersOf(web, { id_token_hint: hint })))
    const typing = atHome()
    const login = await typing.visit(urlOf(service.issuer, parametersOf(web)))
    expect((await typing.submit(login, { username: person.userName })).url).toContain('/login/password')
    return tokens
  }

  async function approveDevice(browser: Browser, person: Person, answer: 'allow' | 'deny') {
    const asked = await fetch(`${service.issuer}/oauth/device_authorization`, {
      method: 'POST',
      headers: { authorization: basic(tv), 'x-forwarded-for': HOME },
      body: new URLSearchParams({ scope: 'openid profile' }),
    })
    const device = Object(await asked.json())
    const page = await browser.visit(String(device.verification_uri_complete))
    expect(page.text).toContain(person.userName)
    expect((await browser.submit(page, { answer })).status).toBe(200)
  }

  async function linkElsewhere(browser: Browser, person: Person, canaries: Canaries) {
    service.google.person = {
      sub: canaries.make('upstream subject'),
      email: `${canaries.make('upstream address')}@example.com`,
      email_verified: true,
    }
    const page = await browser.visit(`${service.issuer}/account/identities`)
    const left = await send(browser, page, /identities\/link$/, { provider: 'google' })
    if (left.left === undefined) throw new Error(`stayed at ${left.url}: ${left.status} ${left.text.slice(0, 400)}`)
    await browser.visit((await atProvider(left.left)).href)
    expect(await service.store.identities.list(TENANT, person.sub)).toHaveLength(1)
    // Begun, and left: the address of an account of theirs at another provider, which is to be proven here first.
    service.other.person = { sub: canaries.make('other subject'), email: person.userName, email_verified: true }
    const waiting = await signInAt(await onSignInPage(service), 'other')
    expect(waiting.text).toContain(person.userName)
    const trip = await onSignInPage(service)
    await trip.browser.visit(linkTo(trip.page, 'google'))
  }

  async function walk(person: Person, canaries: Canaries) {
    const tokens = await askInTheirName(person)
    const { issuer } = service
    const browser = atHome()
    const forgotten = await browser.visit(`${issuer}/password/forgot`)
    await browser.submit(forgotten, { username: person.userName })

    const list = await openOwnPage(service, browser, '/account/factors', person)
    expect(list.status).toBe(200)
    await linkElsewhere(browser, person, canaries)
    const email = await browser.visit(`${issuer}/account/email`)
    const next = `${canaries.make('next address')}@example.com`
    expect((await send(browser, email, /email$/, { purpose: 'change', email: next })).status).toBe(200)
    await approveDevice(browser, person, 'allow')
    await approveDevice(browser, person, 'deny')
    // Of each one is begun and left.
    for (const path of ['/mfa/enrol/totp', '/mfa/enrol/passkey']) await browser.visit(`${issuer}${path}`)
    const asked = await browser.visit(`${issuer}/mfa/enrol/passkey`)
    const credential = new Authenticator(issuer).create(optionsOn(asked.text))
    await browser.submit(asked, { credential, name: canaries.make('passkey') })
    const { passkeys } = await service.store.factors.of(TENANT, person.sub)
    expect(passkeys).toHaveLength(1)
    return tokens
  }

  const holding = async (canaries: Canaries): Promise<readonly string[]> =>
    (await kept.entries()).flatMap(([name, content]) =>
      canaries.within(`${name} ${content}`).map((of) => `${name}: ${of}`),
    )

  test('what was theirs was in their copy, and is in no record, no key and no byte (GDPR articles 15 and 17)', async () => {
    const canaries = openCanaries()
    const [person, other] = [await newcomer(canaries), await newcomer(openCanaries())]
    const tokens = await walk(person, canaries)
    await askInTheirName(other)
    expect(await isActive(service, tokens.access_token)).toBe(true)

    const { body: copy } = await asAdmin('GET', `${person.sub}/export`)
    const copied = JSON.stringify(copy)
    const inStore = [...new Set((await holding(canaries)).map((found) => found.split(': ').at(-1)))]
    expect(canaries.within(copied).toSorted()).toEqual(inStore.toSorted())
    expect(inStore.length).toBe(canaries.count)
    expect(copy.pending).toEqual({
      // What a client asked under a name of theirs is sealed and no fact about them; their own pages wait for them.
      sign_ins: [expect.objectContaining({ page: expect.stringMatching(/^\/[^?]*$/) })],
      devices: [
        expect.objectContaining({ client_id: 'tv', address: HOME }),
        expect.objectContaining({ address: HOME }),
      ],
      once: expect.arrayContaining([
        expect.objectContaining({ kind: 'password_link', purpose: 'password_reset', address: person.userName }),
        expect.objectContaining({ kind: 'email_link', purpose: 'email_change' }),
        expect.objectContaining({ kind: 'email_stop_link', address: person.userName }),
        expect.objectContaining({ kind: 'federation_link', email: person.userName, provider: 'other' }),
        expect.objectContaining({ kind: 'passkey_registration' }),
        expect.objectContaining({ kind: 'totp_enrolment' }),
      ]),
    })
    expect(copied).not.toMatch(/sealed|credential":|"bound"|"browser":"[A-Za-z0-9_-]{43}"/)
    const names = [person.userName.split('@')[0] ?? '', person.sub, HOME]
    expect(JSON.stringify(await kept.entries())).toContain(HOME)

    const erased = await asAdmin('POST', `${person.sub}/erase`)
    expect(erased).toEqual({ status: 200, body: { sub: person.sub, sessions_ended: 2, files: 'expunged' } })
    expect(await isActive(service, tokens.access_token)).toBe(false)
    expect(await holding(canaries)).toEqual([])
    expect(canaries.within(kept.bytes())).toEqual([])
    for (const [name, content] of await kept.entries()) {
      expect(`${name} ${content}`, name).not.toContain(names[0])
      if (!OF_GRANTS.test(name)) expect(`${name} ${content}`, name).not.toContain(person.sub)
    }
    // Nobody else lost anything, nor did what is being done for others.
    expect(await service.store.users.find(TENANT, other.sub)).toBeDefined()
    expect((await asAdmin('GET', `${other.sub}/export`)).body.sessions).toHaveLength(1)
  })
})
