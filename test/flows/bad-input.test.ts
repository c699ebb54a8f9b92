/** Bad input on every endpoint: the specification's error, never a 500, never a redirect to an unregistered address. */
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { REDIRECT_URI } from '../servers/population.ts'
import { type Answer, answerOf, basic, post } from './requests.ts'

let service: TestService

beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service.close())

const FORM = 'application/x-www-form-urlencoded'
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

/** As sent: text, so that parameters can repeat and types can be wrong. */
async function send(method: string, path: string, init: { type?: string; body?: string; authorization?: string } = {}) {
  const headers = new Headers()
  if (init.type !== undefined) headers.set('content-type', init.type)
  if (init.authorization !== undefined) headers.set('authorization', init.authorization)
  const body = init.body === undefined ? {} : { body: init.body }
  return answerOf(await fetch(`${service.issuer}${path}`, { method, headers, redirect: 'manual', ...body }))
}

/** With two headers of one name, as fetch would join them. */
const twice = (to: string, method: string, authorization: string[]): Promise<Pick<Answer, 'status' | 'body'>> =>
  new Promise((resolve, reject) => {
    const named = authorization.flatMap((value) => ['authorization', value])
    const headers = ['host', new URL(to).host, 'content-type', FORM, ...named]
    const asked = request(to, { method, headers }, async (answer) => {
      resolve({ status: answer.statusCode ?? 0, body: Object(await json(answer)) })
    })
    asked.on('error', reject).end(method === 'POST' ? 'grant_type=client_credentials&token=x' : '')
  })

async function allRoutes() {
  const ids = (path: string) => path.replace(':id', 'nobody')
  return service.service.table.map((route) => ({ ...route, path: ids(route.path) }))
}

describe('every endpoint', () => {
  test.each([
    ['another content type', 'text/plain', 'x'],
    ['a multipart body', 'multipart/form-data; boundary=x', '--x--'],
    ['malformed JSON', 'application/json', '{"a":'],
    ['JSON that is a list', 'application/json', '[[]]'],
    ['JSON that is null', 'application/json', 'null'],
    ['a key that is no key', 'application/json', '{"__proto__":{"a":1}}'],
    ['an oversized form', FORM, `a=${'x'.repeat(70 * 1024)}`],
    ['a form of nothing but ampersands', FORM, '&'.repeat(1000)],
    ['a broken escape', FORM, 'token=%zz&client_id=%&grant_type=%C3%28'],
    ['the same parameter twice', FORM, 'token=a&token=b&client_id=web&client_id=web&grant_type=x&grant_type=x'],
  ])('answers 4xx in its own form to %s', async (_what, type, body) => {
    // With a token that may do everything, so that the body is what fails.
    const { body: admin } = await post(service, '/oauth/token', service.population.admin, {
      grant_type: 'client_credentials',
      scope: 'scim admin',
    })
    for (const { method, path, errors } of await allRoutes()) {
      if (method === 'GET' || path.endsWith('/logout')) continue
      const bearer = errors === 'scim' || errors === 'problem' ? { authorization: `Bearer ${admin.access_token}` } : {}
      const answer = await send(method, path, { type, body, ...bearer })
      const at = `${method} ${path}`
      // Nobody is signed in: nothing of it is read.
      if (errors === 'page' && answer.headers.get('location')?.startsWith('/login?')) continue
      expect(answer.status, at).toBeGreaterThanOrEqual(400)
      expect(answer.status, at).toBeLessThan(500)
      expect(answer.headers.get('location'), at).toBeNull()
      if (errors === 'oauth' || errors === 'bearer')
        expect(answer.body.error, at).toMatch(
          path.startsWith('/session/binding') ? /^(invalid_|login_required)/ : /^invalid_/,
        )
      if (errors === 'scim') expect(answer.body.schemas, at).toEqual(['urn:ietf:params:scim:api:messages:2.0:Error'])
      if (errors === 'problem') expect(answer.headers.get('content-type'), at).toMatch(/^application\/problem\+json/)
    }
  })

  test('refuses other methods with 405 and names its own (RFC 9110 15.5.6)', async () => {
    const table = await allRoutes()
    for (const path of new Set(table.map((route) => route.path))) {
      const taken = table.filter((route) => route.path === path).map((route) => route.method as string)
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'].filter((one) => !taken.includes(one))) {
        const answer = await send(method, path)
        expect(answer.status, `${method} ${path}`).toBe(405)
        expect(answer.headers.get('allow')?.split(', '), path).toEqual(expect.arrayContaining(taken))
      }
    }
  })

  test('unknown addresses are 404, broken ones 400, and neither echoes', async () => {
    for (const [path, status] of [
      ['/nothing', 404],
      ['/oauth/token/', 404],
      ['/%zz', 400],
      ['/scim/v2/Groups', 404],
      ['/admin/clients/a/b', 404],
    ] as const) {
      const answer = await send('GET', path)
      expect(answer.status, path).toBe(status)
      expect(JSON.stringify(answer.body)).not.toContain('zz')
    }
  })

  test('never keeps an answer: no-store, nosniff, no-referrer, errors too (RFC 9700 4.2)', async () => {
    for (const { method, path, decision } of await allRoutes()) {
      const { headers } = await send(method, path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      if (decision !== 'public') expect(headers.get('cache-control'), path).toBe('no-store')
    }
  })
})

