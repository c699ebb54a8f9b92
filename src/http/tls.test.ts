/** TLS of the auth service's listener on real sockets: versions, suites, certificates that change while it serves. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  type Certificates,
  LOOPBACK_NAMES,
  makeCertificate,
  makeCertificates,
} from '../../test/servers/certificates.ts'
import { until } from '../../test/servers/until.ts'
import { ConfigError } from '../kernel/errors.ts'
import { createLogger } from '../observability/logger.ts'
import { createMetrics, type Metrics } from '../observability/metrics.ts'
import { alsoListen, buildServer, type ServerOptions } from './server.ts'
import { type ListenerTls, openTlsContext } from './tls.ts'

let folder: string
let made: Certificates
let files: ListenerTls
let metrics: Metrics
let lines: string[]
let server: ReturnType<typeof buildServer>
let options: ServerOptions
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'http-tls-'))
  made = await makeCertificates(folder)
  await makeCertificate(folder, 'renewed', { subject: '/CN=renewed', extensions: LOOPBACK_NAMES })
  await makeCertificate(folder, 'rsa', { subject: '/CN=rsa', extensions: LOOPBACK_NAMES, rsa: true })
})
beforeEach(async () => {
  files = { certFile: at('used.crt'), keyFile: at('used.key') }
  await use(made)
})
afterEach(() => server?.close())
afterAll(() => rm(folder, { recursive: true }))

/** Each by renaming, as certificate tools do. */
async function use({ certFile, keyFile }: { certFile: string; keyFile: string }): Promise<void> {
  await put(certFile, files.certFile)
  await put(keyFile, files.keyFile)
}

async function put(from: string, to: string): Promise<void> {
  await copyFile(from, `${to}.new`)
  await rename(`${to}.new`, to)
}

async function serve(over: Partial<ListenerTls> = {}): Promise<number> {
  metrics = createMetrics('auth')
  lines = []
  const logger = createLogger({ destination: { write: (line) => lines.push(line) } })
  options = {
    endpoints: [{ method: 'GET', path: '/', errors: 'problem', handler: async () => ({ status: 200, body: 'here' }) }],
    issuer: 'https://localhost',
    tenant: 'default',
    clock: { nowMs: () => 0 },
    trustedProxies: [],
    renderErrorPage: ({ status }) => ({ status }),
    onFailure: () => {},
    tls: openTlsContext({
      setting: 'auth.tls',
      listener: 'auth',
      files: { ...files, ...over },
      logger,
      metrics,
      lookEveryMs: 20,
    }),
  }
  server = buildServer(options)
  server.addHook('onClose', async () => options.tls?.close())
  await server.listen({ port: 0, host: '127.0.0.1' })
  return portOf()
}

function portOf(listener: { address(): unknown } = server.server): number {
  const address = listener.address()
  if (typeof address !== 'object' || address === null || !('port' in address)) throw new Error('it does not listen')
  return Number(address.port)
}

interface Shaken {
  readonly protocol: string | null
  readonly cipher: string
  readonly subject: string
}

const shake = (port: number, offer: ConnectionOptions = {}): Promise<Shaken> =>
  new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca: readFileSync(made.caFile), ...offer }, () => {
      const subject = String(socket.getPeerCertificate().subject.CN)
      resolve({ protocol: socket.getProtocol(), cipher: socket.getCipher().standardName, subject })
      socket.destroy()
    })
    socket.once('error', reject)
  })

const answer = (port: number, agent: Agent): Promise<number> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, agent, ca: readFileSync(made.caFile) }
    const outgoing = request(options, (response) =>
      response.resume().once('end', () => resolve(response.statusCode ?? 0)),
    )
    outgoing.once('error', reject).end()
  })

const counted = async (outcome: string): Promise<number> =>
  (await metrics.tlsReloads.get()).values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0

const OLD: ConnectionOptions = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }

test('speaks TLS 1.3 and nothing older by default (RFC 8446; FAPI 2.0 5.2.2)', async () => {
  const port = await serve()
  expect((await shake(port)).protocol).toBe('TLSv1.3')
  await expect(shake(port, OLD)).rejects.toThrow()
})

