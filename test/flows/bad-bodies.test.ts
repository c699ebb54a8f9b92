/**
 * Bad input where people, provisioning and other programs come in: SCIM, the admin API, the pages, the Data API. The
 * specification's error, never a 500, never a redirect that was not asked for. On a real process.
 */
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Browser, formOf } from '../servers/browser.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { adminToken } from '../servers/provision.ts'
import { begin, discover } from './relying-party.ts'
import { answerOf } from './requests.ts'

let deployment: Deployment
let token: string

beforeAll(async () => {
  deployment = await deploy('one-process')
  token = await adminToken(deployment.issuer, deployment.population.admin)
})
afterAll(() => deployment?.stop())
afterEach(() => {
  expect(deployment.auth.said).not.toMatch(/request failed|"level":50/)
})

async function send(method: string, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  return answerOf(
    await fetch(`${deployment.issuer}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      redirect: 'manual',
      ...(text !== undefined && { body: text }),
    }),
  )
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const SCHEMAS = ['urn:ietf:params:scim:schemas:core:2.0:User']
const ERROR = ['urn:ietf:params:scim:api:messages:2.0:Error']

describe('SCIM (RFC 7644 3.12)', () => {
  const person = (more: object) => ({ schemas: SCHEMAS, userName: 'new@example.com', ...more })

  test.each([
    ['no body', undefined, 400, 'invalidSyntax'],
    ['an empty body', '', 400, 'invalidSyntax'],
    ['a list', '[]', 400, 'invalidSyntax'],
    ['half an object', '{"userName":', 400, 'invalidSyntax'],
    ['nesting without end', `{"userName":${nested(20_000)}}`, 400, undefined],
    ['a key of the prototype', '{"__proto__":{"active":true}}', 400, 'invalidSyntax'],
    ['no schemas', { userName: 'x' }, 400, undefined],
    ['a foreign schema', { schemas: ['urn:x'], userName: 'x' }, 400, undefined],
    ['no user name', { schemas: SCHEMAS }, 400, 'invalidValue'],
    ['an empty user name', person({ userName: '' }), 400, 'invalidValue'],
    ['a user name that is a number', person({ userName: 7 }), 400, 'invalidValue'],
    ['a user name without end', person({ userName: 'x'.repeat(10_000) }), 400, 'invalidValue'],
    ['a user name with a control character', person({ userName: 'a\u0000b' }), 400, 'invalidValue'],
    [
      'half a surrogate pair',
      '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"\\ud800"}',
      400,
      undefined,
    ],
    ['active that is a text', person({ active: 'yes' }), 400, 'invalidValue'],
    ['e-mail addresses that are one text', person({ emails: 'a@example.com' }), 400, 'invalidValue'],
    [
      'two primary e-mail addresses',
      person({ emails: ['a', 'b'].map((value) => ({ value, primary: true })) }),
      400,
      'invalidValue',
    ],
    ['a password that is a list', person({ password: ['x'] }), 400, 'invalidValue'],
    ['an empty password', person({ password: '' }), 400, 'invalidValue'],
    ['a role that may not be given', person({ roles: [{ value: 'setup' }] }), 403, undefined],
    ['more than it reads', person({ displayName: 'x'.repeat(70_000) }), 413, undefined],
  ])('create: %s', async (_what, body, status, scimType) => {
    const answer = await send('POST', '/scim/v2/Users', body)
    expect([answer.status, answer.body.schemas, answer.body.status]).toEqual([status, ERROR, String(status)])
    if (scimType !== undefined) expect(answer.body.scimType).toBe(scimType)
    expect(JSON.stringify(answer.body)).not.toContain('example.com')
  })

  test('create: a user name that is taken is 409', async () => {
    const { userName } = deployment.population.user
    expect(await send('POST', '/scim/v2/Users', person({ userName: userName.toUpperCase() }))).toMatchObject({
      status: 409,
      body: { schemas: ERROR, scimType: 'uniqueness' },
    })
  })

  test.each([
    ['another operator', 'filter=userName%20co%20%22a%22', 400],
    ['no value', 'filter=userName%20eq', 400],
    ['a quote that does not end', 'filter=userName%20eq%20%22a', 400],
    ['an attribute that is no attribute', 'filter=password%20eq%20%22a%22', 400],
    ['a filter without end', `filter=${'('.repeat(5000)}`, 400],
    ['two filters', 'filter=userName%20eq%20%22a%22&filter=userName%20eq%20%22b%22', 400],
    ['a start that is no number', 'startIndex=first', 400],
    ['a count that is no number', 'count=1.5', 400],
    ['a start beyond every list', 'startIndex=99999999999999999999', 400],
  ])('list: %s', async (_what, query, status) => {
    const answer = await send('GET', `/scim/v2/Users?${query}`, undefined)
    expect([answer.status, answer.body.schemas]).toEqual([status, ERROR])
  })

  test('list: what RFC 7644 3.4.2.4 says to read as another number is no error', async () => {
    expect((await send('GET', '/scim/v2/Users?startIndex=-5&count=-1', undefined)).body).toMatchObject({
      startIndex: 1,
    })
  })

  test.each(['GET', 'PUT', 'DELETE'])('%s: an id that is none of ours is 404', async (method) => {
    for (const id of ['nobody', '%00', 'a%2Fb', '..%2f..%2fetc', 'x'.repeat(90), 'alice@example.com']) {
      const answer = await send(method, `/scim/v2/Users/${id}`, method === 'PUT' ? person({}) : undefined)
      expect([id, answer.status, answer.body.schemas]).toEqual([id, 404, ERROR])
    }
  })

  test('an address longer than any of ours is refused in SCIM’s words too', async () => {
    const answer = await send('GET', `/scim/v2/Users/${'x'.repeat(2000)}`, undefined)
    expect([answer.status, answer.body.schemas]).toEqual([400, ERROR])
  })

  test('a version that is malformed, or another, changes nothing (RFC 7644 3.14)', async () => {
    const { sub, userName } = deployment.population.user
    for (const version of ['W/"99"', '"x"', 'x', 'W/', '*x']) {
      const answer = await send('PUT', `/scim/v2/Users/${sub}`, person({ userName }), { 'if-match': version })
      expect([version, [400, 412].includes(answer.status), answer.body.schemas]).toEqual([version, true, ERROR])
    }
  })

  test.each(['text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'application/xml'])(
    'another content type: %s',
    async (type) => {
      const answer = await send('POST', '/scim/v2/Users', 'userName=x', { 'content-type': type })
      expect([answer.status, answer.body.schemas]).toEqual([415, ERROR])
    },
  )
})

describe('the admin API (RFC 9457)', () => {
  const client = (more: object) => ({ name: 'New', type: 'confidential', grant_types: ['client_credentials'], ...more })

  test.each([
    ['no body', undefined],
    ['a list', '[]'],
    ['half an object', '{"name":'],
    ['nesting without end', `{"name":${nested(20_000)}}`],
    ['no name', { grant_types: [] }],
    ['a name that is a number', client({ name: 7 })],
    ['a name without end', client({ name: 'x'.repeat(5000) })],
    ['an unknown type', client({ type: 'secret' })],
    ['an unknown grant type', client({ grant_types: ['password'] })],
    ['a public client with client_credentials', client({ type: 'public' })],
    ['scopes that are one text', client({ scopes: 'openid profile' })],
    ['a malformed scope', client({ scopes: ['open id'] })],
    ['an unknown setting', client({ admin: true })],
    ['an id of its own choice', client({ client_id: 'mine' })],
    ['a secret of its own choice', client({ client_secret: 'mine' })],
    ['a redirect URI of a script', client({ redirect_uris: ['javascript:alert(1)'] })],
    ['a redirect URI on plain http', client({ redirect_uris: ['http://shop.example/cb'] })],
    ['a redirect URI with a fragment', client({ redirect_uris: ['https://shop.example/cb#x'] })],
    ['a redirect URI with a wildcard', client({ redirect_uris: ['https://*.shop.example/cb'] })],
    ['a redirect URI with a user', client({ redirect_uris: ['https://a:b@shop.example/cb'] })],
    ['a redirect URI that is relative', client({ redirect_uris: ['/cb'] })],
    ['a resource that is no URI', client({ resources: ['nowhere'] })],
  ])('create: %s', async (_what, body) => {
    const answer = await send('POST', '/admin/clients', body)
    expect([answer.status, answer.body.status, answer.body.code]).toEqual([400, 400, 'bad_request'])
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  })

  test.each([
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '7'],
    ['an object that asks for something', '{"dry_run":true}'],
  ])('an act that takes no body: %s', async (_what, body) => {
    const { web, user } = deployment.population
    const kept = (await send('GET', '/admin/keys', undefined)).body
    const [key] = kept.keys as { kid: string }[]
    for (const act of [
      'keys/rewrap',
      `keys/${key?.kid}/revoke`,
      `clients/${web.id}/revoke`,
      `users/${user.sub}/revoke`,
    ]) {
      const answer = await send('POST', `/admin/${act}`, body)
      expect([act, answer.status, answer.body.code]).toEqual([act, 400, 'bad_request'])
    }
    expect((await send('GET', '/admin/keys', undefined)).body.keys).toEqual(kept.keys)
    expect((await send('POST', '/admin/keys/rewrap', '{}')).status).toBe(200)
  })

  test('create: more than it reads is 413, another content type 415', async () => {
    const large = await send('POST', '/admin/clients', client({ name: 'x'.repeat(70_000) }))
    expect([large.status, large.body.code]).toEqual([413, 'payload_too_large'])
    const form = await send('POST', '/admin/clients', 'name=x', { 'content-type': 'application/x-www-form-urlencoded' })
    expect([form.status, form.body.code]).toEqual([415, 'unsupported_media_type'])
  })

  test.each(['GET', 'PUT', 'DELETE'])('%s: an id that is none of ours is 404', async (method) => {
    for (const id of ['nobody', '%00', 'a%2Fb', 'x'.repeat(90), 'alice@example.com']) {
      const answer = await send(method, `/admin/clients/${id}`, method === 'PUT' ? client({}) : undefined)
      expect([id, answer.status, answer.body.code]).toEqual([id, 404, 'not_found'])
    }
  })
})

describe('sign-in, consent and sign-out', () => {
  async function open() {
    const browser = new Browser(deployment.issuer)
    const { url } = await begin(await discover(deployment.issuer, deployment.population.web), 'openid')
    return { browser, page: await browser.visit(url) }
  }
  const cookieOf = (browser: Browser) => [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const FORM = 'application/x-www-form-urlencoded'

  /** Refused with a page, and nobody is signed in or sent anywhere. */
  async function isRefused(
    path: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    status: number | RegExp,
  ) {
    const answer = await send('POST', path, body, { 'content-type': FORM, authorization: '', ...headers })
    expect(String(answer.status)).toMatch(status instanceof RegExp ? status : String(status))
    expect(answer.headers.get('location')).toBeNull()
    expect(answer.headers.getSetCookie().join()).not.toContain('session')
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
  }

  test('sign-in: a form that is not ours, not whole, too large or of another kind', async () => {
    const { browser, page } = await open()
    const { fields } = formOf(page)
    const { userName: username, password } = deployment.population.user
    const path = new URL(page.url).pathname + new URL(page.url).search
    const form = new URLSearchParams({ ...Object.fromEntries(fields), username, password }).toString()
    const cookie = { cookie: cookieOf(browser) }
    const same = { ...cookie, 'sec-fetch-site': 'same-origin' }
    await isRefused(path, form, {}, /^400$/)
    await isRefused(path, form, { ...cookie, 'sec-fetch-site': 'cross-site' }, /^403$/)
    await isRefused(path, form, { ...cookie, origin: 'https://evil.example' }, /^403$/)
    await isRefused(path, form.replace(/form_token=[^&]*/, 'form_token=x'), same, /^403$/)
    await isRefused(path, `${form}&username=mallory`, same, /^400$/)
    await isRefused(path, `${form}&password=x`, same, /^400$/)
    await isRefused(path, form.replace(/username=[^&]*/, 'username='), same, /^400$/)
    await isRefused(path, form.replace(/username=[^&]*/, `username=${'x'.repeat(5000)}`), same, /^400$/)
    await isRefused(path, form.replace(/username=[^&]*/, 'username=%00%ff'), same, /^40[01]$/)
    await isRefused(path, `${form}&x=${'x'.repeat(70_000)}`, same, /^413$/)
    await isRefused(
      path,
      JSON.stringify(Object.fromEntries(fields)),
      { ...same, 'content-type': 'application/json' },
      /^415$/,
    )
    await isRefused('/login', form, same, /^400$/)
    await isRefused('/login?interaction=x&interaction=y', form, same, /^400$/)
    await isRefused(`/login?interaction=${'x'.repeat(43)}`, form, same, /^400$/)
    const after = await browser.submit(page, { username, password })
    expect(after.url).toContain('/consent')
  })

  test('consent: another answer, other scopes, another browser, or nobody', async () => {
    const { browser, page: login } = await open()
    const { userName: username, password } = deployment.population.user
    const page = await browser.submit(login, { username, password })
    const path = new URL(page.url).pathname + new URL(page.url).search
    const form = new URLSearchParams({ ...Object.fromEntries(formOf(page).fields), answer: 'allow' })
    const changed = (name: string, value: string) => {
      const copy = new URLSearchParams(form)
      copy.set(name, value)
      return copy.toString()
    }
    const same = { cookie: cookieOf(browser), 'sec-fetch-site': 'same-origin' }
    await isRefused(path, changed('answer', 'perhaps'), same, /^400$/)
    await isRefused(path, changed('scope', 'openid admin'), same, /^403$/)
    await isRefused(path, changed('scope', ''), same, /^403$/)
    await isRefused(path, changed('form_token', 'x'), same, /^403$/)
    await isRefused(path, `${form}&answer=deny`, same, /^400$/)
    await isRefused(path, `${form}&scope=admin`, same, /^400$/)
    await isRefused(path, form.toString(), { ...same, 'sec-fetch-site': 'cross-site' }, /^403$/)
    await isRefused(path, form.toString(), { ...same, cookie: cookieOf((await open()).browser) }, /^400$/)
    await isRefused(path, form.toString(), { 'sec-fetch-site': 'same-origin' }, /^400$/)
    expect((await browser.submit(page, { answer: 'allow' })).left?.searchParams.has('code')).toBe(true)
    await isRefused('/logout', 'form_token=x', same, /^403$/)
    expect((await browser.visit((await open()).page.url)).status).toBe(400)
  })

  test.each(['/login', '/consent', '/oauth/authorize/resume'])('GET %s of no interaction is a page', async (path) => {
    for (const query of [
      '',
      '?interaction=',
      '?interaction=x',
      `?interaction=${'x'.repeat(43)}`,
      '?interaction=a&interaction=b',
    ]) {
      const page = await new Browser(deployment.issuer).visit(`${deployment.issuer}${path}${query}`)
      expect([query, page.status, page.left]).toEqual([query, 400, undefined])
    }
  })
})

describe("the policy service's Data API", () => {
  const ask = async (path: string, init: RequestInit = {}) => answerOf(await deployment.askPolicy(path, init))
  const question = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) =>
    ask('/v1/data/authz/token/decision', { method: 'POST', body, headers })

  test.each([
    ['half an object', '{"input":', {}, 400],
    ['a list', '[]', {}, 400],
    ['a text', '"x"', {}, 400],
    ['what is no JSON', '<xml/>', {}, 400],
    ['nesting without end', `{"input":${nested(1_000_000)}}`, {}, 400],
    ['nesting that JSON.parse takes', `{"input":${nested(3000)}}`, {}, 400],
    ['what only says that it is gzip', '{}', { 'content-encoding': 'gzip' }, 400],
    ['an unknown encoding', '{}', { 'content-encoding': 'br' }, 400],
    ['more than it reads', `{"input":"${'x'.repeat(3 * 1024 * 1024)}"}`, {}, 413],
    [
      'more than it reads, compressed',
      gzipSync(`{"input":"${'x'.repeat(20 * 1024 * 1024)}"}`),
      { 'content-encoding': 'gzip' },
      413,
    ],
  ])('%s', async (_what, body, headers, status) => {
    const answer = await question(body, headers)
    const code = status === 413 ? 'payload_too_large' : 'invalid_parameter'
    expect([answer.status, answer.body.code]).toEqual([status, code])
  })

  test.each([
    ['no body', ''],
    ['no input', '{}'],
    ['null', '{"input":null}'],
    ['a number', '{"input":7}'],
    ['numbers that no double holds', '{"input":{"a":1e400,"b":-1e-400,"c":123456789012345678901234567890}}'],
    ['the same key twice', '{"input":{"a":1,"a":2}}'],
    ['a key of the prototype', '{"input":{"__proto__":{"allow":true},"constructor":1}}'],
    ['half a surrogate pair', '{"input":"\\ud800"}'],
    ['bytes that are no UTF-8', Buffer.from([...Buffer.from('{"input":"'), 0xff, 0xfe, ...Buffer.from('"}')])],
    ['a byte order mark', '\ufeff{"input":{}}'],
  ])('%s is judged, and denied', async (_what, body) => {
    const { status, body: answer } = await question(body)
    if (status === 200) expect(answer.result).toMatchObject({ allow: false })
    else expect([status, answer.code]).toEqual([400, 'invalid_parameter'])
  })

  test('addresses: nothing there is undefined, a broken escape 400, another method no caller’s business', async () => {
    for (const path of [
      'nothing',
      'authz/token/decision/allow/deeper',
      '..%2f..',
      '%00',
      '__proto__',
      'x'.repeat(5000),
    ]) {
      const answer = await ask(`/v1/data/${path}`)
      expect([path, answer.status, answer.body.result]).toEqual([path, 200, undefined])
    }
    expect((await ask('/v1/data/%zz')).body).toMatchObject({ code: 'invalid_parameter' })
    expect((await ask('/v1/data/x?input={')).body).toMatchObject({ code: 'invalid_parameter' })
    for (const method of ['PUT', 'DELETE', 'PATCH']) expect((await ask('/v1/data/x', { method })).status).toBe(401)
    expect((await ask('/v2/data')).status).toBe(401)
  })

  test('emptying the cache is for nobody here, and takes a subject only', async () => {
    for (const body of ['', '{}', '[]', '{"subject":7}', '{"x":1}'])
      expect((await ask('/v1/cache/purge', { method: 'POST', body })).status).toBe(401)
  })
})
