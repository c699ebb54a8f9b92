/** `http.send` beside OPA's own, asking the same real servers the same (OPA, "HTTP"). */
import type { RequestListener } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { certificatesOf, closedPort, listen, serve, serveTls } from '../../../egress/egress-fixture.ts'
import { bothSides } from './both-sides-fixture.ts'

const certificates = certificatesOf()
const sides = bothSides(() => {
  const { caFile, certFile, keyFile } = certificates().files
  return {
    files: [caFile, certFile, keyFile],
    variables: {
      TEST_CALLS_CA: certificates().ca,
      TEST_CALLS_CERT: certificates().cert,
      TEST_CALLS_KEY: certificates().key,
    },
  }
})

/** Says what it was asked; what depends on who asks is left out. */
const echo: RequestListener = async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const {
    host: _host,
    connection: _connection,
    referer: _referer,
    'user-agent': agent = '',
    ...others
  } = request.headers
  if (!/^(Open.Policy.Agent|Go-http|Sallyport)/.test(agent)) others['user-agent'] = agent
  const headers = Object.entries(others).toSorted()
  const seen = { method: request.method, url: request.url, headers, body: Buffer.concat(chunks).toString() }
  const peer = request.socket as TLSSocket
  const shown = 'getPeerCertificate' in peer ? peer.getPeerCertificate().subject?.CN : undefined
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ ...seen, shown, name: 'servername' in peer ? peer.servername : undefined }))
}

const typed =
  (body: string | Buffer, headers: Record<string, string | string[]>, status = 200, words?: string): RequestListener =>
  (_, response) =>
    response.writeHead(status, words, headers).end(body)

const ANSWERS: Readonly<Record<string, RequestListener>> = {
  '/json': typed('{"a": 1.50, "b": [9007199254740993, -0, 1e3], "c": "é\\u2028"}', {
    'content-type': 'application/json',
  }),
  '/json-charset': typed('[1]', { 'content-type': 'Application/JSON; charset="utf-8"' }),
  '/json-suffix': typed('[2]', { 'content-type': 'application/problem+json' }),
  '/json-bad-parameter': typed('[2]', { 'content-type': 'application/json; charset' }),
  '/json-text': typed('[3]', { 'content-type': 'text/json' }),
  '/json-broken': typed('{"a":', { 'content-type': 'application/json' }),
  '/json-more': typed('{"a":1} {"b":2}', { 'content-type': 'application/json' }),
  '/json-trailing': typed('[1]x', { 'content-type': 'application/json' }),
  '/json-empty': typed('', { 'content-type': 'application/json' }),
  '/json-null': typed('null', { 'content-type': 'application/json' }),
  '/json-string': typed('"é"', { 'content-type': 'application/json' }),
  '/json-bom': typed('\uFEFF{}', { 'content-type': 'application/json' }),
  '/json-duplicate': typed('{"a":1,"a":2}', { 'content-type': 'application/json' }),
  '/yaml': typed('a: 1\nb: [x, {c: true}]\n', { 'content-type': 'application/yaml' }),
  '/yaml-x': typed('- 1\n- 2\n', { 'content-type': 'application/x-yaml; charset=utf-8' }),
  '/yaml-text': typed('a: 1\n', { 'content-type': 'text/yaml' }),
  '/yaml-broken': typed('a: [\n', { 'content-type': 'application/yaml' }),
  '/text': typed('hello', { 'content-type': 'text/plain' }),
  '/no-type': typed('hello', {}),
  '/binary': typed(Buffer.from([0xff, 0xfe, 0x41, 0xe2, 0x82]), { 'content-type': 'application/octet-stream' }),
  '/headers': typed('', { 'X-Mixed-Case': 'Value', 'set-cookie': ['a=1', 'b=2'], 'x-empty': '' }),
  '/length': typed('12345', { 'content-length': '5' }),
  '/created': typed('', {}, 201, 'Made'),
  '/no-content': typed('', {}, 204),
  '/missing': typed('{"error":"none"}', { 'content-type': 'application/json' }, 404),
  '/failing': typed('oops', {}, 503),
  '/gzip': typed(gzipSync('{"z":1}'), { 'content-encoding': 'gzip', 'content-type': 'application/json' }),
  '/found': typed('', { location: '/json' }, 302),
  '/see-other': typed('', { location: '/echo' }, 303),
  '/temporary': typed('', { location: '/echo' }, 307),
  '/nowhere': typed('', {}, 302),
  '/loop': typed('', { location: '/loop' }, 302),
}
const answer: RequestListener = (request, response) => {
  const path = request.url?.split('?')[0] ?? ''
  return (ANSWERS[path] ?? echo)(request, response)
}

