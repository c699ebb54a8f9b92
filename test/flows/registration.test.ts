/** Clients that register themselves, with and without an initial access token: RFC 7591, RFC 7592, OIDC Registration. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as oauth from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { signedBundle, startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { REDIRECT_URI, TENANT } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { registerClient } from './observe-registration.ts'
import { begin, discover, redeem } from './relying-party.ts'
import { type Answer, answerOf, post } from './requests.ts'

const WEB = { client_name: 'Photo Prints', redirect_uris: [REDIRECT_URI], scope: 'openid email' }
const credentials = ({ client_id: id, client_secret: secret = '' }: Answer['body']) => ({
  id: String(id),
  secret: String(secret),
})
const metadataOf = async ({ issuer }: TestService) => {
  const paths = ['openid-configuration', 'oauth-authorization-server']
  return Promise.all(paths.map(async (path) => (await answerOf(await fetch(`${issuer}/.well-known/${path}`))).body))
}

describe('as shipped', () => {
  let service: TestService
  let token: string
  beforeAll(async () => {
    service = await startAuthService()
    token = await clientToken(service.issuer, service.population.admin, 'register')
  })
  afterAll(() => service.close())

  test('the metadata name the endpoint, and nobody registers without an initial access token (RFC 7591 3)', async () => {
    for (const metadata of await metadataOf(service))
      expect(metadata.registration_endpoint).toBe(`${service.issuer}/oauth/register`)
    const { status, headers, body } = await registerClient(service, undefined, WEB)
    expect([status, body.error]).toEqual([401, 'invalid_token'])
    expect(body.error_description).toBe('Send an initial access token.')
    expect(headers.get('www-authenticate')).toMatch(/^Bearer realm=/)
    expect(headers.get('www-authenticate')).not.toContain('error')
    const bad = await registerClient(service, 'not.a.token', WEB)
    expect(bad.body.error_description).toBe('The access token is invalid, expired or revoked.')
    const admin = await clientToken(service.issuer, service.population.admin, 'admin')
    const denied = await registerClient(service, admin, WEB)
    expect([denied.status, denied.body.error]).toEqual([403, 'insufficient_scope'])
    expect(denied.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
  })

  test('an administrator makes the client whose access tokens are initial access tokens, as the docs tell', async () => {
    const authorization = `Bearer ${await clientToken(service.issuer, service.population.admin, 'admin')}`
    const [, shown] =
      readFileSync('docs/administration.md', 'utf8')
        .split('## Clients that register themselves\n')[1]
        ?.match(/-d '({"name":[^']*})'/) ?? []
    const made = await answerOf(
      await fetch(`${service.issuer}/admin/clients`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: String(shown),
      }),
    )
    expect(made.status).toBe(201)
    const own = await clientToken(service.issuer, credentials(made.body), 'register')
    expect((await registerClient(service, own, WEB)).status).toBe(201)
  })

  test('openid-client registers itself, and serves a person who is told that nobody checked its name (checklist 16)', async () => {
    const rp = await oauth.dynamicClientRegistration(
      new URL(service.issuer),
      { ...WEB, grant_types: ['authorization_code', 'refresh_token'], scope: 'openid email offline_access' },
      undefined,
      { initialAccessToken: token, execute: [oauth.allowInsecureRequests] },
    )
    const browser = new Browser(service.issuer)
    const begun = await begin(rp, 'openid email offline_access')
    const login = await browser.visit(begun.url)
    const { userName: username, password } = service.population.user
    const consent = await browser.submit(login, { username, password })
    expect(consent.url).toContain('/consent')
    expect(consent.text).toContain('nobody has checked its name')
    expect(consent.text).toContain(`<strong>${new URL(REDIRECT_URI).host}</strong>`)
    const back = await browser.submit(consent, { answer: 'allow' })
    const tokens = await redeem(rp, begun, back.left ?? new URL('about:blank'))
    expect(tokens.claims()?.aud).toBe(rp.clientMetadata().client_id)
    const refreshed = await oauth.refreshTokenGrant(rp, tokens.refresh_token ?? '')
    expect(refreshed.scope).toBe('email offline_access openid')
    const { left } = await browser.visit((await begin(rp, 'openid email')).url)
    expect(left?.searchParams.get('code')).toBeTruthy()
  })

  test('a public client asks its person each time, whatever they agreed to (RFC 8252 8.6; checklist 16)', async () => {
    const { body } = await registerClient(service, token, { ...WEB, token_endpoint_auth_method: 'none' })
    expect(body).toMatchObject({ application_type: 'native' })
    const rp = await oauth.discovery(new URL(service.issuer), String(body.client_id), undefined, oauth.None(), {
      execute: [oauth.allowInsecureRequests],
    })
    const browser = new Browser(service.issuer)
    const first = await begin(rp, 'openid')
    await redeem(rp, first, await browser.authorize(first.url, service.population.user))
    expect((await browser.visit((await begin(rp, 'openid')).url)).url).toContain('/consent')
  })

  test('has no scope, role, resource or trust of its own choice', async () => {
    const { body } = await registerClient(service, token, {
      ...WEB,
      scope: 'openid admin orders:write',
      grant_types: ['authorization_code', 'client_credentials'],
      roles: ['platform_admin'],
      resources: ['urn:sallyport:default'],
      first_party: true,
    })
    expect(body.scope).toBe('openid')
    const asItself = await post(service, '/oauth/token', credentials(body), {
      grant_type: 'client_credentials',
      scope: 'admin',
    })
    expect([asItself.status, asItself.body.error]).toEqual([400, 'invalid_scope'])
    const record = await service.store.clients.find(TENANT, String(body.client_id))
    expect(record).toMatchObject({ firstParty: false, roles: [], resources: [] })
  })

  test('makes the service reach no private address: sector_identifier_uri, and jwks_uri at its use (checklist 48)', async () => {
    let reached = 0
    const private_ = createServer((socket) => {
      reached += 1
      socket.destroy()
    })
    await new Promise<void>((done) => private_.listen(0, '127.0.0.1', done))
    const address = private_.address()
    const port = typeof address === 'object' ? address?.port : 0
    try {
      for (const host of ['127.0.0.1', 'localhost', '[::1]', '169.254.169.254', '2130706433']) {
        const sector = `https://${host}:${port}/uris.json`
        const { status, body } = await registerClient(service, token, { ...WEB, sector_identifier_uri: sector })
        expect([status, body.error], host).toEqual([400, 'invalid_client_metadata'])
        expect(String(body.error_description)).not.toContain(String(port))
      }
      for (const uri of [`http://127.0.0.1:${port}/jwks`, 'file:///etc/passwd', 'gopher://127.0.0.1/'])
        expect((await registerClient(service, token, { ...WEB, jwks_uri: uri })).status).toBe(400)
      expect(reached).toBe(0)
    } finally {
      private_.close()
    }
  })

  test('what is not JSON, or says a member twice over, is malformed and nothing more', async () => {
    const send = (type: string, body: string) =>
      fetch(`${service.issuer}/oauth/register`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': type },
        body,
      }).then(answerOf)
    for (const [type, body] of [
      ['application/json', '{'],
      ['application/json', '{"__proto__":{"x":1}}'],
      ['application/x-www-form-urlencoded', 'redirect_uris=https://a.example/'],
    ] as const)
      expect((await send(type, body)).body.error).toBe('invalid_request')
    for (const body of ['[]', '"text"', 'null', '{}'])
      expect((await send('application/json', body)).body.error).toMatch(/^invalid_(client_metadata|redirect_uri)$/)
  })

  test('what it never uses is gone after a week, and what it uses stays', async () => {
    const [used, unused] = await Promise.all(
      [1, 2].map(() => registerClient(service, token, { ...WEB, grant_types: ['client_credentials'] })),
    )
    const grant = { grant_type: 'client_credentials' }
    const tokenFor = (answer: Answer | undefined) =>
      post(service, '/oauth/token', credentials(answer?.body ?? {}), grant)
    expect((await tokenFor(used)).status).toBe(200)
    service.advance(7 * 24 * 3600)
    expect([(await tokenFor(used)).status, (await tokenFor(unused)).status]).toEqual([200, 401])
  })
})

test('where it is switched off, there is no endpoint, and the metadata name none (RFC 8414 2)', async () => {
  const service = await startAuthService({ service: { registration: false } })
  try {
    for (const metadata of await metadataOf(service)) expect(metadata).not.toHaveProperty('registration_endpoint')
    expect((await registerClient(service, undefined, WEB)).status).toBe(404)
    expect((await fetch(`${service.issuer}/oauth/register/x`)).status).toBe(404)
  } finally {
    await service.close()
  }
})

describe('opened by policy data', () => {
  let service: TestService
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-open-'))
    const policies = copyPolicies()
    try {
      policies.edit({ file: 'rbac/data.yaml', from: 'open: false', to: 'open: true' })
      policies.edit({ file: 'rbac/data.yaml', from: /per_hour: \d+/, to: 'per_hour: 3' })
      policies.edit({ file: 'authz/register.rego', from: /secret_ttl_seconds := \d+/, to: 'secret_ttl_seconds := 600' })
      writeFileSync(join(folder, 'bundle.tar.gz'), await writeArchive(await policies.compile()))
    } finally {
      policies.remove()
    }
    service = await startAuthService({ bundle: await signedBundle(join(folder, 'bundle.tar.gz')) })
  })
  afterAll(async () => {
    await service?.close()
    rmSync(folder, { recursive: true })
  })

  test('anyone registers, for people only; a secret ends when the client was told it would (RFC 7591 3.2.1)', async () => {
    const machine = await registerClient(service, undefined, { grant_types: ['client_credentials'] })
    expect([machine.status, machine.body.error]).toEqual([400, 'invalid_client_metadata'])
    const { status, headers, body } = await registerClient(service, undefined, WEB)
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store'])
    const look = () => post(service, '/oauth/introspect', credentials(body), { token: 'x' })
    expect((await look()).body.error).toBeUndefined()
    service.advance(600)
    expect((await look()).body.error).toBe('invalid_client')

    const url = String(body.registration_client_uri)
    const renewed = await answerOf(
      await fetch(url, {
        method: 'PUT',
        headers: { authorization: `Bearer ${body.registration_access_token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...WEB, client_id: body.client_id }),
      }),
    )
    expect(renewed.body.client_secret).not.toBe(body.client_secret)
    const withNew = await post(service, '/oauth/introspect', credentials(renewed.body), { token: 'x' })
    expect(withNew.body.error).toBeUndefined()
  })

  test('a consent is for the client that was shown, not for what its registration becomes (RFC 7592 2.2; checklist 16)', async () => {
    service.advance(3600)
    const { body } = await registerClient(service, undefined, WEB)
    const browser = new Browser(service.issuer)
    const ask = async (redirectUri = REDIRECT_URI) => {
      const url = new URL((await begin(await discover(service.issuer, credentials(body)), 'openid email')).url)
      url.searchParams.set('redirect_uri', redirectUri)
      return browser.visit(url.href)
    }
    let current = body
    const replace = async (metadata: object) => {
      const answer = await answerOf(
        await fetch(String(body.registration_client_uri), {
          method: 'PUT',
          headers: {
            authorization: `Bearer ${current.registration_access_token}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({ ...WEB, ...metadata, client_id: body.client_id }),
        }),
      )
      expect(answer.status).toBe(200)
      current = answer.body
    }
    const { userName: username, password } = service.population.user
    const page = await browser.submit(await ask(), { username, password })
    expect(page.url).toContain('/consent')
    await browser.submit(page, { answer: 'allow' })
    // Another path on the same host, under the same name, is what was agreed to.
    await replace({ redirect_uris: [REDIRECT_URI, new URL('/other', REDIRECT_URI).href] })
    expect((await ask()).left?.searchParams.get('code')).toEqual(expect.any(String))

    const evil = 'https://evil.example/cb'
    await replace({ redirect_uris: [REDIRECT_URI, evil] })
    for (const address of [REDIRECT_URI, evil]) {
      const asked = await ask(address)
      expect([new URL(asked.url).pathname, asked.left]).toEqual(['/consent', undefined])
    }
    await replace({ client_name: 'Somebody else' })
    expect(new URL((await ask()).url).pathname).toBe('/consent')
    await replace({})
    expect((await ask()).left?.searchParams.get('code')).toEqual(expect.any(String))
  })

  test('one address registers so many an hour, at once or not, and no more (RFC 6585 4)', async () => {
    service.advance(3600)
    const answers = await Promise.all(Array.from({ length: 6 }, () => registerClient(service, undefined, WEB)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 429, 429, 429])
    const refused = answers.find(({ status }) => status === 429)
    expect(refused?.body.error).toBe('slow_down')
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
    service.advance(3600)
    expect((await registerClient(service, undefined, WEB)).status).toBe(201)
  })
})
