/** Against a server with a certificate of a CA that this process does not trust. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { LOOPBACK_NAMES, makeCertificate, makeCertificates } from '../../test/servers/certificates.ts'
import { loadConfig } from '../config/load.ts'
import { checkPolicyNames } from './code/policy-names.ts'
import { runCommandLine } from './command-line.ts'
import { noAnswer } from './no-answer.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-no-answer-'))
const token = join(folder, 'token')
let server: Server
let url: string
let ca: string
beforeAll(async () => {
  const { certFile, keyFile, caFile } = await makeCertificates(folder)
  ca = readFileSync(caFile, 'utf8')
  server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (_request, response) =>
    response.end('{}'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  writeFileSync(token, 'a.b.c')
})
afterAll(async () => {
  vi.restoreAllMocks()
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  rmSync(folder, { recursive: true })
})

const code = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'

test.each([
  ['admin API', 'keys list'],
  ['policy API', 'bundle status'],
])('a certificate that is not trusted is no instance that does not answer: %s', async (_, command) => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  expect(await runCommandLine([...command.split(' '), '--url', url, '--token-file', token])).toBe(1)
  const line = told.mock.calls.join('\n')
  expect(line).toContain(`at ${url}: its certificate is not trusted (${code}): set NODE_EXTRA_CA_CERTS`)
  expect(line).not.toContain('does not answer')
})

test('nor is it one for the policy API that a plan compares with', async () => {
  const config = loadConfig({ env: {} })
  const invocation = { values: { 'policy-url': url }, positionals: [], config: () => config }
  const { unchecked } = await checkPolicyNames(config, invocation, {
    managedBy: 'here',
    clients: [],
    resources: [],
    scopes: [],
  })
  expect(unchecked).toContain(`at ${url}: its certificate is not trusted (${code})`)
})

test('a certificate for another name, or one that has expired, is said to be so', async () => {
  const failing = async (address: string): Promise<string> => {
    try {
      await fetch(address)
    } catch (error) {
      return noAnswer(error, address, 'is it running?')
    }
    return 'it answers'
  }
  expect(await failing('http://127.0.0.1:1')).toBe('does not answer at http://127.0.0.1:1: is it running?')
  expect(await failing(url)).toContain(code)
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, ca])
  try {
    const other = await makeCertificate(folder, 'other', {
      subject: '/CN=other',
      extensions: 'subjectAltName=DNS:other',
    })
    server.setSecureContext({ cert: readFileSync(other.certFile), key: readFileSync(other.keyFile) })
    expect(await failing(url)).toMatch(/its certificate is for another name \(ERR_TLS_CERT_ALTNAME_INVALID\)$/)
    const past = await makeCertificate(folder, 'past', { subject: '/CN=past', extensions: LOOPBACK_NAMES, days: -1 })
    server.setSecureContext({ cert: readFileSync(past.certFile), key: readFileSync(past.keyFile) })
    expect(await failing(url)).toMatch(/its certificate has expired \(CERT_HAS_EXPIRED\)$/)
  } finally {
    setDefaultCACertificates(before)
  }
})
