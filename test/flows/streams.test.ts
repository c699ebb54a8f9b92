/**
 * Security Event Tokens to clients: OpenID CAEP events about their own people, under the names that each client knows,
 * verified by jose with the keys at the jwks_uri. RFC 8417, RFC 9493, SSF 1.0, CAEP 1.0.
 */
import { decodeJwt, errors } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { type VerifiedSet, verifySet } from './security-events.ts'
import { type Streams, setsOf, startStreams } from './told-by-streams.ts'

const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'

let streams: Streams
let service: TestService
let shop: TestClient
let crm: TestClient
let guest: TestClient
let monitor: TestClient
let stranger: TestClient

beforeAll(async () => {
  streams = await startStreams()
  ;({ service, shop, crm, guest, monitor, stranger } = streams)
})
afterAll(() => streams?.close())
beforeEach(() => streams.clear())

const replaceUser = async (more: object) => {
  const person = `/scim/v2/Users/${service.population.user.sub}`
  const admin = streams.as(service.population.admin)
  const { meta: _meta, id: _id, ...user } = (await admin('GET', person)).body
  expect((await admin('PUT', person, { ...user, schemas: [SCHEMA], ...more })).status).toBe(200)
}

describe('session-revoked (CAEP 1.0 3.1)', () => {
  test('tells each client of the session by its own names for person and session (RFC 9493 3.2.3; checklist 33)', async () => {
    const browser = new Browser(service.issuer)
    const atShop = await streams.signInAt(shop, browser)
    const atCrm = await streams.signInAt(crm, browser)
    await streams.signOut(browser, atShop)
    const [toShop] = await streams.polled(shop)
    const [toCrm] = await streams.pushed(1)
    for (const [told, own] of [
      [toShop, atShop],
      [toCrm, atCrm],
    ] as const) {
      const { sub, sid } = decodeJwt(String(own.id_token))
      expect(told?.type).toBe('session-revoked')
      expect(told?.claims.sub_id).toEqual({
        format: 'complex',
        user: { format: 'iss_sub', iss: service.issuer, sub },
        session: { format: 'opaque', id: sid },
      })
      expect(told?.event.event_timestamp).toBe(told?.claims.toe)
    }
    const shared = (token: VerifiedSet | undefined) => [token?.claims.jti, JSON.stringify(token?.claims.sub_id)]
    for (const [index, value] of shared(toShop).entries()) expect(value).not.toBe(shared(toCrm)[index])
  })

  test('is a token of the profile: typ, one audience, no sub and no exp, iat and jti (RFC 8417 2; SSF 1.0 4.1)', async () => {
    await streams.endOne(shop)
    const [told] = await streams.polled(shop)
    expect(told?.header).toMatchObject({ typ: 'secevent+jwt', alg: 'ES256', kid: expect.any(String) })
    expect(Object.keys(told?.claims ?? {}).sort()).toEqual(
      ['aud', 'events', 'iat', 'iss', 'jti', 'sub_id', 'toe', 'txn'].sort(),
    )
    expect(told?.claims.aud).toBe('shop')
    const [set = ''] = Object.values(setsOf(await streams.poll(shop)))
    await expect(verifySet(service.issuer, set, 'crm')).rejects.toBeInstanceOf(errors.JWTClaimValidationFailed)
    const [head = '', body = '', signature = ''] = set.split('.')
    const forged = Buffer.from(JSON.stringify({ ...decodeJwt(set), aud: 'crm' })).toString('base64url')
    expect(body).not.toBe(forged)
    await expect(verifySet(service.issuer, `${head}.${forged}.${signature}`, 'crm')).rejects.toBeInstanceOf(
      errors.JWSSignatureVerificationFailed,
    )
  })

  test('is for clients of that session or with a grant, and for who may hear of everyone; no stranger hears of it', async () => {
    await streams.endOne(shop)
    expect(await streams.polled(stranger)).toEqual([])
    expect((await streams.polled(monitor)).map(({ type }) => type)).toEqual(['session-revoked'])
    const { sub } = service.population.user
    expect(JSON.stringify((await streams.polled(monitor))[0]?.claims.sub_id)).toContain(sub)
  })

  test('why it happened is told to the organisation’s own clients alone', async () => {
    const browser = new Browser(service.issuer)
    const grant = await streams.signInAt(guest, browser)
    await streams.signInAt(shop, browser)
    await streams.signOut(browser, grant)
    expect((await streams.polled(shop))[0]?.event.reason_admin).toEqual({
      en: expect.stringMatching(/^session_ended: /),
    })
    expect(Object.keys((await streams.polled(guest))[0]?.event ?? {})).toEqual(['event_timestamp'])
  })

  test('comes when an administrator ends it, and when the person is disabled', async () => {
    await streams.signInAt(shop)
    const { body } = await streams.as(service.population.admin)('GET', '/admin/sessions')
    const [{ sid }] = body.sessions as [{ readonly sid: string }]
    await streams.as(service.population.admin)('DELETE', `/admin/sessions/${sid}`)
    expect((await streams.polled(shop)).map(({ type }) => type)).toContain('session-revoked')

    await streams.clear()
    await streams.signInAt(shop)
    await replaceUser({ active: false })
    expect((await streams.polled(shop)).map(({ type }) => type)).toContain('session-revoked')
    await replaceUser({ active: true })
  })
})

