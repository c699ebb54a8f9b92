/** What a sign-out ends, at us and at the clients of the session: OIDC Back-Channel Logout 1.0. Checklist 22, 31, 33. */
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_KEY_RULES } from '../../src/auth/keys/rules.ts'
import { sessionIdentifier } from '../../src/auth/token/session-identifier.ts'
import { SIGNING_ALGORITHMS } from '../../src/kernel/signing-algorithms.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { openRelyingSite, type RelyingSite } from '../servers/relying-site.ts'
import { until } from '../servers/until.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, isActive, post } from './requests.ts'
import { addClient, signIn, silently } from './signed-in.ts'
import { type SignedIn, signedInAt } from './signing-out.ts'

let service: TestService
let site: RelyingSite
let shop: TestClient
let mail: TestClient
let person: SignedIn
const logged: string[] = []

beforeAll(async () => {
  site = await openRelyingSite()
  service = await startAuthService({
    logger: createLogger({ level: 'warn', destination: { write: (line) => void logged.push(line) } }),
    service: {
      clientsReach: { allow: ['127.0.0.1'], unlisted: 'public' },
      backChannel: { idleMs: 20, backOffMs: 5, attempts: 5 },
      keys: { ...DEFAULT_KEY_RULES, algorithms: SIGNING_ALGORITHMS },
    },
  })
  shop = await addClient(service.store, 'shop')
  mail = await addClient(service.store, 'mail')
})
afterAll(async () => {
  await service.close()
  await site.close()
})
beforeEach(async () => {
  site.told.length = 0
  person = await signedInAt(service, shop)
})

describe('what ends with a session (Back-Channel Logout 2.7; checklist 22 and 31)', () => {
  test('all that its clients hold, and nothing of another session', async () => {
    const elsewhere = await signIn(service, new Browser(service.issuer), shop)
    const second = await signIn(service, person.browser, mail, 'openid email')
    await person.endSession(person.asked())
    expect(await isActive(service, person.tokens.access_token)).toBe(false)
    expect(await isActive(service, second.access_token)).toBe(false)
    expect(await isActive(service, elsewhere.access_token)).toBe(true)
    const { status } = await fetch(`${service.issuer}/oauth/userinfo`, {
      headers: { authorization: `Bearer ${second.access_token}` },
    })
    expect(status).toBe(401)
  })

  test('as policy ships: what was given for offline access goes on by its refresh token, its access tokens do not', async () => {
    const offline = await signIn(service, person.browser, mail, 'openid offline_access orders:read')
    await person.endSession(person.asked())
    expect(await isActive(service, offline.access_token)).toBe(false)
    const next = await post(service, '/oauth/token', mail, {
      grant_type: 'refresh_token',
      refresh_token: String(offline.refresh_token),
    })
    expect(next.status).toBe(200)
    expect(await isActive(service, next.body.access_token)).toBe(true)
    const events = service.audits.map(({ event, client_id }) => `${event} ${client_id}`)
    expect(events).toEqual(expect.arrayContaining(['grant_tokens_revoked mail', 'grant_revoked shop']))
  })

  test('a code that nobody has redeemed', async () => {
    const { url, verifier } = await begun()
    const code = (await person.browser.visit(url)).left?.searchParams.get('code') ?? ''
    await person.endSession(person.asked())
    const form = { grant_type: 'authorization_code', code, redirect_uri: 'http://127.0.0.1:9/callback' }
    const { body } = await post(service, '/oauth/token', shop, { ...form, code_verifier: verifier })
    expect(body.error).toBe('invalid_grant')
  })

  const begun = async () => begin(await discover(service.issuer, shop), 'openid')
})

describe('sid (Back-Channel Logout 2.1; checklist 33)', () => {
  test('is one for a client in a session, another for each client and session, and nothing of the cookie', async () => {
    const sid = (of: Answer['body']) => String(decodeJwt(String(of.id_token)).sid)
    const again = await signIn(service, person.browser, shop, 'openid')
    const atMail = await signIn(service, person.browser, mail, 'openid')
    const elsewhere = await signIn(service, new Browser(service.issuer), shop, 'openid')
    expect(sid(again)).toBe(sid(person.tokens))
    expect(sid(person.tokens)).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(new Set([sid(person.tokens), sid(atMail), sid(elsewhere)]).size).toBe(3)
    const grants = await service.store.grants.list(TENANT, { clientId: shop.id }, 0, 10)
    for (const { sid: own } of grants.records) expect(sid(person.tokens)).not.toContain(own ?? '')
  })
})