describe('authorize', () => {
  const good: Readonly<Record<string, string>> = {
    client_id: 'web',
    redirect_uri: REDIRECT_URI,
    response_type: 'code',
    scope: 'openid',
    state: 'st',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  }
  const ask = (parameters: Readonly<Record<string, string>>, extra = '') =>
    send('GET', `/oauth/authorize?${new URLSearchParams(parameters)}${extra}`)
  const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name))

  test.each([
    ['no client', without('client_id')],
    ['an unknown client', { ...good, client_id: 'nobody' }],
    ['no redirect_uri', without('redirect_uri')],
    ['a foreign redirect_uri', { ...good, redirect_uri: 'https://evil.example/cb' }],
    ['a redirect_uri with a path more', { ...good, redirect_uri: `${REDIRECT_URI}/more` }],
    ['a redirect_uri with a query more', { ...good, redirect_uri: `${REDIRECT_URI}?x=1` }],
    ['a redirect_uri in another case', { ...good, redirect_uri: REDIRECT_URI.toUpperCase() }],
    ['a redirect_uri encoded twice', { ...good, redirect_uri: encodeURIComponent(REDIRECT_URI) }],
    ['a redirect_uri with another port', { ...good, redirect_uri: REDIRECT_URI.replace(':9/', ':10/') }],
    ['a client without redirect URIs', { ...good, client_id: 'rs' }],
    ['a script', { ...good, redirect_uri: 'javascript:alert(1)' }],
  ])('shows a page and redirects nowhere: %s (RFC 6749 4.1.2.1; checklist 1, 2)', async (_what, parameters) => {
    const answer = await ask(parameters)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(answer.body.text).not.toContain('evil')
  })

  test.each([
    ['client_id twice', '&client_id=web'],
    ['redirect_uri twice', `&redirect_uri=${encodeURIComponent('https://evil.example/')}`],
  ])('shows a page: %s (RFC 6749 3.1)', async (_what, extra) => {
    const answer = await ask(good, extra)
    expect(answer).toMatchObject({ status: 400 })
    expect(answer.headers.get('location')).toBeNull()
  })

  test.each([
    ['no response_type', without('response_type'), 'invalid_request'],
    ['response_type=token', { ...good, response_type: 'token' }, 'unsupported_response_type'],
    ['response_type=code id_token', { ...good, response_type: 'code id_token' }, 'unsupported_response_type'],
    ['a response_mode that is none of ours', { ...good, response_mode: 'query.jwt' }, 'invalid_request'],
    ['no code_challenge', without('code_challenge'), 'invalid_request'],
    ['no challenge at all', { ...without('code_challenge'), code_challenge_method: '' }, 'invalid_request'],
    ['the method plain', { ...good, code_challenge_method: 'plain' }, 'invalid_request'],
    ['no method, which means plain', without('code_challenge_method'), 'invalid_request'],
    ['an unknown method', { ...good, code_challenge_method: 'S512' }, 'invalid_request'],
    ['a short challenge', { ...good, code_challenge: 'abc' }, 'invalid_request'],
    ['an unknown scope', { ...good, scope: 'openid nonsense' }, 'invalid_scope'],
    ['a scope not registered', { ...good, scope: 'openid admin' }, 'invalid_scope'],
    ['a malformed scope', { ...good, scope: 'open"id' }, 'invalid_scope'],
    ['a foreign resource', { ...good, resource: 'https://api.example/' }, 'invalid_target'],
    ['a resource with a fragment', { ...good, resource: 'https://api.example/#a' }, 'invalid_target'],
    ['a request object', { ...good, request: 'e30.e30.' }, 'request_not_supported'],
    ['a request_uri', { ...good, request_uri: 'urn:x' }, 'request_uri_not_supported'],
    ['an unknown prompt', { ...good, prompt: 'sometimes' }, 'invalid_request'],
    ['prompt=none and login', { ...good, prompt: 'none login' }, 'invalid_request'],
    ['a max_age that is no number', { ...good, max_age: '-1' }, 'invalid_request'],
    ['an oversized nonce', { ...good, nonce: 'n'.repeat(3000) }, 'invalid_request'],
  ])('tells the client: %s (RFC 6749 4.1.2.1, RFC 9207)', async (_what, parameters, error) => {
    const answer = await ask(parameters)
    expect(answer.status).toBe(303)
    const location = new URL(answer.headers.get('location') ?? '')
    expect(location.href.startsWith(`${REDIRECT_URI}?`)).toBe(true)
    expect(Object.fromEntries(location.searchParams)).toMatchObject({ error, state: 'st', iss: service.issuer })
    expect(location.searchParams.has('code')).toBe(false)
  })

  test('tells the client of a repeated parameter, without a state that came twice (RFC 6749 3.1)', async () => {
    const scope = new URL((await ask(good, '&scope=email')).headers.get('location') ?? '')
    expect(scope.searchParams.get('error')).toBe('invalid_request')
    const state = new URL((await ask(good, '&state=other')).headers.get('location') ?? '')
    expect(state.searchParams.get('error')).toBe('invalid_request')
    expect(state.searchParams.has('state')).toBe(false)
  })

  test('takes the request by POST as by GET, and mixes neither (OIDC Core 3.1.2.1)', async () => {
    const asked = await send('POST', '/oauth/authorize', { type: FORM, body: new URLSearchParams(good).toString() })
    expect(asked.headers.get('location')).toMatch(/^\/login\?interaction=/)
    const mixed = await send('POST', `/oauth/authorize?${new URLSearchParams(good)}`, {
      type: FORM,
      body: 'scope=openid',
    })
    expect(mixed.status).toBe(400)
  })
})

