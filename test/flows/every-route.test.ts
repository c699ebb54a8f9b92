/** No endpoint answers success without a decision in the log, over every route that the server has. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FEDERATION_OPERATIONS } from '../../src/auth/openapi/federation-operations.ts'
import { OPERATIONS } from '../../src/auth/openapi/operations.ts'
import { VERSION } from '../../src/cli/version.ts'
import { startAuthService, TEST_STREAM, type TestService } from '../servers/auth-service.ts'
import { Browser, formOf } from '../servers/browser.ts'
import { REDIRECT_URI } from '../servers/population.ts'
import { useEverything } from './everything.ts'
import { headsRefused } from './looks-ahead.ts'
import { begin, discover } from './relying-party.ts'
import { answerOf, basic, codeFor, post } from './requests.ts'

interface Answered {
  readonly route: string
  readonly status: number
  readonly id: string
  readonly location: string
}

let service: TestService
const served = new Set<string>()
const answered: Answered[] = []

beforeAll(async () => {
  service = await startAuthService({
    service: { signals: TEST_STREAM },
    onServer: (server) => {
      server.addHook('onRoute', ({ method, url }) => {
        for (const one of [method].flat()) served.add(`${one} ${url}`)
      })
      server.addHook('onResponse', async (request, reply) => {
        const id = String(reply.getHeader('sallyport-request-id'))
        const location = String(reply.getHeader('location') ?? '')
        answered.push({
          route: `${request.method} ${request.routeOptions.url}`,
          status: reply.statusCode,
          id,
          location,
        })
      })
    },
  })
})
afterAll(() => service.close())

const PUBLIC = [
  'GET /.well-known/oauth-authorization-server',
  'GET /.well-known/openid-configuration',
  'GET /.well-known/ssf-configuration',
  'GET /assets/:digest/:name',
  'GET /device',
  'GET /email/stop',
  'GET /email/verify',
  'GET /health',
  'GET /health/live',
  'GET /oauth/jwks',
  'GET /openapi.json',
  'GET /password/forgot',
  'GET /password/reset',
  'GET /scim/v2/ResourceTypes',
  'GET /scim/v2/Schemas',
  'GET /scim/v2/ServiceProviderConfig',
]

/** Only where the configuration asks for them. */
const SWITCHED = [
  ...Object.keys(FEDERATION_OPERATIONS),
  'GET /metrics',
  'POST /oauth/register',
  'GET /oauth/register/:id',
  'PUT /oauth/register/:id',
  'DELETE /oauth/register/:id',
]

/** Where GET gives a code, or ends a session. */
const ACTING = ['/oauth/authorize', '/oauth/authorize/resume', '/oauth/logout']

const nameOf = ({ method, path }: { readonly method: string; readonly path: string }) => `${method} ${path}`

test('the table is all that is served, its files exist, and what is public is this list', () => {
  const { table } = service.service
  // What answers GET answers HEAD (RFC 9110 9.3.2), but where GET does something.
  const shown = table.filter(({ method, path }) => method === 'GET' && !ACTING.includes(path))
  const heads = shown.map(({ path }) => nameOf({ method: 'HEAD', path }))
  expect([...served].sort()).toEqual([...table.map(nameOf), ...heads].sort())
  for (const { file } of table) expect(existsSync(join(resolve('src/auth'), file)), file).toBe(true)
  const open = table.filter((route) => route.decision === 'public')
  expect(open.map(nameOf).sort()).toEqual(PUBLIC)
})

test('HEAD is refused wherever GET acts, and nowhere else (RFC 9110 9.2.1, 15.5.6)', async () => {
  expect(await headsRefused(service)).toEqual(ACTING)
})

