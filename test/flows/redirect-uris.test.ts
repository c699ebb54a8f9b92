/** Where an answer may go: addresses that the client registered, byte for byte. RFC 9700 2.1 and 4.11, RFC 8252 7.3. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import type { TestClient } from '../servers/population.ts'
import {
  goThrough,
  parametersOf,
  redeemCode,
  registerClient,
  signedIn,
  told,
  urlOf,
  VERIFIER,
} from './authorization.ts'

const REGISTERED = [
  'https://rp.example/cb?tenant=a%2Fb',
  'http://127.0.0.1/cb',
  'http://127.0.0.1:4000/other',
  'http://[::1]/cb',
  'http://localhost/cb',
  'com.example.app:/cb',
]

let service: TestService
let web: TestClient
let native: TestClient

beforeAll(async () => {
  service = await startAuthService()
  web = await registerClient(service, 'at-web', {}, { redirectUris: REGISTERED })
  native = await registerClient(
    service,
    'at-native',
    { application_type: 'native' },
    { redirectUris: REGISTERED, type: 'public', firstParty: true },
  )
})
afterAll(() => service.close())

const visit = (client: TestClient, redirect_uri: string, more: Record<string, string> = {}) =>
  new Browser(service.issuer).visit(urlOf(service.issuer, parametersOf(client, { redirect_uri, ...more })))

async function isOwn(client: TestClient, redirectUri: string): Promise<void> {
  const { left } = await visit(client, redirectUri, { prompt: 'none' })
  expect(left?.href.startsWith(redirectUri)).toBe(true)
  expect(left?.searchParams.get('error')).toBe('login_required')
}

async function isNotOwn(client: TestClient, redirectUri: string): Promise<void> {
  const page = await visit(client, redirectUri, { prompt: 'none' })
  expect([page.status, page.left]).toEqual([400, undefined])
  expect(page.text).toContain('redirect_uri')
}

test.each(REGISTERED)('takes what is registered: %s (checklist 1)', async (uri) => {
  await isOwn(web, uri)
  await isOwn(native, uri)
})

describe('byte for byte: no prefix, case, encoding, order or default is overlooked (RFC 9700 2.1; checklist 1, 2)', () => {
  test.each([
    'https://rp.example/cb?tenant=a/b',
    'https://rp.example/cb?tenant=a%2fb',
    'https://rp.example/cb?tenant=a%2Fb&more=1',
    'https://rp.example/cb?tenant=a%2Fb#fragment',
    'https://rp.example/cb',
    'https://rp.example:443/cb?tenant=a%2Fb',
    'https://RP.example/cb?tenant=a%2Fb',
    'HTTPS://rp.example/cb?tenant=a%2Fb',
    'https://rp.example/cb/?tenant=a%2Fb',
    'https://rp.example/../cb?tenant=a%2Fb',
    'https://rp.example/%63b?tenant=a%2Fb',
    'https://user@rp.example/cb?tenant=a%2Fb',
    'https://rp.example.evil.example/cb?tenant=a%2Fb',
    'https://evil.example/?https://rp.example/cb?tenant=a%2Fb',
    'http://rp.example/cb?tenant=a%2Fb',
    'com.example.app:/cb/',
    'com.example.app:cb',
    'javascript:alert(1)',
  ])('%s', async (uri) => {
    await isNotOwn(web, uri)
    await isNotOwn(native, uri)
  })
})

describe('the port of a loopback address is free for native clients only (RFC 8252 7.3; checklist 1)', () => {
  test.each([
    'http://127.0.0.1:51004/cb',
    'http://[::1]:1/cb',
    'http://127.0.0.1/other',
    'http://127.0.0.1:65535/other',
  ])('%s', async (uri) => {
    await isOwn(native, uri)
    await isNotOwn(web, uri)
  })

  test.each([
    ['the name localhost (RFC 8252 8.3)', 'http://localhost:51004/cb'],
    ['another loopback address', 'http://127.0.0.2:51004/cb'],
    ['another path', 'http://127.0.0.1:51004/cb2'],
    ['a query more', 'http://127.0.0.1:51004/cb?x=1'],
    ['https', 'https://127.0.0.1:51004/cb'],
    ['no port at all', 'http://127.0.0.1:/cb'],
    ['port 0', 'http://127.0.0.1:0/cb'],
    ['a port that is none', 'http://127.0.0.1:65536/cb'],
    ['a host behind the port', 'http://127.0.0.1:80@evil.example/cb'],
    ['a name that begins so', 'http://127.0.0.1.evil.example:80/cb'],
    ['an address written otherwise', 'http://0x7f.1:51004/cb'],
  ])('but nothing else of it: %s', async (_, uri) => {
    await isNotOwn(native, uri)
  })

  test('the code is bound to the port that was asked for (RFC 6749 4.1.3; checklist 8)', async () => {
    const redirect_uri = 'http://127.0.0.1:51004/cb'
    const url = urlOf(service.issuer, parametersOf(native, { redirect_uri }))
    const { code } = told(await goThrough(new Browser(service.issuer), service, url))
    const code_verifier = VERIFIER
    const other = await redeemCode(service, native, code, { code_verifier, redirect_uri: 'http://127.0.0.1:51005/cb' })
    expect([other.status, other.body.error]).toEqual([400, 'invalid_grant'])
    expect((await redeemCode(service, native, code, { code_verifier, redirect_uri })).status).toBe(200)
  })
})

test.each([
  ['no client_id', { client_id: undefined }],
  ['an unknown client', { client_id: 'nobody' }],
  ['no redirect_uri', { redirect_uri: undefined }],
  ['an empty redirect_uri', { redirect_uri: '' }],
])('%s is a page, and no redirect (RFC 6749 4.1.2.1; checklist 2)', async (_, more) => {
  const url = urlOf(service.issuer, parametersOf(web, { redirect_uri: REGISTERED[0], ...more }))
  const page = await new Browser(service.issuer).visit(url)
  expect([page.status, page.left, page.headers.get('location')]).toEqual([400, undefined, null])
  expect(page.headers.get('content-type')).toMatch(/^text\/html/)
})

test('an address that the client lost while the person signed in is not gone to (checklist 2, 3)', async () => {
  const losing = await registerClient(service, 'losing', {}, { firstParty: true })
  const browser = await signedIn(service)
  const page = await browser.visit(urlOf(service.issuer, parametersOf(losing, { prompt: 'login' })))
  const record = await service.store.clients.find('default', losing.id)
  if (record === undefined) throw new Error('the client is gone')
  await service.store.clients.replace('default', { ...record, redirectUris: [] }, record.version)
  const { userName: username, password } = service.population.user
  const after = await browser.submit(page, { username, password })
  expect([after.status, after.left]).toEqual([400, undefined])
})

test('no page of ours goes where the address bar says (checklist 3)', async () => {
  const evil = 'https://evil.example/'
  const more = { return_to: evil, return: evil, next: evil, error_uri: evil, post_logout_redirect_uri: evil, url: evil }
  const browser = await signedIn(service)
  for (const path of ['/login', '/consent', '/logout', '/oauth/authorize', '/oauth/authorize/resume']) {
    const page = await browser.visit(`${service.issuer}${path}?${new URLSearchParams(more)}`)
    expect(page.left).toBeUndefined()
    expect(page.text).not.toContain('evil.example')
  }
})
