/** The whole flow on real processes, with a certified relying party library and a real Chromium, in each shape that is served. */
import * as client from 'openid-client'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openChromium, openSite, type Site } from '../servers/chromium.ts'
import { type Deployment, deploy, SHAPES } from '../servers/deployment.ts'
import { lookAt } from '../servers/look.ts'
import type { TestClient } from '../servers/population.ts'
import { type Begun, begin, discover, redeem } from './relying-party.ts'

const SCOPE = 'openid profile email offline_access orders:read'

const DECISION_AT: Readonly<Record<string, string>> = {
  '/oauth/token': 'token',
  '/oauth/userinfo': 'userinfo',
  '/oauth/introspect': 'introspect',
  '/oauth/revoke': 'revoke',
}

describe.each(SHAPES)('%s', (shape) => {
  let site: Site
  let deployment: Deployment
  const answered: { readonly path: string; readonly id: string | null }[] = []

  /** A relying party whose successes are kept. */
  async function relyingParty(as: TestClient): Promise<client.Configuration> {
    const rp = await discover(deployment.issuer, as)
    rp[client.customFetch] = async (url, options) => {
      const response = await fetch(url, options as RequestInit)
      if (response.ok) answered.push({ path: new URL(url).pathname, id: response.headers.get('sallyport-request-id') })
      return response
    }
    return rp
  }

  beforeAll(async () => {
    site = await openSite()
    deployment = await deploy(shape, { redirectUris: [`${site.origin}/callback`] })
  })
  afterAll(async () => {
    await deployment?.stop()
    await site?.close()
  })

  /** Signs in and consents as a person does; answers where the browser arrived. */
  async function signIn(page: Page, begun: Begun): Promise<URL> {
    const { user } = deployment.population
    await page.goto(begun.url)
    await lookAt(page, 'sign-in')
    await page.getByLabel('User name').fill(user.userName)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByLabel('Password').fill(user.password)
    await lookAt(page, 'password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor()
    await lookAt(page, 'consent')
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await page.waitForURL(`${site.origin}/callback?**`)
    const visit = site.visits.find((url) => url.pathname === '/callback')
    if (visit === undefined) throw new Error('the client was not asked')
    return visit
  }

  test('discovery → authorize → login → consent → code → token → userinfo → introspect → refresh → revoke', async () => {
    const { issuer, population } = deployment
    const { web, resourceServer, user } = population
    const rp = await relyingParty(web)
    expect(rp.serverMetadata()).toMatchObject({ issuer, code_challenge_methods_supported: ['S256'] })
    const begun = await begin(rp, SCOPE, { redirect_uri: `${site.origin}/callback` })
    const chromium = await openChromium()
    let answer: URL
    try {
      answer = await signIn(chromium.page, begun)
    } finally {
      await chromium.close()
    }
    expect(answer.searchParams.get('iss')).toBe(issuer)

    const tokens = await redeem(rp, begun, answer)
    expect(tokens.claims()).toMatchObject({ iss: issuer, aud: web.id, sub: user.sub, nonce: begun.nonce })
    expect(await client.fetchUserInfo(rp, tokens.access_token, user.sub)).toMatchObject({
      sub: user.sub,
      name: 'Alice Doe',
      email: 'alice@example.com',
    })

    const rs = await relyingParty(resourceServer)
    expect(await client.tokenIntrospection(rs, tokens.access_token)).toMatchObject({
      active: true,
      client_id: web.id,
      sub: user.sub,
      permissions: ['orders:read', 'profile:read'],
    })

    const refreshed = await client.refreshTokenGrant(rp, tokens.refresh_token ?? '')
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
    expect(await client.tokenIntrospection(rs, refreshed.access_token)).toMatchObject({ active: true })

    await client.tokenRevocation(rp, refreshed.refresh_token ?? '')
    for (const token of [tokens.access_token, refreshed.access_token])
      expect(await client.tokenIntrospection(rs, token)).toEqual({ active: false })
    await expect(client.refreshTokenGrant(rp, refreshed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('every success that the relying party was given has its decision in the log, under its request id', () => {
    const decided = new Set(deployment.decisions().map(({ custom, path }) => `${Object(custom).request_id} ${path}`))
    const asked = answered.filter(({ path }) => path in DECISION_AT)
    expect(new Set(asked.map(({ path }) => path))).toEqual(new Set(Object.keys(DECISION_AT)))
    for (const { path, id } of asked) expect(decided).toContain(`${id} authz/${DECISION_AT[path]}/decision`)
  })

  test('every decision of it stands in the log, under one revision, and the audit log tells what came of them', () => {
    const { bundles, ...rest } = Object.groupBy(deployment.decisions(), ({ bundles: judged }) =>
      judged === undefined ? 'none' : 'bundles',
    )
    expect(rest).toEqual({})
    const paths = new Set(bundles?.map(({ path }) => path))
    for (const name of ['authorize', 'login', 'consent', 'token', 'userinfo', 'introspect', 'revoke', 'scim', 'admin'])
      expect(paths).toContain(`authz/${name}/decision`)
    expect(new Set(bundles?.map((event) => JSON.stringify(event.bundles))).size).toBe(1)
    const events = deployment.audits().map(({ event }) => event)
    expect(events).toEqual(expect.arrayContaining(['setup_used', 'consent_granted', 'token_issued', 'grant_revoked']))
  })

  test('it ends when told to, cleanly', async () => {
    expect(await deployment.auth.stop()).toBe(0)
    expect(await deployment.policyService.stop()).toBe(0)
  })
})