test('TLS 1.2 by switch, with ECDHE and AES-GCM alone (RFC 9325 4.2; FAPI 2.0 5.2.2)', async () => {
  await put(at('rsa.crt'), files.certFile)
  await put(at('rsa.key'), files.keyFile)
  const port = await serve({ minimumVersion: '1.2' })
  expect((await shake(port)).protocol).toBe('TLSv1.3')
  expect(await shake(port, OLD)).toMatchObject({
    protocol: 'TLSv1.2',
    cipher: expect.stringMatching(/^TLS_ECDHE_.*GCM/),
  })
  for (const ciphers of ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384'])
    expect((await shake(port, { ...OLD, ciphers })).protocol).toBe('TLSv1.2')
  const refused = [
    'AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-SHA256',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'DHE-RSA-AES128-GCM-SHA256',
  ]
  for (const ciphers of refused) await expect(shake(port, { ...OLD, ciphers }), ciphers).rejects.toThrow()
  await expect(shake(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).rejects.toThrow()
})

test('a renewed pair is served without a restart, and open connections go on', async () => {
  const port = await serve()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  expect(await answer(port, agent)).toBe(200)
  const [kept] = Object.values(agent.freeSockets).flat()
  await use({ certFile: at('renewed.crt'), keyFile: at('renewed.key') })
  await until(async () => (await shake(port)).subject === 'renewed', 'the renewed one is shown')
  expect(await answer(port, agent)).toBe(200)
  expect(Object.values(agent.freeSockets).flat()).toEqual([kept])
  expect(await counted('taken')).toBe(1)
  expect(await counted('refused')).toBe(0)
  const { values } = await metrics.tlsNotAfter.get()
  expect(values[0]?.value).toBeGreaterThan(Date.now() / 1000)
  agent.destroy()
})

test('a pair that does not fit keeps the old one, and the log and a metric say so', async () => {
  const port = await serve()
  await put(at('renewed.crt'), files.certFile)
  await until(async () => (await counted('refused')) === 1, 'one is refused')
  expect((await shake(port)).subject).toBe('localhost')
  const line = lines.find((text) => text.includes('cannot be used'))
  expect(line).toContain(files.keyFile)
  expect(line).toContain(files.certFile)
  expect(lines.join()).not.toContain('PRIVATE KEY')
  await put(at('renewed.key'), files.keyFile)
  await until(async () => (await shake(port)).subject === 'renewed', 'the renewed one is shown')
  expect(await counted('taken')).toBe(1)
})

test('a file that is gone for a moment changes nothing', async () => {
  const port = await serve()
  await rm(files.keyFile)
  await until(async () => (await counted('refused')) === 1, 'one is refused')
  expect((await shake(port)).subject).toBe('localhost')
  await put(made.keyFile, files.keyFile)
  await until(async () => (await counted('taken')) === 1, 'one is taken')
})

test('a further listener gets the new certificate too, and closes with the server', async () => {
  await serve()
  const other = alsoListen(server, options)
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const port = portOf(other)
  expect((await shake(port)).subject).toBe('localhost')
  await use({ certFile: at('renewed.crt'), keyFile: at('renewed.key') })
  await until(async () => (await shake(port)).subject === 'renewed', 'the renewed one is shown')
  const agent = new Agent()
  expect(await answer(port, agent)).toBe(200)
  await server.close()
  await expect(shake(port)).rejects.toThrow()
})

test.each([
  [
    'a certificate that is not there',
    { certFile: '/nowhere/a.crt' },
    /^auth\.tls\.cert_file: \/nowhere\/a\.crt cannot be read: ENOENT$/,
  ],
  [
    'a key that is not there',
    { keyFile: '/nowhere/a.key' },
    /^auth\.tls\.key_file: \/nowhere\/a\.key cannot be read: ENOENT$/,
  ],
  ['a certificate that is none', { certFile: 'text' }, /^auth\.tls\.cert_file: .*text holds no certificate in PEM$/],
  ['a key that is none', { keyFile: 'text' }, /^auth\.tls\.key_file: .*text holds no private key in PEM/],
  [
    'a key of another certificate',
    { keyFile: 'renewed.key' },
    /^auth\.tls: .*renewed\.key is not the key of .*used\.crt$/,
  ],
  [
    'an authority that is none',
    { clientCaFile: 'text' },
    /^auth\.tls\.client_ca_file: .*text holds no certificate in PEM$/,
  ],
])('does not start on %s, and names the file (ConfigError)', async (_case, over, message) => {
  await writeFile(at('text'), 'no PEM')
  const absolute = Object.fromEntries(
    Object.entries(over).map(([key, name]) => [key, name.startsWith('/') ? name : at(name)]),
  )
  const opening = serve(absolute)
  await expect(opening).rejects.toThrow(ConfigError)
  await expect(opening).rejects.toThrow(message)
})
