/** `make run-conformance`, as the suite meets it. */
import { readFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Certificates, makeCertificates } from '../../servers/certificates.ts'
import { type Served, serveForSuite } from './served.ts'
import { certificateAt } from './suite-certificate.ts'

let served: Served
let issuer: string
let suite: string
let certificates: Certificates

beforeAll(async () => {
  served = await serveForSuite()
  ;({ issuer, suite } = served)
  certificates = await makeCertificates(served.folder)
})
afterAll(async () => {
  expect(await served.close()).toBe(0)
})

interface Sent {
  readonly body: string
  readonly type: string
  readonly authorization?: string
}

/** Over the instance's own certificate; a POST where something is sent. */
function ask(path: string, sent?: Sent): Promise<{ status: number; location: string; text: string }> {
  const ca = readFileSync(join(served.place, 'ca.crt'))
  const headers = sent && {
    'content-type': sent.type,
    ...(sent.authorization !== undefined && { authorization: sent.authorization }),
  }
  return new Promise((resolve, reject) => {
    const asked = request(
      `${issuer}${path}`,
      { ca, method: sent ? 'POST' : 'GET', headers: headers ?? {} },
      async (answer) => {
        const text = (await answer.setEncoding('utf8').toArray()).join('')
        resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '', text })
      },
    )
    asked.once('error', reject).end(sent?.body)
  })
}

async function register(metadata: object): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ redirect_uris: [`${suite}/callback`], ...metadata })
  const { status, text } = await ask('/oauth/register', { body, type: 'application/json' })
  expect(status).toBe(201)
  return JSON.parse(text)
}

const authorize = (clientId: unknown, redirectUri: string) => {
  const asked = { response_type: 'code', client_id: String(clientId), redirect_uri: redirectUri, scope: 'openid' }
  return ask(`/oauth/authorize?${new URLSearchParams(asked)}`)
}

test('the issuer is where it is served, over TLS (OIDC Discovery 4.3)', async () => {
  const { text } = await ask('/.well-known/openid-configuration')
  expect(JSON.parse(text)).toMatchObject({ issuer, token_endpoint: `${issuer}/oauth/token` })
})

test('confidential clients of the plans may leave out PKCE, public ones never (RFC 7636; checklist 4)', async () => {
  const named = await authorize('oidf-basic-1', `${suite}/test/a/sallyport/callback`)
  expect(named.location).toMatch(/^\/login\?/)
  const confidential = await register({})
  expect((await authorize(confidential.client_id, `${suite}/callback`)).location).toMatch(/^\/login\?/)
  const open = await register({ token_endpoint_auth_method: 'none' })
  expect((await authorize(open.client_id, `${suite}/callback`)).location).toMatch(/[?&]error=invalid_request/)
})

test('whoever registers by itself gets ID tokens by RS256 (OIDC Registration 2)', async () => {
  expect(await register({})).toMatchObject({ id_token_signed_response_alg: 'RS256' })
})

test('the described client is known by its secret', async () => {
  const described = JSON.parse(readFileSync(join(served.place, 'provider.json'), 'utf8'))
  const { client_id: id, client_secret: secret } = described.static_clients.client
  const basic = (password: string) => `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`
  const form = { grant_type: 'authorization_code', code: 'none', redirect_uri: 'https://x.example' }
  const redeem = (password: string) =>
    ask('/oauth/token', {
      body: new URLSearchParams(form).toString(),
      type: 'application/x-www-form-urlencoded',
      authorization: basic(password),
    })
  expect((await redeem(secret)).text).toContain('invalid_grant')
  expect((await redeem('wrong')).text).toContain('invalid_client')
})

test('a suite that starts later is trusted by the certificate that it shows', async () => {
  const { certFile, keyFile } = certificates
  const server: Server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) })
  await new Promise<void>((done) => server.listen(Number(new URL(suite).port), 'localhost', done))
  try {
    await served.sallyport.says(/the certificate of .* is trusted/)
    expect(readFileSync(join(served.place, 'suite.crt'), 'utf8')).toBe(await certificateAt(new URL(suite)))
    expect((await ask('/.well-known/openid-configuration')).status).toBe(200)
  } finally {
    server.close()
  }
})
