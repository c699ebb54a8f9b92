/** Client certificates: what is read of them, whom they come from, and who vouches for them. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { Agent, request as secureRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { makeAuthority, makeCertificate, makeCertificates } from '../../test/servers/certificates.ts'
import { createLogger } from '../observability/logger.ts'
import { createMetrics } from '../observability/metrics.ts'
import { isVouchedFor } from './certificate-chain.ts'
import { type CertificateFormat, readCertificateHeader } from './certificate-header.ts'
import { alternativeNames, describeCertificate } from './client-certificate.ts'
import type { HttpRequest, Reply } from './message.ts'
import { buildServer, type ServerOptions } from './server.ts'
import { openTransport, type Transport, type TransportOptions } from './transport.ts'

let folder: string
const at = (name: string) => join(folder, name)
const certificate = (name: string) => new X509Certificate(readFileSync(at(`${name}.crt`)))
const CLIENT = 'extendedKeyUsage=clientAuth'
const authority = (more = '') => `basicConstraints=critical,CA:TRUE${more}\nkeyUsage=critical,keyCertSign`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'client-certificate-'))
  await makeCertificates(folder)
  await makeAuthority(folder, 'other', '/CN=Other CA')
  await makeAuthority(folder, 'self', '/CN=self')
  const names = 'subjectAltName=DNS:a.example,URI:spiffe://x/y,IP:10.0.0.1,IP:2001:db8::1,email:x@y.example'
  await makeCertificate(folder, 'client', { subject: '/C=DE/O=Ex, ample/CN=client', extensions: `${CLIENT}\n${names}` })
  await makeCertificate(folder, 'forged', { subject: '/C=DE/O=Ex, ample/CN=client', extensions: CLIENT, ca: 'other' })
  await makeCertificate(folder, 'server', { subject: '/CN=server', extensions: 'extendedKeyUsage=serverAuth' })
  await makeCertificate(folder, 'middle', { subject: '/CN=Middle', extensions: authority() })
  await makeCertificate(folder, 'below', { subject: '/CN=below', ca: 'middle' })
  await makeCertificate(folder, 'last', { subject: '/CN=Last', extensions: authority(',pathlen:0') })
  await makeCertificate(folder, 'beyond', { subject: '/CN=Beyond', extensions: authority(), ca: 'last' })
  await makeCertificate(folder, 'too-deep', { subject: '/CN=too-deep', ca: 'beyond' })
  await makeCertificate(folder, 'fits', { subject: '/CN=fits', ca: 'last' })
  await makeCertificate(folder, 'not-ca', { subject: '/CN=not-ca' })
  await makeCertificate(folder, 'by-client', { subject: '/CN=by-client', ca: 'not-ca' })
  const constrained = `${authority()}\nnameConstraints=permitted;DNS:a.example`
  await makeCertificate(folder, 'constrained', { subject: '/CN=Constrained', extensions: constrained })
  await makeCertificate(folder, 'within', { subject: '/CN=within', ca: 'constrained' })
})
afterAll(() => rm(folder, { recursive: true }))

test('reads thumbprint, subject as RFC 4514 has it, and alternative names (RFC 8705 2.1.2 and 3.1)', () => {
  const read = describeCertificate(certificate('client'), true)
  expect(read.thumbprint).toBe(
    Buffer.from(certificate('client').fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
  )
  expect(read).toMatchObject({
    subject: 'CN=client,O=Ex\\, ample,C=DE',
    names: { dns: ['a.example'], uri: ['spiffe://x/y'], ip: ['10.0.0.1', '2001:db8::1'], email: ['x@y.example'] },
  })
  expect(read.validToMs).toBeGreaterThan(Date.now())
})

test('no name can pretend to be several (CVE-2021-44532)', () => {
  expect(
    alternativeNames('DNS:"evil.example\\u002c DNS:a.example", URI:https://h/x, DirName:"CN=d\\u002c DNS:b.example"'),
  ).toEqual({
    dns: ['evil.example, DNS:a.example'],
    uri: ['https://h/x'],
    ip: [],
    email: [],
  })
})

test.each<[string, string, string[], string[], boolean]>([
  ['one of its own', 'client', ['ca'], [], true],
  ['one whose authority came along', 'below', ['ca'], ['middle'], true],
  ['one whose authority is trusted for itself', 'below', ['middle'], [], true],
  ['one below an authority that may have none below it', 'fits', ['ca'], ['last'], true],
  ['nobody where there is no authority', 'client', [], [], false],
  ['one of another authority with the same name', 'forged', ['ca'], ['other'], false],
  ['one that signed itself', 'self', ['ca'], ['self'], false],
  ['one made for servers (RFC 5280 4.2.1.12)', 'server', ['ca'], [], false],
  ['one whose authority is missing', 'below', ['ca'], [], false],
  ['one signed by what is no authority (RFC 5280 4.2.1.9)', 'by-client', ['ca'], ['not-ca'], false],
  ['one too deep (RFC 5280 4.2.1.9)', 'too-deep', ['ca'], ['last', 'beyond'], false],
  ['one below name constraints, which are not evaluated (RFC 5280 4.2.1.10)', 'within', ['ca'], ['constrained'], false],
])('an authority vouches for %s', (_case, name, trusted, further, vouched) => {
  const [authorities, along] = [trusted.map(certificate), further.map(certificate)]
  expect(isVouchedFor(certificate(name), along, authorities, Date.now())).toBe(vouched)
})

test('nobody vouches for a certificate out of its time', () => {
  const week = 7 * 24 * 3600 * 1000
  for (const nowMs of [Date.now() - week, Date.now() + week])
    expect(isVouchedFor(certificate('client'), [], [certificate('ca')], nowMs)).toBe(false)
})

const pem = (name: string) => readFileSync(at(`${name}.crt`), 'utf8')
const bytes = (name: string) => `:${certificate(name).raw.toString('base64')}:`
const escaped = (name: string) => encodeURIComponent(pem(name))
const shown: Readonly<Record<CertificateFormat, (name: string) => Record<string, string>>> = {
  rfc9440: (name) => ({ 'client-cert': bytes(name) }),
  nginx: (name) => ({ 'x-ssl-cert': escaped(name) }),
  envoy: (name) => ({
    'x-forwarded-client-cert': `By=spiffe://front;Cert="${escaped('server')}",Hash=ab12;Subject="CN=a,b;c=\\"d\\"";Cert="${escaped(name)}";URI=`,
  }),
}
const FORMATS = Object.keys(shown) as CertificateFormat[]

test('reads the chain that came along (RFC 9440 2.3; Envoy)', () => {
  const rfc9440 = { 'client-cert': bytes('below'), 'client-cert-chain': `${bytes('middle')}, ${bytes('last')}` }
  expect(readCertificateHeader('rfc9440', 'client-cert', rfc9440)?.further.map(({ subject }) => subject)).toEqual([
    'CN=Middle',
    'CN=Last',
  ])
  const envoy = {
    'x-forwarded-client-cert': `Cert="${escaped('below')}";Chain="${encodeURIComponent(pem('below') + pem('middle'))}"`,
  }
  expect(readCertificateHeader('envoy', 'x-forwarded-client-cert', envoy)?.further.at(-1)?.subject).toBe('CN=Middle')
})

interface Seen {
  readonly subject?: string
  readonly verified?: boolean
}

let server: ReturnType<typeof buildServer> | undefined
let transport: Transport | undefined
let lines: string[]
afterEach(async () => {
  await server?.close()
  transport?.close()
})

async function serve(over: Partial<TransportOptions>): Promise<number> {
  lines = []
  const clock = { nowMs: () => Date.now() }
  const networks = over.trustedProxies ?? []
  transport = openTransport({
    trustedProxies: networks,
    clock,
    logger: createLogger({ destination: { write: (line) => lines.push(line) } }),
    metrics: createMetrics('auth'),
    ...over,
  })
  const tell = async ({ clientCertificate }: HttpRequest): Promise<Reply> => {
    const { subject, verified } = clientCertificate ?? {}
    return { status: 200, body: { subject, verified } }
  }
  const options: ServerOptions = {
    endpoints: [{ method: 'GET', path: '/', errors: 'problem', handler: tell }],
    issuer: 'https://localhost',
    tenant: 'default',
    clock,
    tls: transport.tls,
    certificates: transport.certificates,
    trustedProxies: networks,
    renderErrorPage: ({ status }) => ({ status }),
    onFailure: () => {},
  }
  server = buildServer(options)
  await server.listen({ port: 0, host: '127.0.0.1' })
  const address = server.server.address()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

const OURS = () => ({ tls: { certFile: at('tls.crt'), keyFile: at('tls.key') } })

function ask(port: number, client?: string, headers: Record<string, string> = {}, agent = new Agent()): Promise<Seen> {
  const pair =
    client === undefined ? {} : { cert: readFileSync(at(`${client}.crt`)), key: readFileSync(at(`${client}.key`)) }
  return new Promise((resolve, reject) => {
    const to = { host: '127.0.0.1', port, agent, headers, ca: readFileSync(at('ca.crt')), ...pair }
    const outgoing = secureRequest(to, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.once('end', () => resolve(JSON.parse(text)))
    })
    outgoing.once('error', reject).end()
  })
}

test('over TLS a certificate is asked for, not needed, and verified against our authority alone (RFC 8705 2)', async () => {
  const port = await serve({ ...OURS(), mtls: { from: 'tls', caFile: at('ca.crt') } })
  const subject = 'CN=client,O=Ex\\, ample,C=DE'
  expect(await ask(port, 'client')).toEqual({ subject, verified: true })
  expect(await ask(port)).toEqual({})
  expect(await ask(port, 'self')).toEqual({ subject: 'CN=self', verified: false })
  expect(await ask(port, 'forged')).toEqual({ subject, verified: false })
})

test('without an authority of ours nothing is verified, and every certificate is shown (RFC 8705 2.2)', async () => {
  const port = await serve({ ...OURS(), mtls: { from: 'tls' } })
  for (const name of ['client', 'self']) expect(await ask(port, name)).toMatchObject({ verified: false })
})

test('a connection that is used again carries its certificate', async () => {
  const port = await serve({ ...OURS(), mtls: { from: 'tls', caFile: at('ca.crt') } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let time = 0; time < 3; time++) expect(await ask(port, 'client', {}, agent)).toMatchObject({ verified: true })
  agent.destroy()
})

test('a resumed session carries the certificate and its verdict (RFC 8446 2.2)', async () => {
  const port = await serve({ ...OURS(), mtls: { from: 'tls', caFile: at('ca.crt') } })
  // An agent resumes the session of a connection that it closed.
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 10 })
  for (let time = 0; time < 3; time++) expect(await ask(port, 'client', {}, agent)).toMatchObject({ verified: true })
  expect(await ask(port, 'self', {}, agent)).toMatchObject({ verified: false })
})

test('nobody is asked for one, and no header is read, unless it is configured (checklist 24)', async () => {
  const port = await serve({ ...OURS(), trustedProxies: ['127.0.0.1'] })
  expect(await ask(port, 'client')).toEqual({})
  for (const format of FORMATS) expect(await ask(port, undefined, shown[format]('client'))).toEqual({})
})

const get = async (port: number, headers: Record<string, string>): Promise<Seen> =>
  JSON.parse(await (await fetch(`http://127.0.0.1:${port}/`, { headers })).text())

test.each(FORMATS)('a trusted proxy hands certificates on as %s (checklist 24)', async (format) => {
  const mtls = { from: 'header', format, caFile: at('ca.crt') } as const
  const port = await serve({ mtls, trustedProxies: ['127.0.0.0/8'] })
  expect(await get(port, shown[format]('client'))).toMatchObject({ verified: true })
  expect(await get(port, shown[format]('self'))).toEqual({ subject: 'CN=self', verified: false })
  expect(await get(port, shown[format]('forged'))).toMatchObject({ verified: false })
  expect(await get(port, {})).toEqual({})
})

test.each(FORMATS)(
  'from anybody but a trusted proxy the header of %s is not read (checklist 24, checklist 50)',
  async (format) => {
    const mtls = { from: 'header', format, caFile: at('ca.crt') } as const
    const port = await serve({ mtls, trustedProxies: ['10.0.0.0/8', '::ffff:192.0.2.0/120'] })
    const forwarded = { 'x-forwarded-for': '10.0.0.1', forwarded: 'for=10.0.0.1' }
    for (const headers of [shown[format]('client'), { ...shown[format]('client'), ...forwarded }])
      expect(await get(port, headers)).toEqual({})
  },
)

test('certificates in the handshake count, and no header beside them (checklist 50)', async () => {
  const port = await serve({ ...OURS(), mtls: { from: 'tls', caFile: at('ca.crt') }, trustedProxies: ['127.0.0.1'] })
  for (const format of FORMATS) {
    expect(await ask(port, undefined, shown[format]('client'))).toEqual({})
    expect(await ask(port, 'self', shown[format]('client'))).toMatchObject({ subject: 'CN=self' })
  }
})

test.each<[string, CertificateFormat, (headers: Record<string, string>) => Record<string, string>]>([
  [
    'two values (RFC 9440 2.2)',
    'rfc9440',
    (headers) => ({ 'client-cert': `${headers['client-cert']}, ${headers['client-cert']}` }),
  ],
  ['base64 without colons', 'rfc9440', () => ({ 'client-cert': certificate('client').raw.toString('base64') })],
  ['text', 'rfc9440', () => ({ 'client-cert': ':dGV4dA==:' })],
  ['two values', 'nginx', (headers) => ({ 'x-ssl-cert': `${escaped('self')}, ${headers['x-ssl-cert']}` })],
  ['two certificates', 'nginx', (headers) => ({ 'x-ssl-cert': `${headers['x-ssl-cert']}${escaped('self')}` })],
  ['text before one', 'nginx', (headers) => ({ 'x-ssl-cert': `a${headers['x-ssl-cert']}` })],
  [
    'two certificates in an element',
    'envoy',
    () => ({ 'x-forwarded-client-cert': `Cert="${escaped('self')}${escaped('client')}"` }),
  ],
  ['a broken escape', 'nginx', () => ({ 'x-ssl-cert': '%zz' })],
  ['a key', 'nginx', () => ({ 'x-ssl-cert': encodeURIComponent(readFileSync(at('client.key'), 'utf8')) })],
  ['an element without a certificate', 'envoy', () => ({ 'x-forwarded-client-cert': 'By=a;Hash=b' })],
  ['an open quote', 'envoy', (headers) => ({ 'x-forwarded-client-cert': `${headers['x-forwarded-client-cert']}"` })],
])('what a proxy sends and cannot be read is no certificate: %s', async (_case, format, change) => {
  const port = await serve({ mtls: { from: 'header', format, caFile: at('ca.crt') }, trustedProxies: ['127.0.0.1'] })
  expect(await get(port, change(shown[format]('client')))).toEqual({})
  expect(await get(port, change(shown[format]('client')))).toEqual({})
  expect(lines.filter((line) => line.includes('cannot be read'))).toHaveLength(1)
  expect(lines.join()).not.toContain('PRIVATE')
})

test.each(FORMATS)(
  'no damage to a header of %s makes an error, nor a certificate that was not sent (checklist 50)',
  (format) => {
    const [[header, whole] = ['', '']] = Object.entries(shown[format]('client'))
    const own = certificate('client').fingerprint256
    for (let round = 0; round < 400; round++) {
      const at = Math.floor(Math.random() * whole.length)
      const cut = whole.slice(at, at + 1 + Math.floor(Math.random() * 40))
      const damaged = [
        whole.slice(0, at) + whole.slice(at + cut.length),
        whole.slice(0, at) + cut + cut + whole.slice(at + cut.length),
        whole.slice(0, at) + String.fromCharCode(33 + Math.floor(Math.random() * 94)) + whole.slice(at + 1),
      ][round % 3]
      let read: ReturnType<typeof readCertificateHeader>
      try {
        read = readCertificateHeader(format, header, { [header]: damaged })
      } catch {
        continue
      }
      // A byte of the signature may differ: then nobody vouches for it.
      if (read === undefined || read.certificate.fingerprint256 === own) continue
      expect(isVouchedFor(read.certificate, read.further, [certificate('ca')], Date.now()), damaged).toBe(false)
    }
  },
)

test('a header may have another name', async () => {
  const mtls = { from: 'header', format: 'nginx', header: 'X-Client-Pem', caFile: at('ca.crt') } as const
  const port = await serve({ mtls, trustedProxies: ['127.0.0.1'] })
  expect(await get(port, { 'x-client-pem': escaped('client') })).toMatchObject({ verified: true })
  expect(await get(port, shown.nginx('client'))).toEqual({})
})

test('authorities of a header are taken anew when their file changes', async () => {
  await copyFile(at('other.crt'), at('trusted.crt'))
  const mtls = { from: 'header', caFile: at('trusted.crt') } as const
  const port = await serve({ mtls, trustedProxies: ['127.0.0.1'] })
  expect(await get(port, shown.rfc9440('client'))).toMatchObject({ verified: false })
  await writeFile(at('next.crt'), pem('other') + pem('ca'))
  await rename(at('next.crt'), at('trusted.crt'))
  const end = performance.now() + 20_000
  while ((await get(port, shown.rfc9440('client'))).verified !== true && performance.now() < end) await delay(50)
  for (const name of ['client', 'forged'])
    expect(await get(port, shown.rfc9440(name))).toMatchObject({ verified: true })
})

test('a port of its own alone asks for certificates', async () => {
  const mtls = { from: 'tls', caFile: at('ca.crt'), ownPort: true } as const
  const port = await serve({ ...OURS(), mtls })
  expect(await ask(port, 'client')).toEqual({})
  expect(transport?.certificateTls?.options()).toMatchObject({ requestCert: true })
})