/** Of the connection, of the moment, and words of errors: they are each side's own. */
function settled(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? 'undefined', (key, member: unknown) =>
      ['date', 'connection', 'keep-alive', 'message'].includes(key) ? undefined : member,
    ),
  )
}

async function expectSame(input: unknown, rule = 'send'): Promise<unknown> {
  const { ours, theirs } = sides()
  const wanted = settled(await theirs.ask(rule, input))
  expect(settled(await ours.ask(rule, input)), JSON.stringify(input).slice(0, 300)).toEqual(wanted)
  return wanted
}

describe('http.send answers as OPA does', () => {
  it.each(Object.keys(ANSWERS).filter((path) => path !== '/loop'))('%s', async (path) => {
    const url = `http://127.0.0.1:${await serve(answer)}${path}`
    for (const more of [{}, { enable_redirect: true }, { force_json_decode: true }, { force_yaml_decode: true }]) {
      await expectSame({ method: 'get', url, ...more })
    }
  })

  const REQUESTS: readonly Readonly<Record<string, unknown>>[] = [
    { method: 'GET' },
    { method: 'post', body: { b: [1, 2.5, null], a: '<>&\u2028é' } },
    { method: 'PUT', body: 'text' },
    { method: 'patch', raw_body: 'as it is' },
    { method: 'post', raw_body: 'this one', body: { not: 'this' } },
    { method: 'post', raw_body: '"quoted"' },
    { method: 'post', body: null },
    { method: 'delete' },
    { method: 'options' },
    { method: 'purge' },
    { method: 'get', headers: { 'X-One': 'a', accept: 'text/plain', 'user-agent': 'mine' } },
    { method: 'get', headers: { 'content-length': '7', 'transfer-encoding': 'chunked', trailer: 'x' } },
    { method: 'post', body: 1, headers: { 'Content-Type': 'application/json' } },
    { method: 'get', headers: {} },
    { method: 'get', timeout: 2_000_000_000 },
    { method: 'get', timeout: '2s' },
    { method: 'get', timeout: '2000000000' },
    { method: 'get', timeout: 0 },
    { method: 'get', enable_redirect: 1, tls_insecure_skip_verify: 0 },
    { method: 'get', max_retry_attempts: 3, caching_mode: 'deserialized', cache: true },
    { method: 'get', tls_client_cert: 'unused', tls_server_name: '' },
  ]
  it.each(REQUESTS.map((request) => [JSON.stringify(request), request] as const))('asking %s', async (_, request) => {
    const url = `http://127.0.0.1:${await serve(echo)}/echo?a=b&c=%20d`
    await expectSame({ url, ...request })
  })

  it('with user and password in the address', async () => {
    await expectSame({ method: 'get', url: `http://us%65r:p%40ss@127.0.0.1:${await serve(echo)}/` })
  })

  it('with an encoding that the policy asks for itself', async () => {
    const url = `http://127.0.0.1:${await serve(answer)}/gzip`
    await expectSame({ method: 'get', url, headers: { 'accept-encoding': 'gzip' } })
    await expectSame({ method: 'get', url: url.replace('gzip', 'echo'), headers: { 'accept-encoding': 'identity' } })
  })

  it('across redirects on one origin, credentials and body included', async () => {
    const origin = `http://127.0.0.1:${await serve(answer)}`
    const headers = { authorization: 'Bearer t', 'x-key': 'k', 'content-type': 'text/plain' }
    for (const path of ['/found', '/see-other', '/temporary']) {
      await expectSame({ method: 'post', url: origin + path, enable_redirect: true, headers, raw_body: 'sent' })
    }
  })

  it('twice in one decision, asking once', async () => {
    let asked = 0
    const port = await serve((_, response) => response.end(String(asked++)))
    const request = { method: 'get', url: `http://127.0.0.1:${port}/`, headers: { a: '1' } }
    const ignored = { ...request, headers: { a: '2', b: '3' }, cache_ignored_headers: ['a', 'b'] }
    const also = { ...request, headers: { a: '4', b: '5' }, cache_ignored_headers: ['b', 'a'] }
    const { ours, theirs } = sides()
    const bodies = async (side: typeof ours) => {
      asked = 0
      const answers = (await side.ask('twice', [request, request, ignored, also])) as { raw_body: string }[]
      return { asked, bodies: answers.map(({ raw_body }) => raw_body) }
    }
    expect(await bodies(ours)).toEqual(await bodies(theirs))
  })
})

