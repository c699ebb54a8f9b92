/**
 * Sign-out on several nodes of one store: what one ends is ended on all at once, each client is told once, and what a node
 * did not live to tell another one tells. A policy that is edited takes effect on tokens that were given before. On real
 * processes. OIDC Back-Channel Logout 2.5; checklist 22, 30, 31.
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../servers/browser.ts'
import { committedBundle } from '../servers/bundle-desk.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { REDIRECT_URI, type TestClient } from '../servers/population.ts'
import { adminToken } from '../servers/provision.ts'
import { openRelyingSite, type RelyingSite } from '../servers/relying-site.ts'
import { until } from '../servers/until.ts'
import { startFurtherNode } from './nodes.ts'
import { activate } from './outage.ts'
import { type Answer, post } from './requests.ts'
import { BYE, signIn, silently } from './signed-in.ts'

const SCOPE = 'openid profile email offline_access orders:read'
const REACH = { egress: { clients: { allow: ['127.0.0.1'] } } }

async function register(deployment: Deployment, site: RelyingSite): Promise<TestClient> {
  const response = await fetch(`${deployment.issuer}/admin/clients`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await adminToken(deployment.issuer, deployment.population.admin)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      name: 'Told',
      type: 'confidential',
      first_party: true,
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      scopes: SCOPE.split(' '),
      audience: ['urn:sallyport:default'],
      post_logout_redirect_uris: [BYE],
      backchannel_logout_uri: `${site.origin}/told`,
      backchannel_logout_session_required: true,
    }),
  })
  const made = Object(await response.json())
  if (response.status !== 201) throw new Error(`no client: ${JSON.stringify(made)}`)
  return { id: String(made.client_id), secret: String(made.client_secret) }
}

describe('two nodes on one Redis', () => {
  let deployment: Deployment
  let site: RelyingSite
  let shop: TestClient
  let nodes: readonly string[]

  beforeAll(async () => {
    site = await openRelyingSite()
    deployment = await deploy('redis', { settings: REACH, redis: { appendOnly: true } })
    nodes = [deployment.issuer, (await startFurtherNode(deployment)).address]
    shop = await register(deployment, site)
  })
  afterAll(async () => {
    await deployment?.stop()
    await site?.close()
  })

  const activeOn = async (token: unknown, on = nodes): Promise<readonly unknown[]> => {
    const { resourceServer } = deployment.population
    const asked = on.map((issuer) => post({ issuer }, '/oauth/introspect', resourceServer, { token: String(token) }))
    return (await Promise.all(asked)).map(({ body }) => body.active)
  }
  const signOut = (browser: Browser, tokens: Answer['body']) =>
    browser.visit(
      `${deployment.issuer}/oauth/logout?${new URLSearchParams({ id_token_hint: String(tokens.id_token), post_logout_redirect_uri: BYE })}`,
    )

  test('a sign-out on one ends the tokens on both at once (checklist 30 and 31)', async () => {
    const browser = new Browser(deployment.issuer)
    const tokens = await signIn(deployment, browser, shop, 'openid orders:read')
    expect(await activeOn(tokens.access_token)).toEqual([true, true])
    expect((await signOut(browser, tokens)).left?.href).toBe(BYE)
    expect(await activeOn(tokens.access_token)).toEqual([false, false])
    expect(await silently(deployment, browser, shop)).toBe('login_required')
  })

  test('each of many sign-outs is told once', async () => {
    await until(async () => site.told.length > 0, 'the one before is told')
    site.told.length = 0
    const people = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const browser = new Browser(deployment.issuer)
        return { browser, tokens: await signIn(deployment, browser, shop, 'openid') }
      }),
    )
    await Promise.all(people.map(({ browser, tokens }) => signOut(browser, tokens)))
    const sids = () => site.told.map(({ logoutToken }) => decodeJwt(logoutToken).sid)
    await until(async () => sids().length >= people.length, 'all are told')
    const left = async () => Number(await deployment.redis?.command('ZCARD', 'sallyport:{default:logouts}:due'))
    await until(async () => (await left()) === 0, 'nothing is left to do')
    expect(sids().toSorted()).toEqual(people.map(({ tokens }) => decodeJwt(String(tokens.id_token)).sid).toSorted())
  })

  const ends: [string, (sid: string, sub: string) => [method: string, path: string]][] = [
    ['a session', (sid) => ['DELETE', `/admin/sessions/${sid}`]],
    ['all of a person', (_, sub) => ['POST', `/admin/users/${sub}/revoke`]],
    ['all of a client', () => ['POST', `/admin/clients/${shop.id}/revoke`]],
  ]
  test.each(ends)(
    '%s that ends in the middle of rotations on both nodes ends what they give (checklist 22)',
    async (_what, end) => {
      const tokens = await signIn(deployment, new Browser(deployment.issuer), shop, SCOPE)
      const admin = await adminToken(deployment.issuer, deployment.population.admin)
      const headers = { authorization: `Bearer ${admin}` }
      const { sub } = deployment.population.user
      const listed = await fetch(`${deployment.issuer}/admin/grants?client_id=${shop.id}`, { headers })
      const grants: Record<string, unknown>[] = Object(await listed.json()).grants
      const grant = grants.find(({ grant_id }) => String(tokens.refresh_token).startsWith(String(grant_id)))
      const given: Answer['body'][] = [tokens]
      const rotating = (async () => {
        for (let turn = 0; turn < 500; turn++) {
          const form = { grant_type: 'refresh_token', refresh_token: String(given.at(-1)?.refresh_token) }
          const next = await post({ issuer: nodes[turn % 2] ?? '' }, '/oauth/token', shop, form)
          if (next.status !== 200) return next.body.error
          given.push(next.body)
        }
        return 'went on'
      })()
      await until(async () => given.length > 3, 'rotations are under way')
      const [method, path] = end(String(grant?.sid), sub)
      const answer = await fetch(`${nodes[1]}${path}`, { method, headers })
      expect(answer.ok).toBe(true)
      expect(await rotating).toBe('invalid_grant')
      for (const { access_token, refresh_token } of given) {
        expect(await activeOn(access_token)).toEqual([false, false])
        expect(await activeOn(refresh_token)).toEqual([false, false])
      }
    },
  )

  test('what waits is told by the other node when one is killed', async () => {
    site.told.length = 0
    site.answers.push(503)
    const browser = new Browser(deployment.issuer)
    const tokens = await signIn(deployment, browser, shop, 'openid')
    await signOut(browser, tokens)
    await until(async () => site.told.length === 1, 'the client has refused once')
    await deployment.auth.stop('SIGKILL')
    await until(async () => site.told.length === 2, 'the client is told by the other node', 90_000)
    const [, second] = nodes
    expect(await activeOn(tokens.access_token, [second ?? ''])).toEqual([false])
  })
})

describe('one process', () => {
  let deployment: Deployment
  let site: RelyingSite
  let shop: TestClient

  beforeAll(async () => {
    site = await openRelyingSite()
    deployment = await deploy('one-process', { settings: REACH })
    shop = await register(deployment, site)
  })
  afterAll(async () => {
    await deployment?.stop()
    await site?.close()
  })

  test('an edited policy holds for tokens of before, at introspection, userinfo and refresh, and so does the next', async () => {
    const { issuer, population } = deployment
    const tokens = await signIn(deployment, new Browser(issuer), shop, SCOPE)
    const signedInMs = Date.now()
    const headers = { authorization: `Bearer ${tokens.access_token}` }
    const introspect = async () =>
      (await post(deployment, '/oauth/introspect', population.resourceServer, { token: String(tokens.access_token) }))
        .body
    const userinfo = async () =>
      Object.keys(Object(await (await fetch(`${issuer}/oauth/userinfo`, { headers })).json()))
    const refresh = (token: unknown) =>
      post(deployment, '/oauth/token', shop, { grant_type: 'refresh_token', refresh_token: String(token) })
    expect((await introspect()).permissions).toEqual(['orders:read', 'profile:read'])
    expect(await userinfo()).toContain('email')

    const policies = copyPolicies()
    try {
      const roles = 'permissions: [profile:read, profile:write, orders:read]'
      policies.edit({ file: 'rbac/data.yaml', from: roles, to: 'permissions: [profile:read]' })
      policies.edit({ file: 'rbac/data.yaml', from: 'claims: [email, email_verified]', to: 'claims: []' })
      const ttl = /refresh_token_ttl_seconds := \d+/
      policies.edit({ file: 'authz/token.rego', from: ttl, to: 'refresh_token_ttl_seconds := 1' })
      await activate(deployment, await policies.compile())
    } finally {
      policies.remove()
    }
    expect((await introspect()).permissions).toEqual(['profile:read'])
    expect(await userinfo()).not.toContain('email')
    // Asked before its time is over it would be used up, and a second use would be reuse.
    await until(async () => Date.now() - signedInMs > 2000, 'it is too old')
    expect((await refresh(tokens.refresh_token)).body.error).toBe('invalid_grant')

    await activate(deployment, await committedBundle())
    expect((await introspect()).permissions).toEqual(['orders:read', 'profile:read'])
    expect(await userinfo()).toContain('email')
    expect((await refresh(tokens.refresh_token)).status).toBe(200)
  })

  test('what waits to be told lies in the store: a process that is killed and started again tells it, and nothing revives (checklist 30)', async () => {
    const browser = new Browser(deployment.issuer)
    const tokens = await signIn(deployment, browser, shop, 'openid')
    site.told.length = 0
    site.answers.push(503, 503)
    await browser.visit(`${deployment.issuer}/oauth/logout?id_token_hint=${tokens.id_token}`)
    await until(async () => site.told.length === 1, 'the client has refused once')
    await deployment.auth.stop('SIGKILL')
    await deployment.run('serve').says(/ready in \d+ ms/)
    await until(async () => site.told.length === 3, 'the client is told', 90_000)
    const form = { token: String(tokens.access_token) }
    const seen = await post(deployment, '/oauth/introspect', deployment.population.resourceServer, form)
    expect(seen.body).toEqual({ active: false })
    expect(new Set(site.told.map(({ logoutToken }) => decodeJwt(logoutToken).sid)).size).toBe(1)
  })
})
