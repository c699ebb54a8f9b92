/** The main flow with a certified relying party library: discovery to revocation. RFC 6749, 7009, 7662, 9207, OIDC Core. */
import { readFileSync } from 'node:fs'
import * as client from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { claimsOf } from '../../src/auth/oauth/token-fixture.ts'
import type { RbacData } from '../../src/policy-engine/contract/rbac.ts'
import type { Static } from '../../src/schema/type.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { begin, discover, redeem } from './relying-party.ts'
import { codeFor, post } from './requests.ts'

let service: TestService

beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service.close())

test('discovery → authorize → login → consent → code → token → userinfo → introspect → refresh → revoke', async () => {
  const { issuer, population } = service
  const rp = await discover(issuer, population.web)
  const begun = await begin(rp, 'openid profile email offline_access orders:read')
  const answer = await new Browser(issuer).authorize(begun.url, population.user)
  expect(answer.searchParams.get('iss')).toBe(issuer)

  const tokens = await redeem(rp, begun, answer)
  expect(tokens.claims()).toMatchObject({ iss: issuer, aud: 'web', sub: population.user.sub, nonce: begun.nonce })
  expect(tokens.claims()).toMatchObject({ acr: 'urn:sallyport:acr:password', amr: ['pwd'] })

  const person = await client.fetchUserInfo(rp, tokens.access_token, population.user.sub)
  expect(person).toMatchObject({ sub: population.user.sub, name: 'Alice Doe', email: 'alice@example.com' })

  const rs = await discover(issuer, population.resourceServer)
  expect(await client.tokenIntrospection(rs, tokens.access_token)).toMatchObject({
    active: true,
    client_id: 'web',
    sub: population.user.sub,
    permissions: ['orders:read', 'profile:read'],
  })

  const refreshed = await client.refreshTokenGrant(rp, tokens.refresh_token ?? '')
  expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
  expect(refreshed.claims()).toMatchObject({ sub: population.user.sub })

  await client.tokenRevocation(rp, refreshed.refresh_token ?? '')
  expect(await client.tokenIntrospection(rs, refreshed.access_token)).toEqual({ active: false })
  await expect(client.refreshTokenGrant(rp, refreshed.refresh_token ?? '')).rejects.toMatchObject({
    error: 'invalid_grant',
  })
})

test('a public client with PKCE gets tokens, and rotates them', async () => {
  const rp = await discover(service.issuer, service.population.spa)
  const begun = await begin(rp, 'openid offline_access')
  const tokens = await redeem(
    rp,
    begun,
    await new Browser(service.issuer).authorize(begun.url, service.population.user),
  )
  const refreshed = await client.refreshTokenGrant(rp, tokens.refresh_token ?? '')
  expect(refreshed.access_token).not.toBe(tokens.access_token)
})

test('a live session gets a code without a page; prompt=none too (OIDC Core 3.1.2.1)', async () => {
  const { issuer, population } = service
  const rp = await discover(issuer, population.own)
  const browser = new Browser(issuer)
  const first = await begin(rp, 'openid')
  await redeem(rp, first, await browser.authorize(first.url, population.user))
  const silent = await begin(rp, 'openid', { prompt: 'none' })
  const page = await browser.visit(silent.url)
  expect(page.left?.searchParams.get('code')).toBeTruthy()
})

test('prompt=none without a session is login_required, without consent consent_required (OIDC Core 3.1.2.6)', async () => {
  const { issuer, population } = service
  const own = await discover(issuer, population.own)
  const browser = new Browser(issuer)
  const noSession = await browser.visit((await begin(own, 'openid', { prompt: 'none' })).url)
  expect(noSession.left?.searchParams.get('error')).toBe('login_required')
  expect(noSession.left?.searchParams.get('iss')).toBe(issuer)

  await browser.authorize((await begin(own, 'openid')).url, population.user)
  const other = await discover(issuer, population.other)
  const noConsent = await browser.visit((await begin(other, 'openid profile', { prompt: 'none' })).url)
  expect(noConsent.left?.searchParams.get('error')).toBe('consent_required')
})