const FAULTS: readonly Readonly<Record<string, unknown>>[] = [
  { foo: 1 },
  { method: 1 },
  { url: null },
  { raw_body: {} },
  { headers: [] },
  { headers: { a: 1 } },
  { headers: { a: null } },
  { headers: { 'a b': '1' } },
  { headers: { a: '1\r\nb: 2' } },
  { enable_redirect: 'true' },
  { tls_insecure_skip_verify: 2 },
  { tls_use_system_certs: 'yes' },
  { force_json_decode: 1 },
  { force_yaml_decode: 'x' },
  { cache: 'true' },
  { force_cache: 1 },
  { force_cache: true },
  { force_cache: true, force_cache_duration_seconds: '60' },
  { force_cache: true, force_cache_duration_seconds: 1.5 },
  { timeout: 'soon' },
  { timeout: '' },
  { timeout: '1d' },
  { timeout: 1.5 },
  { timeout: [] },
  { max_retry_attempts: -1 },
  { max_retry_attempts: '1' },
  { cache_ignored_headers: 'a', headers: { a: '1' } },
  { cache_ignored_headers: [1], headers: { a: '1' } },
  { tls_ca_cert: 'no certificate' },
  { tls_client_cert: 'x', tls_client_key: 'y' },
  { tls_ca_cert_file: '/nowhere/ca.pem' },
  { tls_ca_cert_env_variable: 'TEST_CALLS_NOT_SET' },
  { tls_client_cert_env_variable: 'TEST_CALLS_NOT_SET', tls_client_key_env_variable: 'TEST_CALLS_NOT_SET' },
  { method: 'g t' },
  { url: 'http://[::1' },
  { url: 'http://127.0.0.1:x/' },
  { url: 'nothing' },
  { url: '' },
  { url: 'ftp://127.0.0.1/' },
]

describe('http.send fails as OPA does', () => {
  it.each(FAULTS.map((fault) => [JSON.stringify(fault), fault] as const))('with %s', async (_, fault) => {
    const url = `http://127.0.0.1:${await serve(echo)}/`
    expect(await expectSame({ method: 'get', url, ...fault })).toBe('undefined')
    expect(await expectSame({ method: 'get', url, ...fault, raise_error: false })).toMatchObject({ status_code: 0 })
  })

  it('without method or address, and with a raise_error that is none', async () => {
    for (const raise_error of [true, false]) {
      await expectSame({ url: 'http://127.0.0.1/', raise_error })
      await expectSame({ method: 'get', raise_error })
    }
    await expectSame({ method: 'get', url: 'http://127.0.0.1/', raise_error: 'no' })
    await expectSame('get')
  })

  it('where nobody listens, answers, or goes on, with the code of OPA', async () => {
    const urls = {
      refused: `http://127.0.0.1:${await closedPort()}/`,
      closed: `http://127.0.0.1:${await listen(createTcpServer((socket) => socket.destroy()))}/`,
      foreign: `http://127.0.0.1:${await listen(createTcpServer((socket) => socket.end('220 hello\r\n\r\n')))}/`,
      silent: `http://127.0.0.1:${await serve(() => {})}/`,
      cut: `http://127.0.0.1:${await serve((_, response) => {
        response.writeHead(200, { 'content-length': 9 }).write('abc', () => response.destroy())
      })}/`,
      slow: `http://127.0.0.1:${await serve((_, response) => response.writeHead(200).write('a'))}/`,
      plain: `https://127.0.0.1:${await serve(echo)}/`,
      untrusted: `https://localhost:${await serveTls(certificates(), echo)}/`,
    }
    for (const [name, url] of Object.entries(urls)) {
      const answer = await expectSame({ method: 'get', url, timeout: '300ms', raise_error: false })
      const code = name === 'cut' || name === 'slow' ? 'eval_http_send_internal_error' : 'eval_http_send_network_error'
      expect(answer, name).toEqual({ status_code: 0, error: { code } })
    }
  })

  it('after as many attempts as it may make', async () => {
    const { ours, theirs } = sides()
    for (const max_retry_attempts of [0, 1, 2]) {
      let asked = 0
      const port = await listen(
        createTcpServer((socket) => {
          socket.once('data', () => {
            if (asked++ < 2) socket.destroy()
            else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok')
          })
        }),
      )
      const outcome = async (side: typeof ours) => {
        asked = 0
        const request = { method: 'get', url: `http://127.0.0.1:${port}/`, max_retry_attempts, raise_error: false }
        const { status_code } = (await side.ask('send', request)) as { status_code: number }
        return { asked, status_code }
      }
      expect(await outcome(ours)).toEqual(await outcome(theirs))
    }
  })
})