test('the OpenAPI document describes every route of the table and no other, each once (OpenAPI 3.1)', async () => {
  const { issuer, service: auth } = service
  const document = (await answerOf(await fetch(`${issuer}/openapi.json`))).body as unknown as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>
  }
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operationId,
    })),
  )
  const table = auth.table.map((route) => nameOf(route).replaceAll(/:(\w+)/g, '{$1}'))
  expect(described.map(({ name }) => name).sort()).toEqual(table.sort())
  expect(new Set(described.map(({ operationId }) => operationId)).size).toBe(described.length)
  // Nothing is described that is not served, whatever is switched on.
  const known = [...table, ...SWITCHED].map((name) => name.replaceAll(/\{(\w+)\}/g, ':$1'))
  expect(Object.keys(OPERATIONS).filter((name) => !known.includes(name))).toEqual([])
})

test('the OpenAPI document names the version of the package, and only statuses that an address can answer', async () => {
  const document = (await answerOf(await fetch(`${service.issuer}/openapi.json`))).body as unknown as {
    readonly info: { readonly version: string }
    readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: object }>>>>
  }
  expect(document.info.version).toBe(VERSION)
  const statuses = (method: string, path: string) => Object.keys(document.paths[path]?.[method]?.responses ?? {})
  const [reads, forms] = [
    ['200', '400', '405', '429', '503'],
    ['413', '415'],
  ]
  expect(statuses('get', '/oauth/jwks')).toEqual(reads)
  expect(statuses('get', '/login')).toEqual(['200', '303', '400', '401', '403', '405', '429', '503'])
  expect(statuses('post', '/login')).toEqual(expect.arrayContaining(forms))
  // 415 of a compressed form; RFC 6749 5.2: another that cannot be read is an invalid_request.
  expect(statuses('post', '/oauth/token')).toEqual(['200', '400', '401', '403', '405', ...forms, '429', '503'])
  expect(statuses('put', '/admin/clients/{id}')).toEqual(expect.arrayContaining(['404', '412', ...forms]))
  expect(statuses('post', '/scim/v2/Users')).toEqual(expect.arrayContaining(['409', ...forms]))
  const colliding = Object.keys(document.paths).filter((path) =>
    ['get', 'put', 'post', 'patch', 'delete'].some((method) =>
      statuses(method, path).some((status) => /409|412/.test(status)),
    ),
  )
  for (const path of colliding) expect(path).toMatch(/^\/((admin|scim)\/|account\/profile$|ssf\/streams$)/)
})

test('pages of any origin call what a browser client calls, and nothing that knows a cookie (OIDC Core 5.3)', async () => {
  const { issuer, service: auth } = service
  const ask = (path: string, method: string) =>
    fetch(`${issuer}${path}`, {
      method,
      redirect: 'manual',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    })
  const open = new Set<string>()
  for (const { method, path } of auth.table) {
    const asked = await ask(path.replace(':id', 'x'), 'OPTIONS')
    const { headers } = asked
    expect([path, headers.get('access-control-allow-credentials')]).toEqual([path, null])
    if (asked.status === 204) open.add(path)
    else expect([path, asked.status, headers.get('access-control-allow-origin')]).toEqual([path, 405, null])
    const plain = await ask(path.replace(':id', 'x'), method)
    await plain.body?.cancel()
    const isOpen = asked.status === 204 || /^\/(\.well-known|oauth\/jwks)/.test(path)
    expect([path, plain.headers.get('access-control-allow-origin')]).toEqual([path, isOpen ? '*' : null])
    expect([path, plain.headers.get('access-control-allow-credentials')]).toEqual([path, null])
  }
  expect([...open].sort()).toEqual(['/oauth/par', '/oauth/revoke', '/oauth/token', '/oauth/userinfo'])
})