test('prompt=login and max_age=0 ask for a new sign-in, prompt=consent for a new consent (OIDC Core 3.1.2.1)', async () => {
  const { issuer, population } = service
  const rp = await discover(issuer, population.web)
  const browser = new Browser(issuer)
  await browser.authorize((await begin(rp, 'openid')).url, population.user)

  expect((await browser.visit((await begin(rp, 'openid')).url)).left?.searchParams.get('code')).toBeTruthy()
  for (const fresh of [{ prompt: 'login' }, { max_age: '0' }] as Record<string, string>[]) {
    const begun = await begin(rp, 'openid', fresh)
    expect((await browser.visit(begun.url)).url).toContain('/login?')
    expect((await browser.authorize(begun.url, population.user)).searchParams.get('code')).toBeTruthy()
  }
  const again = await begin(rp, 'openid', { prompt: 'consent' })
  expect((await browser.visit(again.url)).url).toContain('/consent?')
  expect((await browser.authorize(again.url, population.user)).searchParams.get('code')).toBeTruthy()
})

test('prompt=login and max_age=0 take a sign-in of this very request only, also where it began without the session', async () => {
  const { issuer, population } = service
  const rp = await discover(issuer, population.web)
  const browser = new Browser(issuer)
  await browser.authorize((await begin(rp, 'openid')).url, population.user)
  const session = browser.cookies.get('sallyport_session') ?? ''

  for (const fresh of [{ prompt: 'login' }, { max_age: '0' }] as Record<string, string>[]) {
    browser.cookies.delete('sallyport_session')
    const page = await browser.visit((await begin(rp, 'openid', fresh)).url)
    browser.cookies.set('sallyport_session', session)
    const id = new URL(page.url).searchParams.get('interaction')
    const resumed = await browser.visit(`${issuer}/oauth/authorize/resume?interaction=${id}`)
    expect(resumed.left).toBeUndefined()
    expect(resumed.url).toContain('/login?')
  }
})

test('an interaction goes on in the browser that began it only (login CSRF)', async () => {
  const { issuer, population } = service
  const rp = await discover(issuer, population.web)
  const page = await new Browser(issuer).visit((await begin(rp, 'openid')).url)
  const id = new URL(page.url).searchParams.get('interaction')
  const stranger = new Browser(issuer)
  const resumed = await stranger.visit(`${issuer}/oauth/authorize/resume?interaction=${id}`)
  expect(resumed).toMatchObject({ status: 400 })
  expect(resumed.left).toBeUndefined()
})

test('every address that discovery names is there (RFC 8414 2)', async () => {
  const read = async (path: string) =>
    new Map(Object.entries((await (await fetch(`${service.issuer}${path}`)).json()) as object))
  const metadata = await read('/.well-known/openid-configuration')
  expect(await read('/.well-known/oauth-authorization-server')).toEqual(metadata)
  const paths = new Set(service.service.table.map((route) => route.path))
  for (const [name, value] of metadata)
    if (/_(endpoint|uri)$/.test(name)) expect(paths).toContain(new URL(String(value)).pathname)
})

test('the scopes and levels that discovery names are those of the policies (RFC 8414 2, OIDC Discovery 3)', async () => {
  const answer = await fetch(`${service.issuer}/.well-known/openid-configuration`)
  const named: Record<'scopes_supported' | 'acr_values_supported', string[]> = JSON.parse(await answer.text())
  const rbac: Static<typeof RbacData> = parse(readFileSync('policies/rbac/data.yaml', 'utf8'))
  const aboutPerson = rbac.tenants.default?.registration?.scopes
  expect(named.scopes_supported).toEqual(aboutPerson)
  const releasing = Object.entries(rbac.scopes).filter(([, { claims }]) => claims.length > 0)
  expect(named.scopes_supported).toEqual(expect.arrayContaining(releasing.map(([scope]) => scope)))
  expect(Object.keys(rbac.scopes)).toEqual(expect.arrayContaining(named.scopes_supported))
  expect(rbac.acr).toEqual(expect.arrayContaining(named.acr_values_supported))
  expect(named.acr_values_supported).toEqual(rbac.acr.slice(1))
  const { web } = service.population
  const { body } = await post(service, '/oauth/token', web, (await codeFor(service, web, 'openid')).form)
  expect(named.acr_values_supported).toContain(claimsOf(body.id_token).acr)
})
