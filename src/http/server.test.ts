import { request as send } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { OAuthError, PolicyUnavailable, Problem, ScimError } from '../kernel/errors.ts'
import type { HttpRequest, Reply } from './message.ts'
import { buildServer, type Endpoint, type ServerOptions } from './server.ts'

type Server = ReturnType<typeof buildServer>
const open: Server[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

const failures: unknown[] = []

function serverWith(handler: Endpoint['handler'], options: Partial<ServerOptions> = {}, row: Partial<Endpoint> = {}) {
  const server = buildServer({
    endpoints: [{ method: 'POST', path: '/here/:id', errors: 'oauth', handler, ...row }],
    issuer: 'http://localhost:1',
    tenant: 'default',
    clock: { nowMs: () => 0 },
    trustedProxies: [],
    renderErrorPage: ({ status, code }) => ({ status, headers: { 'content-type': 'text/html' }, body: `<p>${code}` }),
    onFailure: (error) => failures.push(error),
    ...options,
  })
  open.push(server)
  return server
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const post = (server: Server, payload = '', headers: Record<string, string> = FORM, url = '/here/1') =>
  server.inject({ method: 'POST', url, payload, headers })
const echo = async (request: HttpRequest): Promise<Reply> => ({
  status: 200,
  body: { ...request.route, form: request.form.get('a'), query: request.query.get('a'), cookie: request.cookies.c },
})

test('parses route, form, query and cookies apart, each once (RFC 6749 3.2)', async () => {
  const answer = await post(serverWith(echo), 'a=form', { ...FORM, cookie: 'c=1; d=2' }, '/here/x%2Fy?a=query')
  expect(answer.json()).toEqual({ id: 'x/y', form: 'form', query: 'query', cookie: '1' })
})

/** As no client of ours would write it. */
const rawly = (to: string, target: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(to)
    const asked = send({ hostname, port, method: 'POST', path: target }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode))
    })
    asked.on('error', reject).end()
  })

test.each([
  ['/oauth/token', ['/oauth/token', '/oauth/token?a=%74'], ['/oauth/%74oken', '/oauth/token?a#b']],
  ['/here/:id/keys', ['/here/a%7Eb/keys', '/here/1/keys?a'], ['/%68ere/1/keys', '/here/1/key%73', '/here/1/keys?a#b']],
])('%s is reached by its own spelling only (RFC 9112 3.2; checklist 20)', async (path, taken, refused) => {
  const seen: string[] = []
  const handler = async (request: HttpRequest): Promise<Reply> => {
    seen.push(request.path)
    return { status: 200 }
  }
  const to = await serverWith(handler, {}, { path }).listen({ port: 0, host: '127.0.0.1' })
  const plain = path.replace(':id', '1')
  for (const target of taken) expect([target, await rawly(to, target)]).toEqual([target, 200])
  expect(seen).toEqual(taken.map((target) => target.split('?')[0]))
  for (const target of [...refused, `http://evil.example${plain}`, `https://evil.example${plain}`, `${plain}#a`])
    expect([target, await rawly(to, target)]).toEqual([target, 400])
  for (const target of [`//evil.example${plain}`, `/${plain}`, `${plain}/`, `${plain};a`, plain.toUpperCase()])
    expect([target, [400, 404].includes(Number(await rawly(to, target)))]).toEqual([target, true])
  expect(seen).toHaveLength(taken.length)
})

test.each([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
  ['image/avif,image/webp,*/*;q=0.8', 'application/problem+json'],
  ['application/json, text/html', 'application/problem+json'],
  ['*/*', 'application/problem+json'],
])('an address that is none answers %s in %s (RFC 9110 12.5.1)', async (accept, contentType) => {
  const answer = await serverWith(echo).inject({ method: 'GET', url: '/nothing', headers: { accept } })
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([404, expect.stringContaining(contentType)])
})

test('makes the request id itself (docs/request-flow.md)', async () => {
  let seen = ''
  const server = serverWith(async (request) => {
    seen = request.id
    return { status: 200 }
  })
  const answer = await post(server, '', { ...FORM, 'request-id': 'mine', 'x-request-id': 'mine' })
  expect(answer.headers['sallyport-request-id']).toBe(seen)
  expect(seen).toMatch(/^[0-9a-f-]{36}$/)
})

test('HSTS where the issuer is https, and only there (RFC 6797 7.2)', async () => {
  expect((await post(serverWith(echo))).headers['strict-transport-security']).toBeUndefined()
  const secure = serverWith(echo, { issuer: 'https://id.example' })
  expect((await post(secure)).headers['strict-transport-security']).toContain('max-age=')
})

test('what nobody foresaw is server_error, its text stays here', async () => {
  const server = serverWith(() => Promise.reject(new Error('canary')))
  const answer = await post(server)
  expect([answer.statusCode, answer.json().error]).toEqual([500, 'server_error'])
  expect(answer.payload).not.toContain('canary')
  expect(failures.pop()).toMatchObject({ message: 'canary' })
})