describe('back-channel logout', () => {
  let told: TestClient
  beforeAll(async () => {
    told = await addClient(service.store, 'told', {
      backchannel_logout_uri: `${site.origin}/backchannel_logout`,
      backchannel_logout_session_required: true,
    })
  })

  test('oidcc-backchannel-rp-initiated-logout: the client is sent a logout token of its session (2.4 and 2.5; checklist 31)', async () => {
    const atTold = await signIn(service, person.browser, told, 'openid')
    await person.endSession(person.asked())
    await until(async () => site.told.length > 0, 'the client is told')
    const [{ contentType, logoutToken } = { contentType: '', logoutToken: '' }] = site.told
    expect(contentType).toBe('application/x-www-form-urlencoded')
    const { typ, alg, kid } = decodeProtectedHeader(logoutToken)
    const idToken = decodeJwt(String(atTold.id_token))
    expect({ typ, alg, kid }).toEqual({ ...decodeProtectedHeader(String(atTold.id_token)), typ: 'logout+jwt' })
    const claims = decodeJwt(logoutToken)
    expect(claims).toEqual({
      iss: service.issuer,
      aud: told.id,
      sub: idToken.sub,
      sid: idToken.sid,
      iat: expect.any(Number),
      exp: Number(claims.iat) + 120,
      jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    const keys = createRemoteJWKSet(new URL(`${service.issuer}/oauth/jwks`))
    await jwtVerify(logoutToken, keys, { typ: 'logout+jwt' })
    await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
    expect(site.told).toHaveLength(1)
    expect(service.audits).toContainEqual(expect.objectContaining({ event: 'logout_delivered', client_id: told.id }))
  })

  test.each(['PS256', 'EdDSA'])('is signed by %s where the ID tokens of the client are (2.4)', async (alg) => {
    const metadata = { backchannel_logout_uri: `${site.origin}/told`, id_token_signed_response_alg: alg }
    const other = await addClient(service.store, `signed-${alg}`, metadata)
    const { id_token } = await signIn(service, person.browser, other, 'openid')
    await person.endSession(person.asked())
    await until(async () => site.told.length > 0, 'the client is told')
    const { kid } = decodeProtectedHeader(String(id_token))
    expect(decodeProtectedHeader(site.told[0]?.logoutToken ?? '')).toEqual({ typ: 'logout+jwt', alg, kid })
  })

  test('is tried again until the client takes it, with another token each time (checklist 31)', async () => {
    await signIn(service, person.browser, told, 'openid')
    site.answers.push(500, 400, 302)
    await person.endSession(person.asked())
    await until(async () => site.told.length === 4, 'the client takes it')
    expect(new Set(site.told.map(({ logoutToken }) => decodeJwt(logoutToken).jti)).size).toBe(4)
    await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
  })

  test('a client that does not answer holds up no other', async () => {
    const hanging = await openRelyingSite()
    const deaf = await addClient(service.store, 'deaf', { backchannel_logout_uri: `${hanging.origin}/told` })
    hanging.answers.push(...Array.from({ length: 100 }, () => 0))
    const createdAt = Math.floor(Date.now() / 1000)
    const waiting = Array.from({ length: 40 }, (_, index) => `client ${index} deaf`)
    const part = { v: 1, kind: 'client', clientId: deaf.id, sub: 'somebody', attempts: 0, createdAt } as const
    await Promise.all(waiting.map((id) => service.store.logouts.add(TENANT, { ...part, id, sid: id }, 0)))
    try {
      await until(async () => hanging.told.length === 4, 'as many as one client is asked at once')
      await signIn(service, person.browser, told, 'openid')
      await person.endSession(person.asked())
      await until(async () => site.told.length === 1, 'another client is told', 5000)
      expect(hanging.told).toHaveLength(4)
    } finally {
      await Promise.all(waiting.map((id) => service.store.logouts.remove(TENANT, id)))
      await hanging.close()
    }
  })

  test('is given up at last, and audit says so', async () => {
    await signIn(service, person.browser, told, 'openid')
    site.answers.push(...Array.from({ length: 5 }, () => 503))
    await person.endSession(person.asked())
    await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
    expect(site.told).toHaveLength(5)
    expect(service.audits).toContainEqual(
      expect.objectContaining({ event: 'logout_not_delivered', client_id: told.id, detail: 'refused' }),
    )
    site.answers.length = 0
  })

  test('a client that fails is told of in the log, once until it takes one again', async () => {
    const warned = () => logged.map((line) => JSON.parse(line)).filter(({ client_id }) => client_id === 'failing')
    const failing = await addClient(service.store, 'failing', { backchannel_logout_uri: `${site.origin}/failing` })
    for (const [answers, times] of [
      [[500, 500, 200], 1],
      [[], 1],
      [[503], 2],
    ] as const) {
      const other = new Browser(service.issuer)
      const { id_token } = await signIn(service, other, failing, 'openid')
      site.answers.push(...answers)
      await other.visit(`${service.issuer}/oauth/logout?id_token_hint=${id_token}`)
      const heard = () => site.told.filter(({ logoutToken }) => decodeJwt(logoutToken).aud === failing.id).length
      await until(async () => heard() >= Math.max(1, answers.length), 'it is told')
      await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
      expect(warned()).toHaveLength(times)
    }
    expect(warned()[0]).toMatchObject({ level: 40, outcome: 'refused', msg: expect.stringContaining('sign-out') })
    expect(logged.join()).not.toContain(service.population.user.sub)
  })

  test('goes nowhere that the way out does not lead to (checklist 48)', async () => {
    const inside = await addClient(service.store, 'inside', { backchannel_logout_uri: 'http://169.254.169.254/latest' })
    await signIn(service, person.browser, inside, 'openid')
    await person.endSession(person.asked())
    const told = () =>
      service.audits.find(({ event, client_id }) => event === 'logout_not_delivered' && client_id === 'inside')
    await until(async () => told() !== undefined, 'it is given up')
    expect(told()).toMatchObject({ detail: 'denied' })
  })

  test('a sign-out that a node wrote down and did not live to do is done by another', async () => {
    const atTold = await signIn(service, person.browser, told, 'openid')
    const { records } = await service.store.sessions.list(TENANT, { sub: service.population.user.sub }, 0, 100)
    const { sid: named } = decodeJwt(String(atTold.id_token))
    const session = records.find(({ sid }) => sessionIdentifier(sid, told.id) === named)
    const { sid = '', sub = '' } = session ?? {}
    const task = { v: 1, id: `session ${sid}`, kind: 'session', sid, sub, ends: 'all', createdAt: 1 } as const
    await service.store.logouts.add(TENANT, task, 0)
    await until(async () => site.told.length > 0, 'the client is told')
    expect(decodeJwt(site.told[0]?.logoutToken ?? '').sid).toBe(named)
    expect(await isActive(service, atTold.access_token)).toBe(false)
    expect(await silently(service, person.browser, shop)).toBe('login_required')
    await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
  })

  test('so is one whose grants have ended long ago, by time or revocation (2.3; checklist 31)', async () => {
    const revoked = await addClient(service.store, 'revoked', { backchannel_logout_uri: `${site.origin}/revoked` })
    await signIn(service, person.browser, revoked, 'openid')
    await signIn(service, person.browser, told, 'openid')
    const [grant] = (await service.store.grants.list(TENANT, { clientId: revoked.id }, 0, 1)).records
    await service.store.grants.revoke(TENANT, grant?.grantId ?? '')
    service.advance(100 * 60)
    expect((await service.store.grants.list(TENANT, { clientId: told.id }, 0, 1)).total).toBe(0)
    await person.endSession(person.asked())
    await until(async () => site.told.length === 2, 'both are told')
    const audiences = site.told.map(({ logoutToken }) => decodeJwt(logoutToken).aud)
    expect(audiences.toSorted()).toEqual([revoked.id, told.id])
  })

  test('a client without an address hears nothing, nor one that this session was not used at', async () => {
    await signIn(service, new Browser(service.issuer), told, 'openid')
    await signIn(service, person.browser, mail, 'openid')
    await person.endSession(person.asked())
    await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
    expect(site.told).toEqual([])
  })

  test('reads the same whatever else is signed: a logout token is no hint and no access token', async () => {
    await signIn(service, person.browser, told, 'openid')
    const mine = person.tokens
    await person.endSession({ id_token_hint: String(mine.id_token) })
    await until(async () => site.told.length > 0, 'the client is told')
    const logoutToken = site.told[0]?.logoutToken ?? ''
    await person.signInAgain()
    await person.isRefused(await person.endSession({ id_token_hint: logoutToken }))
    expect(await isActive(service, logoutToken)).toBe(false)
  })
})
