/**
 * Sign-out as clients ask for it: OIDC RP-Initiated Logout 1.0, with the modules of the OpenID Foundation's plan by their
 * names, our own form, and Front-Channel Logout 1.0. Checklist 3, 12, 31.
 */
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { formOf } from '../servers/browser.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
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

describe('the modules of oidcc-rp-initiated-logout-certification-test-plan', () => {
  test('oidcc-rp-initiated-logout: back at the client with its state, and signed out (RP-Initiated Logout 1.0 3)', async () => {
    expect(await isActive(service, person.tokens.access_token)).toBe(true)
    const { left } = await person.endSession(person.asked())
    expect(left?.href).toBe(`${BYE}&state=a+b%26c`)
    await person.isSignedOut()
    expect(await isActive(service, person.tokens.access_token)).toBe(false)
    const event = service.audits.findLast((audit) => audit.event === 'sign_out')
    expect(event).toMatchObject({ client_id: shop.id, sub: service.population.user.sub })
  })

  test('oidcc-rp-initiated-logout-no-state: back at the client, with nothing added', async () => {
    const { state: _, ...query } = person.asked()
    expect((await person.endSession(query)).left?.href).toBe(BYE)
    await person.isSignedOut()
  })

  test.each([
    ['oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', 'https://shop.example/other'],
    ['oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri', `${BYE}&foo=bar`],
    ['a part of it', BYE.slice(0, -1)],
    ['another case', BYE.replace('bye', 'Bye')],
    ['another encoding', BYE.replace('bye', '%62ye')],
    ['a redirect URI', 'http://127.0.0.1:9/callback'],
    ['a script', 'javascript:alert(1)'],
  ])('%s: an error page, never a redirect (checklist 3)', async (_, uri) => {
    await person.isRefused(await person.endSession(person.asked({ post_logout_redirect_uri: uri })))
  })

  test('oidcc-rp-initiated-logout-bad-id-token-hint: one signed by another key is an error page (checklist 31)', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const { kid = '' } = decodeProtectedHeader(hint())
    const forged = await new SignJWT(decodeJwt(hint()))
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
      .sign(privateKey)
    await person.isRefused(await person.endSession(person.asked({ id_token_hint: forged })))
  })

  test('oidcc-rp-initiated-logout-modified-id-token-hint: alg none is an error page (checklist 31)', async () => {
    const unsigned = new UnsecuredJWT(decodeJwt(hint())).encode()
    await person.isRefused(await person.endSession(person.asked({ id_token_hint: unsigned })))
  })

  test('oidcc-rp-initiated-logout-no-id-token-hint: an address that nobody vouches for is an error page', async () => {
    await person.isRefused(await person.endSession({ post_logout_redirect_uri: BYE, state: 's' }))
  })

  test.each([
    ['oidcc-rp-initiated-logout-no-params', {}],
    ['oidcc-rp-initiated-logout-only-state', { state: 's' }],
  ])('%s: the person is asked, and signed out on a page of ours', async (_, query) => {
    const page = await person.endSession(query)
    expect([page.status, page.left]).toEqual([200, undefined])
    expect(page.text).toContain('Sign out?')
    expect(await silently(service, person.browser, shop)).toBe('code')
    const done = await person.browser.submit(page, { answer: 'sign_out' })
    expect(done.text).toContain('You are signed out')
    await person.isSignedOut()
  })

  test('oidcc-rp-initiated-logout-no-post-logout-redirect-uri: signed out on a page of ours', async () => {
    const page = await person.endSession({ id_token_hint: hint(), state: 's' })
    expect(page.text).toContain('You are signed out')
    await person.isSignedOut()
  })

  test('oidcc-rp-initiated-logout-discovery-endpoint-verification: the endpoint and what it supports are in the metadata', async () => {
    const response = await fetch(`${service.issuer}/.well-known/openid-configuration`)
    expect(await response.json()).toMatchObject({
      end_session_endpoint: `${service.issuer}/oauth/logout`,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      frontchannel_logout_supported: true,
      frontchannel_logout_session_supported: true,
      claims_supported: expect.arrayContaining(['sid']),
    })
  })
})

describe('the form that signs out (checklist 12)', () => {
  const forms: [string, (fields: URLSearchParams) => void][] = [
    ['without its token', (fields) => fields.delete('form_token')],
    ['with another address', (fields) => fields.set('post_logout_redirect_uri', 'https://shop.example/second')],
    ['with another state', (fields) => fields.set('state', 'other')],
    ['without the address', (fields) => fields.delete('post_logout_redirect_uri')],
    ['for another client', (fields) => fields.set('client_id', mail.id)],
  ]
  test.each(forms)('%s does nothing', async (_, change) => {
    const both = { post_logout_redirect_uris: [BYE, 'https://shop.example/second'] }
    const record = await service.store.clients.find(TENANT, shop.id)
    if (record) await service.store.clients.replace(TENANT, { ...record, metadata: both }, record.version)
    const page = await person.endSession({ client_id: shop.id, post_logout_redirect_uri: BYE, state: 's' })
    const { action, fields } = formOf(page)
    change(fields)
    const answer = await person.browser.visit(action, { method: 'POST', body: fields })
    expect([answer.status, answer.left]).toEqual([403, undefined])
    expect(await silently(service, person.browser, shop)).toBe('code')
  })

  test('sent from another site does nothing', async () => {
    const { action, fields } = formOf(await person.browser.visit(`${service.issuer}/logout`))
    const headers = { 'sec-fetch-site': 'cross-site' }
    const answer = await person.browser.visit(action, { method: 'POST', body: fields, headers })
    expect(answer.status).toBe(403)
    expect(await silently(service, person.browser, shop)).toBe('code')
  })

  test('our own page signs out too', async () => {
    const page = await person.browser.visit(`${service.issuer}/logout`)
    expect(page.text).toContain(service.population.user.userName)
    expect((await person.browser.submit(page, { answer: 'sign_out' })).text).toContain('You are signed out')
    await person.isSignedOut()
    for (const init of [{}, { method: 'POST' }])
      expect((await person.browser.visit(`${service.issuer}/logout`, init)).text).toContain('You are signed out')
  })
})

describe('front-channel logout (2 and 3)', () => {
  test('the signed-out page frames each client by its own sid, and nothing else can be framed', async () => {
    const framed = await addClient(service.store, 'framed', {
      frontchannel_logout_uri: 'https://framed.example/bye?x=1',
      frontchannel_logout_session_required: true,
    })
    const { id_token } = await signIn(service, person.browser, framed, 'openid')
    service.advance(100 * 60)
    const page = await person.endSession(person.asked())
    expect([page.status, page.left]).toEqual([200, undefined])
    const { sid, iss } = decodeJwt(String(id_token))
    const address = `https://framed.example/bye?x=1&${new URLSearchParams({ iss: String(iss), sid: String(sid) })}`
    expect(page.text).toContain(
      `<iframe src="${address.replaceAll('&', '&amp;')}" sandbox="allow-scripts allow-same-origin" hidden></iframe>`,
    )
    expect(page.headers.get('content-security-policy')).toMatch(/; frame-src https:\/\/framed\.example$/)
    expect(page.text).toContain(`content="2;url=${`${BYE}&state=a+b%26c`.replaceAll('&', '&amp;')}"`)
    await person.isSignedOut()
  })
})