test('what a page of another origin may send and read: its proof, its token, the nonce (RFC 9449 8)', async () => {
  const url = `${service.issuer}/oauth/userinfo`
  const { headers } = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://app.example' } })
  expect(headers.get('access-control-allow-headers')).toBe('authorization, content-type, dpop')
  expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST')
  const refusals = [
    await fetch(url),
    await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'text/csv' } }),
    await fetch(`${service.issuer}/oauth/token`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) }),
  ]
  for (const { status, headers: refused } of refusals) {
    expect([status >= 400, refused.get('access-control-allow-origin')]).toEqual([true, '*'])
    expect(refused.get('access-control-expose-headers')).toBe('DPoP-Nonce, WWW-Authenticate')
  }
})

/** Where nobody is signed in, a page of self-service shows and does nothing. */
const leadsToSignIn = ({ route, location }: Answered): boolean =>
  / \/(account|mfa)(\/|$)/.test(route) && location.startsWith('/login?')

test('every success has its decision in the log, under its request id', async () => {
  await useEverything(service)
  const decided = service.decisions().map((event) => `${Object(event.custom).request_id} ${event.path}`)
  const asks = service.service.table.filter((route) => route.decision !== 'public')
  for (const { decision, ...route } of asks) {
    const isDecided = ({ id }: Answered) => decided.includes(`${id} authz/${decision}/decision`)
    // What ends every session leads there too, once it is done.
    const succeeded = answered.filter((answer) => answer.status < 400 && (!leadsToSignIn(answer) || isDecided(answer)))
    const successes = succeeded.filter((answer) => answer.route.replace('HEAD', 'GET') === nameOf(route))
    expect(
      successes.map((answer) => answer.route),
      nameOf(route),
    ).toContain(nameOf(route))
    for (const { id, status } of successes)
      expect(decided, `${nameOf(route)} ${status}`).toContain(`${id} authz/${decision}/decision`)
  }
  expect(answered.filter(({ route, status }) => route.startsWith('HEAD ') && status < 400).length).toBeGreaterThan(5)
})

test('without policy no route but the public ones answers success (checklist 49)', async () => {
  const { issuer, population } = service
  const { body: admin } = await post(service, '/oauth/token', population.admin, { grant_type: 'client_credentials' })
  const { form } = await codeFor(service, population.web, 'openid')
  const { url } = await begin(await discover(issuer, population.web), 'openid')
  const browser = new Browser(issuer)
  const login = await browser.visit(url)
  const bodies: Readonly<Record<string, URLSearchParams | string>> = {
    '/oauth/token': new URLSearchParams(form),
    '/oauth/authorize': new URL(url).searchParams,
    '/oauth/par': new URL(url).searchParams,
    '/login': new URLSearchParams({ ...Object.fromEntries(formOf(login).fields), username: 'a', password: 'b' }),
    '/oauth/register': JSON.stringify({ redirect_uris: [REDIRECT_URI] }),
    '/scim/v2/Users': JSON.stringify({ userName: 'eve@example.com' }),
    '/ssf/status': JSON.stringify({ stream_id: 'test', status: 'paused' }),
    '/ssf/verify': JSON.stringify({ stream_id: 'test' }),
    '/ssf/streams': JSON.stringify({ stream_id: 'test' }),
  }
  service.node.deactivate()

  for (const { method, path, decision, errors } of service.service.table) {
    if (decision === 'public') continue
    const ownQuery = path === '/oauth/authorize' ? new URL(url).search : new URL(login.url).search
    const query = errors === 'problem' ? '' : ownQuery
    const body = method === 'GET' ? undefined : bodies[path]
    const json = errors === 'scim' || errors === 'problem' || errors === 'registration'
    const page = await browser.visit(`${issuer}${path.replace(':id', population.user.sub)}${query}`, {
      method,
      headers: {
        authorization: errors === 'oauth' ? basic(population.web) : `Bearer ${admin.access_token}`,
        ...(json && body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
    })
    const sentBack = page.left?.searchParams.get('error') === 'temporarily_unavailable'
    expect(sentBack || page.status >= 400, nameOf({ method, path })).toBe(true)
    expect(page.left?.searchParams.has('code')).not.toBe(true)
  }
})