describe('credential-change and token-claims-change', () => {
  test('a new password is a credential-change (CAEP 1.0 3.3)', async () => {
    const browser = new Browser(service.issuer)
    await streams.signInAt(shop, browser)
    await replaceUser({ password: 'a quite new passphrase 17' })
    const changes = (await streams.polled(shop)).filter(({ type }) => type === 'credential-change')
    expect(changes.map(({ event }) => event)).toEqual([
      expect.objectContaining({ credential_type: 'password', change_type: 'update', initiating_entity: 'admin' }),
    ])
    const { sub } = decodeJwt(String((await signInAgain()).id_token))
    expect(changes[0]?.claims.sub_id).toEqual({ format: 'iss_sub', iss: service.issuer, sub })
    expect(JSON.stringify(changes)).not.toContain('passphrase')
  })

  const signInAgain = async () => {
    const stored = await service.store.users.find(TENANT, service.population.user.sub)
    if (stored === undefined) throw new Error('no person')
    await replaceUser({ password: service.population.user.password })
    return streams.signInAt(shop)
  }

  test('new values of claims go to those whose grants release them, and no others (CAEP 1.0 3.2)', async () => {
    await streams.signInAt(shop, undefined, 'openid email')
    await streams.signInAt(guest, undefined, 'openid')
    await replaceUser({ emails: [{ value: 'alice@new.example', primary: true }], displayName: 'Alice Roe' })
    const toShop = (await streams.polled(shop)).filter(({ type }) => type === 'token-claims-change')
    expect(toShop.map(({ event }) => event.claims)).toEqual([
      { email: 'alice@new.example', email_verified: expect.any(Boolean) },
    ])
    expect((await streams.polled(guest)).filter(({ type }) => type === 'token-claims-change')).toEqual([])
  })

  test('new roles go to the organisation’s own clients', async () => {
    await streams.signInAt(shop)
    await replaceUser({ roles: [{ value: 'user' }, { value: 'auditor' }] })
    const changes = (await streams.polled(shop)).filter(({ type }) => type === 'token-claims-change')
    expect(changes.map(({ event }) => event.claims)).toEqual([{ roles: ['auditor', 'user'] }])
    expect(changes[0]?.claims.txn).toMatch(/^[\w-]{43}$/)
    await replaceUser({ roles: [{ value: 'user' }] })
  })

  test('what waits in the store holds no value: it is read when it is told, and nothing is told of who is gone', async () => {
    await streams.signInAt(shop, undefined, 'openid email')
    await replaceUser({ emails: [{ value: 'alice@waits.example', primary: true }] })
    await streams.settled()
    const waiting = await service.store.outbox.peek(TENANT, 'stream:shop', 100)
    expect(waiting.length).toBeGreaterThan(0)
    expect(JSON.stringify(waiting)).not.toMatch(/waits\.example|alice/)
  })
})
