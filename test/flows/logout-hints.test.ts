/** Whom an `id_token_hint` proves at the sign-out, and what other parameters count for: OIDC RP-Initiated Logout 1.0 2. Checklist 31. */
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { adminToken } from '../servers/provision.ts'
import { isActive } from './requests.ts'
import { addClient, BYE, signIn, silently } from './signed-in.ts'
import { type SignedIn, signedInAt } from './signing-out.ts'

let service: TestService
let shop: TestClient
let mail: TestClient
let person: SignedIn

beforeAll(async () => {
  service = await startAuthService()
  shop = await addClient(service.store, 'shop')
  mail = await addClient(service.store, 'mail')
})
afterAll(() => service.close())
beforeEach(async () => {
  person = await signedInAt(service, shop)
})
const hint = () => String(person.tokens.id_token)

describe('whom an id_token_hint proves (RP-Initiated Logout 1.0 2; checklist 31)', () => {
  test('an expired one is as good', async () => {
    service.advance(3600)
    expect((await person.endSession(person.asked())).left?.href).toContain(BYE)
    await person.isSignedOut()
  })

  test('one of another session of the same person does not prove this one: the person is asked', async () => {
    const old = hint()
    await person.endSession(person.asked())
    await person.signInAgain()
    const page = await person.endSession(person.asked({ id_token_hint: old }))
    await person.isAsked(page)
    expect(page.text).toContain('Client shop')
    const { left } = await person.browser.submit(page, { answer: 'sign_out' })
    expect(left?.href).toBe(`${BYE}&state=a+b%26c`)
    await person.isSignedOut()
  })

  test('one that names no session proves none, of the same person too: the person is asked', async () => {
    const bare = await addClient(service.store, `bare-${Math.random()}`, { post_logout_redirect_uris: [] })
    const { id_token: old } = await signIn(service, person.browser, bare)
    expect(decodeJwt(String(old)).sid).toBeUndefined()
    const page = await person.endSession({ id_token_hint: String(old) })
    await person.isAsked(page)
    await person.browser.submit(page, { answer: 'sign_out' })
    await person.isSignedOut()
  })

  test('one of before a second sign-in still proves the session that goes on', async () => {
    const old = hint()
    await signIn(service, person.browser, shop, 'openid', { prompt: 'login' })
    expect((await person.endSession(person.asked({ id_token_hint: old }))).left?.href).toContain(BYE)
    await person.isSignedOut()
  })

  test('a logout_hint of somebody else makes it unproven; that of the person does not', async () => {
    await person.isAsked(await person.endSession(person.asked({ logout_hint: 'bob@example.com' })))
    const named = person.asked({ logout_hint: service.population.user.userName })
    expect((await person.endSession(named)).left?.href).toContain(BYE)
  })

  test('client_id alone: asked, and back at its own address', async () => {
    const page = await person.endSession({ client_id: shop.id, post_logout_redirect_uri: BYE })
    await person.isAsked(page)
    expect((await person.browser.submit(page, { answer: 'sign_out' })).left?.href).toBe(BYE)
  })

  test('who wants to stay signed in stays', async () => {
    const page = await person.endSession({ client_id: shop.id, post_logout_redirect_uri: BYE })
    const stays = await person.browser.submit(page, { answer: 'stay' })
    expect([stays.status, stays.left]).toEqual([200, undefined])
    expect(await silently(service, person.browser, shop)).toBe('code')
    expect(await isActive(service, person.tokens.access_token)).toBe(true)
  })

  test.each([
    ['another client than the hint says', () => person.asked({ client_id: mail.id })],
    ['a client that nobody knows', () => ({ client_id: 'nobody' })],
    ['an access token for a hint', () => person.asked({ id_token_hint: String(person.tokens.access_token) })],
    ['text for a hint', () => person.asked({ id_token_hint: 'x' })],
    ['a state that is too long', () => person.asked({ state: 'x'.repeat(2049) })],
  ])('%s is an error page', async (_, query) => {
    await person.isRefused(await person.endSession(query()))
  })

  test('a parameter that comes twice is an error page (RFC 6749 3.1)', async () => {
    const twice = `${new URLSearchParams(person.asked())}&state=other`
    await person.isRefused(await person.browser.visit(`${service.issuer}/oauth/logout?${twice}`))
  })

  test('one that brings its own key is none (RFC 8725 3.5)', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const kid = String(decodeProtectedHeader(hint()).kid)
    const header = { alg: 'ES256', typ: 'JWT', kid, jwk: await exportJWK(publicKey) }
    const forged = await new SignJWT(decodeJwt(hint())).setProtectedHeader(header).sign(privateKey)
    await person.isRefused(await person.endSession(person.asked({ id_token_hint: forged })))
  })

  test('one whose key was revoked is as none: the person is asked, signed out, and led nowhere', async () => {
    const own = await startAuthService()
    onTestFinished(() => own.close())
    const at = await addClient(own.store, 'shop')
    const theirs = new Browser(own.issuer)
    const { id_token } = await signIn(own, theirs, at)
    const { kid } = decodeProtectedHeader(String(id_token))
    const authorization = `Bearer ${await adminToken(own.issuer, own.population.admin)}`
    const revoked = await fetch(`${own.issuer}/admin/keys/${kid}/revoke`, {
      method: 'POST',
      headers: { authorization },
    })
    expect(revoked.status).toBe(200)
    for (const more of [{}, { client_id: at.id }]) {
      const query = new URLSearchParams({ id_token_hint: String(id_token), post_logout_redirect_uri: BYE, ...more })
      const page = await theirs.visit(`${own.issuer}/oauth/logout?${query}`)
      expect([page.status, page.left]).toEqual([200, undefined])
      expect(page.text).toContain('Sign out?')
      expect(await silently(own, theirs, at)).toBe('code')
    }
    const query = new URLSearchParams({ id_token_hint: String(id_token), post_logout_redirect_uri: BYE })
    const page = await theirs.visit(`${own.issuer}/oauth/logout?${query}`)
    const done = await theirs.submit(page, { answer: 'sign_out' })
    expect([done.left, done.text.includes('You are signed out')]).toEqual([undefined, true])
    expect(await silently(own, theirs, at)).toBe('login_required')
  })

  test.each([
    ['of another issuer', { iss: 'https://other.example' }, {}],
    ['that is no ID token', {}, { typ: 'at+jwt' }],
    ['that brings more in its header', {}, { jku: 'https://evil.example/' }],
  ])('one under an unknown key %s is an error page', async (_, claims, header) => {
    const { privateKey } = await generateKeyPair('ES256')
    const forged = await new SignJWT({ ...decodeJwt(hint()), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: 'gone', ...header })
      .sign(privateKey)
    await person.isRefused(await person.endSession(person.asked({ id_token_hint: forged })))
  })

  test('nobody is signed in: back at the client all the same', async () => {
    const query = person.asked()
    await person.endSession(query)
    expect((await person.endSession(query)).left?.href).toBe(`${BYE}&state=a+b%26c`)
  })

  test('an inactive client asks for nothing', async () => {
    const gone = await addClient(service.store, `gone-${Math.random()}`)
    const record = await service.store.clients.find(TENANT, gone.id)
    if (record) await service.store.clients.replace(TENANT, { ...record, active: false }, record.version)
    const page = await person.endSession({ client_id: gone.id, post_logout_redirect_uri: BYE })
    expect([page.status, page.left]).toEqual([400, undefined])
    expect(await silently(service, person.browser, shop)).toBe('code')
  })

  test('POST does what GET does; without our cookie, as from another site, the browser comes again by GET', async () => {
    const stranger = new Browser(service.issuer)
    const init = { method: 'POST', body: new URLSearchParams(person.asked()) }
    const posted = await fetch(`${service.issuer}/oauth/logout`, { ...init, redirect: 'manual' })
    expect(posted.status).toBe(303)
    expect(posted.headers.get('location')).toBe(`/oauth/logout?${new URLSearchParams(person.asked())}`)
    expect((await stranger.visit(`${service.issuer}/oauth/logout`, init)).left?.href).toContain(BYE)
    expect(await silently(service, person.browser, shop)).toBe('code')
    expect((await person.browser.visit(`${service.issuer}/oauth/logout`, init)).left?.href).toContain(BYE)
    await person.isSignedOut()
  })
})
