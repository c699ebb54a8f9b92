/** The policy API over TLS: version, callers by certificate, and a certificate that is renewed while it serves. */
import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { makeAuthority, makeCertificate, makeCertificates } from '../../../test/servers/certificates.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { type FixtureSource, SMALL } from '../bundle/bundle-fixture.ts'
import type { VerifiedBundle } from '../engine.ts'
import { DeskError, type DeskRequest } from '../life/desk.ts'
import { type ApiUnderTest, loadFixture, openApi } from './api-fixture.ts'
import type { PolicyApiOptions } from './server.ts'

/** Tells whom it takes the caller for. */
const WHO: FixtureSource = {
  ...SMALL,
  rego: {
    ...SMALL.rego,
    'system/authz.rego': `package system.authz

default allow := false

allow if input.identity == "spiffe://example.org/auth"

allow if input.identity == "CN=reader,O=Example"

allow if input.identity == "named"
`,
  },
}

let folder: string
let bundle: VerifiedBundle
let api: ApiUnderTest
let tls: { certFile: string; keyFile: string; clientCaFile: string }
const file = (name: string) => join(folder, name)

const makeClient = (name: string, subject: string, extensions?: string, ca?: string) =>
  makeCertificate(folder, name, { subject, ...(extensions && { extensions }), ...(ca && { ca }) })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'api-tls-'))
  const { caFile, certFile, keyFile } = await makeCertificates(folder)
  tls = { certFile, keyFile, clientCaFile: caFile }
  await makeClient('auth', '/CN=auth', 'subjectAltName=DNS:auth.example,URI:spiffe://example.org/auth')
  await makeClient('reader', '/O=Example/CN=reader')
  await makeClient('nobody', '/CN=nobody')
  await makeAuthority(folder, 'other', '/CN=Other CA')
  await makeClient('forged', '/O=Example/CN=reader', undefined, 'other')
  bundle = await loadFixture(WHO)
})
afterEach(() => api?.close())
afterAll(() => rm(folder, { recursive: true }))

const serve = async (over: Partial<PolicyApiOptions> = {}) => {
  api = await openApi(bundle, {
    tls,
    ...over,
    loopback: over.loopback ?? false,
    credentials: [{ identity: 'named', token: 'a-token-that-is-long' }],
  })
}

function ask(
  client: string | undefined,
  headers: Record<string, string> = {},
  { method = 'GET', path = '/v1/data/rbac' } = {},
): Promise<number> {
  const shown =
    client === undefined ? {} : { cert: readFileSync(file(`${client}.crt`)), key: readFileSync(file(`${client}.key`)) }
  return new Promise((resolve, reject) => {
    const to = { host: '127.0.0.1', servername: 'localhost', port: api.port, path, method }
    const options = { ...to, agent: false, headers, ...shown }
    const outgoing = request({ ...options, ca: readFileSync(tls.clientCaFile) }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0))
    })
    outgoing.once('error', reject).end()
  })
}

it('takes a caller for the first URI name of its certificate, else for its subject', async () => {
  await serve()
  expect(await ask('auth')).toBe(200)
  expect(await ask('reader')).toBe(200)
  expect(await ask('nobody')).toBe(403)
})

it('refuses a certificate of another CA, and asks strangers for a credential', async () => {
  await serve()
  expect(await ask('forged')).toBe(401)
  expect(await ask(undefined)).toBe(401)
  expect(await ask('forged', { authorization: 'Bearer a-token-that-is-not' })).toBe(401)
})

it.each([[false], [true]])(
  'refuses pages of other sites, for which a browser shows its certificate, loopback %s',
  async (loopback) => {
    const acts: DeskRequest[] = []
    const act = async (asked: DeskRequest) => {
      acts.push(asked)
      throw new DeskError('not_found', 'there is no bundle of this name')
    }
    await serve({ loopback, desk: { list: async () => [], act } })
    const rollback = (headers: Record<string, string>, client: string | undefined = 'auth') =>
      ask(client, headers, { method: 'POST', path: '/v1/bundles/sallyport/rollback' })
    expect(await rollback({ origin: 'https://evil.example' })).toBe(403)
    expect(await rollback({ origin: 'null' })).toBe(403)
    expect(await rollback({ origin: `http://127.0.0.1:${api.port}` })).toBe(403)
    expect(await rollback({ 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await rollback({ 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(acts).toEqual([])
    const own = { origin: `https://127.0.0.1:${api.port}`, 'sec-fetch-site': 'same-origin' }
    for (const headers of [{}, own]) expect(await rollback(headers)).toBe(404)
    expect(await ask('auth', { host: 'evil.example' })).toBe(loopback ? 403 : 200)
    const authorization = 'Bearer a-token-that-is-long'
    expect(await ask(undefined, { authorization, origin: 'https://evil.example' })).toBe(200)
    expect(acts).toHaveLength(2)
  },
)

it('takes a token over TLS too', async () => {
  await serve()
  expect(await ask(undefined, { authorization: 'Bearer a-token-that-is-long' })).toBe(200)
})

it('speaks TLS 1.3 and nothing older (RFC 8446)', async () => {
  await serve()
  const shake = (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
    new Promise<string | null>((resolve, reject) => {
      const socket: TLSSocket = connect(
        { host: '127.0.0.1', port: api.port, ca: readFileSync(tls.clientCaFile), minVersion: 'TLSv1.2', maxVersion },
        () => {
          resolve(socket.getProtocol())
          socket.destroy()
        },
      )
      socket.once('error', reject)
    })
  expect(await shake('TLSv1.3')).toBe('TLSv1.3')
  await expect(shake('TLSv1.2')).rejects.toThrow()
})

it('serves a renewed certificate without a restart, and keeps the old one where the new cannot be used', async () => {
  await serve()
  const serial = () =>
    new Promise<string>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: api.port, rejectUnauthorized: false }
      const socket: TLSSocket = connect(options, () => {
        resolve(socket.getPeerCertificate().serialNumber)
        socket.destroy()
      })
      socket.once('error', reject)
    })
  const before = await serial()
  const kept = readFileSync(tls.keyFile)
  await writeFile(tls.keyFile, 'no key')
  await until(async () => api.lines.some((line) => line.includes('cannot be used')))
  expect(await serial()).toBe(before)
  await writeFile(tls.keyFile, kept)
  await makeClient('renewed', '/CN=localhost', 'subjectAltName=IP:127.0.0.1')
  await copyFile(file('renewed.key'), tls.keyFile)
  await copyFile(file('renewed.crt'), tls.certFile)
  await until(async () => (await serial()) !== before)
})

it('does not start on files that are no certificate and key (ConfigError)', async () => {
  await expect(openApi(bundle, { tls: { ...tls, certFile: file('auth.csr') } })).rejects.toThrow(ConfigError)
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000
  while (performance.now() < end) {
    if (await holds().catch(() => false)) return
    await delay(50)
  }
  throw new Error('it did not come to that')
}