describe('the token endpoint', () => {
  const at = (client: 'web' | 'spa' | 'rs', form: Readonly<Record<string, string>>) =>
    post(
      service,
      '/oauth/token',
      client === 'rs' ? service.population.resourceServer : service.population[client],
      form,
    )

  test.each([
    ['web', 'no grant_type', {}, 400, 'invalid_request'],
    ['web', 'an unknown grant_type', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['web', 'a name of Object', { grant_type: 'constructor' }, 400, 'unsupported_grant_type'],
    ['web', 'no code', { grant_type: 'authorization_code' }, 400, 'invalid_request'],
    ['web', 'a code that never was', { grant_type: 'authorization_code', code: 'x' }, 400, 'invalid_grant'],
    ['web', 'no refresh token', { grant_type: 'refresh_token' }, 400, 'invalid_request'],
    [
      'web',
      'a refresh token that never was',
      { grant_type: 'refresh_token', refresh_token: 'x.y' },
      400,
      'invalid_grant',
    ],
    ['web', 'an unknown scope', { grant_type: 'client_credentials', scope: 'nonsense' }, 400, 'invalid_scope'],
    ['web', 'a foreign resource', { grant_type: 'client_credentials', resource: 'urn:foreign' }, 400, 'invalid_target'],
    ['web', 'a malformed resource', { grant_type: 'client_credentials', resource: 'nowhere' }, 400, 'invalid_target'],
    ['spa', 'client_credentials for a public client', { grant_type: 'client_credentials' }, 400, 'unauthorized_client'],
    ['rs', 'a grant that is not registered', { grant_type: 'client_credentials' }, 400, 'unauthorized_client'],
    ['rs', 'no code for it', { grant_type: 'authorization_code', code: 'x' }, 400, 'unauthorized_client'],
    ['rs', 'no token for it', { grant_type: 'refresh_token', refresh_token: 'x.y' }, 400, 'unauthorized_client'],
    ['web', 'no device code for it', { grant_type: DEVICE_CODE, device_code: 'x' }, 400, 'unauthorized_client'],
  ] as const)('%s: %s (RFC 6749 5.2)', async (client, _what, form, status, error) => {
    const answer = await at(client, form)
    expect({ status: answer.status, error: answer.body.error }).toEqual({ status, error })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test.each([
    ['no client at all', undefined, 'grant_type=client_credentials', 401, 'invalid_client'],
    ['an unknown client', basic({ id: 'nobody', secret: 'x' }), 'grant_type=client_credentials', 401, 'invalid_client'],
    ['a wrong secret', basic({ id: 'web', secret: 'wrong' }), 'grant_type=client_credentials', 401, 'invalid_client'],
    [
      'a secret for a public client',
      basic({ id: 'spa', secret: 'x' }),
      'grant_type=refresh_token',
      401,
      'invalid_client',
    ],
    ['no secret for a confidential one', undefined, 'grant_type=x&client_id=web', 401, 'invalid_client'],
    ['an empty secret', undefined, 'grant_type=x&client_id=web&client_secret=', 401, 'invalid_client'],
    ['Basic that is not base64', 'Basic ***', 'grant_type=x', 401, 'invalid_client'],
    ['Basic without a colon', `Basic ${btoa('web')}`, 'grant_type=x', 401, 'invalid_client'],
    ['Basic with a broken escape', `Basic ${btoa('web:%zz')}`, 'grant_type=x', 401, 'invalid_client'],
    ['another scheme', 'Bearer abc', 'grant_type=x', 401, 'invalid_client'],
  ] as const)('%s: invalid_client with a challenge (RFC 6749 2.3, 5.2)', async (_what, header, body, status, error) => {
    const authorization = header === undefined ? {} : { authorization: header }
    const answer = await send('POST', '/oauth/token', { type: FORM, body, ...authorization })
    expect({ status: answer.status, error: answer.body.error }).toEqual({ status, error })
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
  })

  test('sign-in scopes mean nothing for a machine, and the answer says so (RFC 6749 3.3, 4.4.3)', async () => {
    const { status, body } = await at('web', {
      grant_type: 'client_credentials',
      scope: 'openid offline_access orders:read',
    })
    expect([status, body.scope]).toEqual([200, 'orders:read'])
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['id_token']))
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['refresh_token']))
  })

  test('two ways to authenticate at once are one too many (RFC 6749 2.3)', async () => {
    const { web } = service.population
    for (const [body, error_description] of [
      [`client_id=web&client_secret=${web.secret}`, 'Use one client authentication method, not two.'],
      ['client_id=other', 'The Authorization header and client_id name different clients.'],
    ] as const) {
      const answer = await send('POST', '/oauth/token', { type: FORM, body, authorization: basic(web) })
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request', error_description } })
    }
  })

  test.each([
    ['/oauth/token', 'POST', 'invalid_request'],
    ['/oauth/introspect', 'POST', 'invalid_request'],
    ['/oauth/userinfo', 'GET', 'invalid_request'],
    ['/admin/keys', 'GET', 'bad_request'],
    ['/scim/v2/Users', 'GET', undefined],
  ])('two Authorization headers at %s are one too many (RFC 9110 5.3)', async (path, method, code) => {
    const { web, other } = service.population
    const { status, body } = await twice(`${service.issuer}${path}`, method, [basic(web), basic(other)])
    expect([status, body.error ?? body.code]).toEqual([400, code])
    expect(JSON.stringify(body)).toContain('The Authorization header was sent more than once.')
    expect((await twice(`${service.issuer}${path}`, method, [basic(web), basic(web)])).status).toBe(400)
  })

  test('parameters in the address count for nothing (RFC 6749 3.2)', async () => {
    const { web } = service.population
    const answer = await send('POST', '/oauth/token?grant_type=client_credentials', {
      type: FORM,
      body: '',
      authorization: basic(web),
    })
    expect(answer.body.error).toBe('invalid_request')
  })
})