describe('TLS of http.send', () => {
  const files = () => certificates().files
  const CASES: Readonly<Record<string, () => Readonly<Record<string, unknown>>>> = {
    'no authority': () => ({}),
    'the authority in the request': () => ({ tls_ca_cert: certificates().ca }),
    'the authority with escaped line ends': () => ({ tls_ca_cert: certificates().ca.replaceAll('\n', '\\n') }),
    'the authority from a file': () => ({ tls_ca_cert_file: files().caFile }),
    'the authority from a variable': () => ({ tls_ca_cert_env_variable: 'TEST_CALLS_CA' }),
    'the system and the authority': () => ({ tls_use_system_certs: true, tls_ca_cert: certificates().ca }),
    'the system alone': () => ({ tls_use_system_certs: true }),
    'no verification': () => ({ tls_insecure_skip_verify: true }),
    'another name': () => ({ tls_ca_cert: certificates().ca, tls_server_name: 'other.example' }),
    'its own name': () => ({ tls_ca_cert: certificates().ca, tls_server_name: 'localhost' }),
    'the name of the Host header': () => ({ tls_ca_cert: certificates().ca, headers: { host: 'localhost' } }),
    'a wrong Host header': () => ({ tls_ca_cert: certificates().ca, headers: { Host: 'other.example' } }),
    'a client certificate': () => ({
      tls_ca_cert: certificates().ca,
      tls_client_cert: certificates().cert,
      tls_client_key: certificates().key,
    }),
    'a client certificate from files': () => ({
      tls_ca_cert_file: files().caFile,
      tls_client_cert_file: files().certFile,
      tls_client_key_file: files().keyFile,
    }),
    'a client certificate from variables': () => ({
      tls_ca_cert: certificates().ca,
      tls_client_cert_env_variable: 'TEST_CALLS_CERT',
      tls_client_key_env_variable: 'TEST_CALLS_KEY',
    }),
    'a client certificate without its key': () => ({
      tls_ca_cert: certificates().ca,
      tls_client_cert: certificates().cert,
    }),
    'a key that does not fit': () => ({
      tls_ca_cert: certificates().ca,
      tls_client_cert: certificates().ca,
      tls_client_key: certificates().key,
    }),
  }
  it.each(Object.keys(CASES))('with %s is as OPA has it', async (name) => {
    const options = { requestCert: true, rejectUnauthorized: false, ca: certificates().ca }
    const open = await serveTls(certificates(), echo, options)
    const strict = await serveTls(certificates(), echo, { ...options, rejectUnauthorized: true })
    for (const port of [open, strict]) {
      for (const host of ['localhost', '127.0.0.1']) {
        const url = `https://${host}:${port}/`
        await expectSame({ method: 'get', url, raise_error: false, timeout: '5s', ...CASES[name]?.() })
      }
    }
  })
})