test('a thrown text is an error like others', async () => {
  const answer = await post(serverWith(() => Promise.reject('canary')))
  expect([answer.statusCode, answer.json().error]).toEqual([500, 'server_error'])
  expect(failures.pop()).toBe('canary')
})

test.each([
  ['oauth', 'application/json', 'temporarily_unavailable'],
  ['bearer', 'application/json', 'temporarily_unavailable'],
  ['scim', 'application/scim+json', 'urn:ietf:params:scim:api:messages:2.0:Error'],
  ['problem', 'application/problem+json', 'unavailable'],
  ['page', 'text/html', 'temporarily_unavailable'],
] as const)('unavailable is 503 with Retry-After for %s', async (errors, type, text) => {
  const server = serverWith(() => Promise.reject(new PolicyUnavailable('trap', 'token')), {}, { errors })
  const answer = await post(server, undefined, {})
  expect(answer.statusCode).toBe(503)
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  expect(answer.headers['content-type']).toContain(type)
  expect(answer.payload).toContain(text)
})

test('a challenge names no error where no token was sent, and no caller text ever (RFC 6750 3.1)', async () => {
  const failing = serverWith(
    () => Promise.reject(new OAuthError('invalid_token', { detail: 'said "so"' })),
    {},
    { errors: 'bearer' },
  )
  expect((await post(failing)).headers['www-authenticate']).toMatch(
    /^Bearer realm="sallyport", DPoP realm="sallyport", algs="ES256 [^"]+"$/,
  )
  const sent = await post(failing, '', { ...FORM, authorization: 'Bearer x' })
  expect(sent.headers['www-authenticate']).toMatch(
    /^Bearer realm="sallyport", error="invalid_token", error_description="[^"]+", DPoP realm="sallyport", algs="[^"]+"$/,
  )
  const otherwise = await post(failing, '', { ...FORM, authorization: 'Basic eDp5' })
  expect(otherwise.headers['www-authenticate']).not.toContain('error=')
  const proof = await post(failing, '', { ...FORM, authorization: 'DPoP x' })
  expect(proof.headers['www-authenticate']).toMatch(
    /^DPoP realm="sallyport", algs="[^"]+", error="invalid_token".*, Bearer realm="sallyport"$/,
  )
})

test('a token that is sent twice is challenged too, and told as what it is (RFC 6750 3.1)', async () => {
  const twice = serverWith(() => Promise.reject(new OAuthError('invalid_request')), {}, { errors: 'bearer' })
  const answer = await post(twice, '', { ...FORM, authorization: 'Bearer x' })
  expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([
    400,
    expect.stringContaining('error="invalid_request"'),
  ])
})

test.each([
  ['problem', new Problem('forbidden')],
  ['scim', new ScimError('forbidden')],
] as const)('403 of %s is challenged where a token was sent (RFC 6750 3)', async (errors, error) => {
  const failing = serverWith(() => Promise.reject(error), {}, { errors })
  for (const scheme of ['Bearer', 'DPoP']) {
    const answer = await post(failing, undefined, { authorization: `${scheme} x` })
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([
      403,
      expect.stringMatching(new RegExp(`^${scheme} [^,]+.*, error="insufficient_scope"`)),
    ])
  }
  expect((await post(failing, undefined, {})).headers['www-authenticate']).toBeUndefined()
})

test.each(['invalid_dpop_proof', 'use_dpop_nonce'] as const)(
  '%s is 401 at a resource, and 400 at the token endpoint (RFC 9449 5, 7.1, 8, 9)',
  async (code) => {
    const fail = () => Promise.reject(new OAuthError(code))
    expect((await post(serverWith(fail))).statusCode).toBe(400)
    for (const errors of ['bearer', 'scim', 'problem'] as const) {
      const answer = await post(serverWith(fail, {}, { errors }), undefined, { authorization: 'DPoP x' })
      expect(answer.statusCode).toBe(401)
      expect(answer.headers['www-authenticate']).toContain(`error="${code}"`)
    }
  },
)

test('headers of the request’s answer are on errors too', async () => {
  const answerHeaders = () => ({ 'sallyport-revision': 'r1' })
  const fine = await post(serverWith(echo, { answerHeaders }))
  const wrong = await post(serverWith(() => Promise.reject(new OAuthError('invalid_scope')), { answerHeaders }))
  for (const { headers } of [fine, wrong]) expect(headers['sallyport-revision']).toBe('r1')
})

test('believes X-Forwarded-For of trusted proxies only (checklist 50)', async () => {
  const address = async (request: HttpRequest): Promise<Reply> => ({ status: 200, body: request.origin.address })
  const headers = { ...FORM, 'x-forwarded-for': '198.51.100.7' }
  expect((await post(serverWith(address), '', headers)).payload).toBe('127.0.0.1')
  expect((await post(serverWith(address, { trustedProxies: ['127.0.0.1'] }), '', headers)).payload).toBe('198.51.100.7')
})