describe('introspection and revocation', () => {
  const { body: forged } = { body: `${btoa('{"alg":"none"}')}.${btoa('{}')}.` }
  const unknown = ['x', 'a.b.c', forged, `${'a'.repeat(33)}.${'b'.repeat(43)}`, 'x'.repeat(20_000)]

  test('what is no token of ours is inactive, and nothing more (RFC 7662 2.2)', async () => {
    for (const token of unknown) {
      const { status, body } = await post(service, '/oauth/introspect', service.population.resourceServer, { token })
      expect({ status, body }).toEqual({ status: 200, body: { active: false } })
    }
  })

  test('revoking what is no token of ours is a 200 (RFC 7009 2.2)', async () => {
    for (const token of unknown)
      expect((await post(service, '/oauth/revoke', service.population.web, { token })).status).toBe(200)
  })

  test('who proves nothing introspects nothing, and may revoke what is its own (RFC 7662 2.1, RFC 7009 2.1)', async () => {
    const { spa } = service.population
    const refused = await post(service, '/oauth/introspect', spa, { token: 'x' })
    expect(refused).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect(refused.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
    const event = service.audits.findLast((audit) => audit.event === 'client_authentication_failed')
    expect(event).toMatchObject({ client_id: spa.id, detail: 'none' })
    expect((await post(service, '/oauth/revoke', spa, { token: 'x' })).status).toBe(200)
  })

  test.each(['/oauth/introspect', '/oauth/revoke'])('%s without a token, or without a client', async (path) => {
    expect((await post(service, path, service.population.web, {})).body.error).toBe('invalid_request')
    expect((await send('POST', path, { type: FORM, body: 'token=x' })).body.error).toBe('invalid_client')
  })
})

describe('userinfo', () => {
  test('asks for a token, and tells what was wrong with one (RFC 6750 3)', async () => {
    const none = await send('GET', '/oauth/userinfo')
    expect(none.status).toBe(401)
    expect(none.headers.get('www-authenticate')).toMatch(/^Bearer realm="sallyport", DPoP realm="sallyport", algs=/)
    for (const authorization of ['Bearer x', 'Bearer a.b.c']) {
      const wrong = await send('GET', '/oauth/userinfo', { authorization })
      expect(wrong.status).toBe(401)
      expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
    // Another method of authentication brings no token (3.1).
    const other = await send('GET', '/oauth/userinfo', { authorization: basic(service.population.web) })
    expect([other.status, other.headers.get('www-authenticate')]).toEqual([401, none.headers.get('www-authenticate')])
  })

  test('a token in the address is none; two tokens are malformed (RFC 6750 2)', async () => {
    expect((await send('GET', '/oauth/userinfo?access_token=x')).status).toBe(401)
    const two = await send('POST', '/oauth/userinfo', { type: FORM, body: 'access_token=x', authorization: 'Bearer x' })
    expect(two.body.error).toBe('invalid_request')
  })

  test('a machine has no person to tell of (OIDC Core 5.3.3)', async () => {
    const { body } = await post(service, '/oauth/token', service.population.web, { grant_type: 'client_credentials' })
    const answer = await send('GET', '/oauth/userinfo', { authorization: `Bearer ${body.access_token}` })
    expect(answer).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
  })
})
