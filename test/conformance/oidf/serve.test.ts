/** `make run-conformance`, as the suite meets it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, request, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Certificates, makeCertificates } from '../../servers/certificates.ts'
import { freePort } from '../../servers/free-port.ts'
import { type Sallyport, startSallyport } from '../../servers/sallyport.ts'
import { certificateAt } from './suite-certificate.ts'

const folder = mkdtempSync(join(tmpdir(), 'run-conformance-'))
const place = join(folder, 'instance')
let issuer: string
let suite: string
let served: Sallyport
let certificates: Certificates

beforeAll(async () => {
  issuer = `https://localhost:${await freePort()}`
  suite = `https://localhost:${await freePort()}`
  certificates = await makeCertificates(folder)
  const env = { OIDF_ISSUER: issuer, OIDF_SUITE: suite }
  served = startSallyport([place], { cwd: process.cwd(), env, main: 'test/conformance/oidf/serve.ts' })
  await served.says(/is ready for the suite/, 60_000)
})
afterAll(async () => {
  expect(await served.stop()).toBe(0)
  rmSync(folder, { recursive: true, force: true })
})

/** Over the instance's own certificate. */
function ask(
  path: string,
  form?: URLSearchParams,
  authorization = '',
): Promise<{ status: number; location: string; text: string }> {
  const ca = readFileSync(join(place, 'ca.crt'))
  const headers = form ? { 'content-type': 'application/x-www-form-urlencoded', authorization } : {}
  return new Promise((resolve, reject) => {
    const asked = request(`${issuer}${path}`, { ca, method: form ? 'POST' : 'GET', headers }, async (answer) => {
      const text = (await answer.setEncoding('utf8').toArray()).join('')
      resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '', text })
    })
    asked.once('error', reject).end(form?.toString())
  })
}

test('the issuer is where it is served, over TLS (OIDC Discovery 4.3)', async () => {
  const { text } = await ask('/.well-known/openid-configuration')
  expect(JSON.parse(text)).toMatchObject({ issuer, token_endpoint: `${issuer}/oauth/token` })
})

test('only the plans’ own confidential clients may leave out PKCE (RFC 7636; checklist 4)', async () => {
  const redirectUri = `${suite}/test/a/sallyport/callback`
  const authorize = (clientId: string) =>
    ask(
      `/oauth/authorize?${new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: 'openid',
      })}`,
    )
  expect((await authorize('oidf-basic-1')).location).toMatch(/^\/login\?/)
  expect((await authorize('oidf-fapi-1')).location).toMatch(/error=invalid_request/)
})

test('the described client is known by its secret', async () => {
  const described = JSON.parse(readFileSync(join(place, 'provider.json'), 'utf8'))
  const { client_id: id, client_secret: secret } = described.static_clients.client
  const basic = (password: string) => `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`
  const code = new URLSearchParams({
    grant_type: 'authorization_code',
    code: 'none',
    redirect_uri: 'https://x.example',
  })
  expect((await ask('/oauth/token', code, basic(secret))).text).toContain('invalid_grant')
  expect((await ask('/oauth/token', code, basic('wrong'))).text).toContain('invalid_client')
})

test('a suite that starts later is trusted by the certificate that it shows', async () => {
  const { certFile, keyFile } = certificates
  const server: Server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) })
  await new Promise<void>((done) => server.listen(Number(new URL(suite).port), 'localhost', done))
  try {
    await served.says(/the certificate of .* is trusted/)
    expect(readFileSync(join(place, 'suite.crt'), 'utf8')).toBe(await certificateAt(new URL(suite)))
    expect((await ask('/.well-known/openid-configuration')).status).toBe(200)
  } finally {
    server.close()
  }
})