test('no number of headers pushes out what a trusted proxy wrote (checklist 50, checklist 52)', async () => {
  const address = async (request: HttpRequest): Promise<Reply> => ({ status: 200, body: request.origin.address })
  const server = serverWith(address, { trustedProxies: ['127.0.0.1'] }, { method: 'GET' })
  const to = await server.listen({ port: 0, host: '127.0.0.1' })
  const ask = async (junk: number) => {
    const headers = Object.fromEntries(Array.from({ length: junk }, (_, index) => [`x${index}`, '1']))
    const answer = await fetch(`${to}/here/1`, { headers: { ...headers, 'x-forwarded-for': '198.51.100.7' } })
    return [answer.status, await answer.text()]
  }
  expect(await ask(80)).toEqual([200, '198.51.100.7'])
  for (const junk of [100, 500, 2100]) expect((await ask(junk))[0]).toBe(431)
})

test('a compressed body is refused, not inflated (checklist 52)', async () => {
  const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024, 'a=b&'))
  for (const [errors, type, status] of [
    ['oauth', 'application/x-www-form-urlencoded', 415],
    ['bearer', 'application/x-www-form-urlencoded', 415],
    ['page', 'application/x-www-form-urlencoded', 415],
    ['problem', 'application/json', 415],
    ['scim', 'application/scim+json', 415],
  ] as const) {
    const server = serverWith(echo, {}, { errors })
    for (const coding of ['gzip', 'br', 'gzip, gzip']) {
      const headers = { 'content-type': type, 'content-encoding': coding }
      const answer = await server.inject({ method: 'POST', url: '/here/1', headers, payload: bomb })
      expect([errors, answer.statusCode]).toEqual([errors, status])
      if (errors === 'oauth') expect(answer.json()).toMatchObject({ error: 'invalid_request' })
    }
  }
})

test('a body that is nested without end is read or refused, and never an error of ours (checklist 52)', async () => {
  const server = serverWith(async ({ json }) => ({ status: 200, body: typeof json }), {}, { errors: 'problem' })
  for (const text of [
    '['.repeat(30_000),
    '['.repeat(30_000) + ']'.repeat(30_000),
    `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`,
  ]) {
    const answer = await server.inject({
      method: 'POST',
      url: '/here/1',
      headers: { 'content-type': 'application/json' },
      payload: text,
    })
    expect(answer.statusCode).toBe(400)
  }
  const fits = `${'{"a":'.repeat(32)}"[[[{{{\\"[[["${'}'.repeat(32)}`
  const answer = await server.inject({
    method: 'POST',
    url: '/here/1',
    headers: { 'content-type': 'application/json' },
    payload: fits,
  })
  expect(answer.payload).toBe('object')
})

test('a head or body that never comes whole ends its connection (checklist 52)', async () => {
  const server = serverWith(echo, { requestTimeoutMs: 200 })
  await server.listen({ port: 0, host: '127.0.0.1' })
  const address = server.server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const slow = (sent: string) =>
    new Promise<string>((resolve, reject) => {
      let said = ''
      const socket = connect(port, '127.0.0.1', () => socket.write(sent))
      socket.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      socket.once('close', () => resolve(said))
      socket.once('error', reject)
    })
  const head = 'POST /here/1 HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n'
  const ended = await Promise.all([slow(head), slow(`${head}content-length: 10\r\n\r\na=`)])
  for (const said of ended) expect(said).toMatch(/^HTTP\/1\.1 408 /)
})

test.each([
  ['no header', 'a line without a colon'],
  ['a length that is none', 'content-length: x'],
])('what is no request reads an OAuth error and ends its connection: %s (RFC 9112 3)', async (_what, line) => {
  const server = serverWith(echo, { issuer: 'https://id.example' })
  await server.listen({ port: 0, host: '127.0.0.1' })
  const { port } = server.server.address() as AddressInfo
  const said = await new Promise<string>((resolve, reject) => {
    let read = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET / HTTP/1.1\r\nhost: a\r\n${line}\r\n\r\n`))
    socket.setEncoding('utf8').on('data', (text: string) => {
      read += text
    })
    socket.once('close', () => resolve(read))
    socket.once('error', reject)
  })
  expect(said).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncache-control: no-store\r\n/)
  for (const header of ['sallyport-request-id: ', 'strict-transport-security: ']) expect(said).toContain(header)
  expect(said).toMatch(/\r\n\r\n\{"error":"invalid_request","error_description":"[^"]+"\}$/)
})

test('limits bodies and headers (checklist 52)', async () => {
  const server = serverWith(echo, { bodyLimitBytes: 100, headerLimitBytes: 4096 })
  expect((await post(server, `a=${'x'.repeat(200)}`)).statusCode).toBe(413)
  const address = await server.listen({ port: 0, host: '127.0.0.1' })
  const big = await fetch(`${address}/here/1`, { method: 'POST', headers: { ...FORM, 'x-big': 'x'.repeat(8000) } })
  expect([big.status, await big.json()]).toEqual([431, expect.objectContaining({ error: 'invalid_request' })])
  expect(big.headers.get('cache-control')).toBe('no-store')
  expect(big.headers.get('sallyport-request-id')).toMatch(/^[0-9a-f-]{36}$/)
})
