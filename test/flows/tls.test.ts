/** Both services over TLS of their own, as processes that are configured as an operator would. RFC 8446. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Browser } from '../servers/browser.ts'
import { type Certificates, makeCertificate, makeCertificates, trustAuthority } from '../servers/certificates.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { freePort } from '../servers/free-port.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { adminToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import { begin, discover } from './relying-party.ts'
import { sendForm } from './with-people.ts'

let folder: string
let tls: Certificates
let running: Deployment | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-flow-'))
  tls = await makeCertificates(folder)
  trustAuthority(tls)
})
afterEach(async () => {
  await running?.stop()
  running = undefined
})
afterAll(() => rmSync(folder, { recursive: true }))

test('serve answers over TLS on both ports, under an https issuer', async () => {
  running = await deploy('one-process', { tls })
  expect(running.auth.said).toMatch(/auth service on https:\/\/127\.0\.0\.1:\d+, policy service on /)
  const discovery = await fetch(`${running.issuer}/.well-known/openid-configuration`)
  expect(await discovery.json()).toMatchObject({
    issuer: running.issuer,
    token_endpoint: `${running.issuer}/oauth/token`,
  })
  expect(discovery.headers.get('strict-transport-security')).toContain('max-age=')
  expect(await adminToken(running.issuer, running.population.admin)).toMatch(/^ey/)
  expect((await running.askPolicy('/health')).status).toBe(200)
  await expect(fetch(running.issuer.replace('https:', 'http:'))).rejects.toThrow()
})

test('every cookie of a sign-in over TLS is bound to its host, and read by no script (RFC 6265bis 4.1.3.2; checklist 44)', async () => {
  running = await deploy('one-process', { tls })
  const { issuer, population } = running
  const { url } = await begin(await discover(issuer, population.web), 'openid')
  const browser = new Browser(issuer)
  const login = await browser.visit(url)
  const { userName: username, password } = population.user
  const sent = await sendForm(browser, login, { username, password })
  const lines = [...(await fetch(url, { redirect: 'manual' })).headers.getSetCookie(), ...sent.headers.getSetCookie()]
  const names = lines.map((line) => line.slice(0, line.indexOf('=')))
  const kinds = ['browser', 'devices', 'session']
  expect(new Set(names)).toEqual(new Set(kinds.map((kind) => `__Host-sallyport_${kind}`)))
  for (const line of lines) {
    for (const attribute of ['Secure', 'HttpOnly', 'SameSite=Lax', 'Path=/'])
      expect(line.split('; ').slice(1)).toContain(attribute)
    expect(line).not.toMatch(/;\s*domain=/i)
  }
  const code = (await new Browser(issuer).authorize(url, population.user)).searchParams.get('code')
  expect(code).toMatch(/^[\w-]+\.[\w-]+$/)
}, 60_000)

test('serve stops on a certificate without its key, and names the file (ConfigError)', async () => {
  const other = await makeCertificate(folder, 'other', { subject: '/CN=other' })
  cpSync(other.keyFile, join(folder, 'wrong.key'))
  const wrong = { cert_file: tls.certFile, key_file: join(folder, 'wrong.key') }
  for (const service of ['auth', 'policy'])
    await expect(deploy('one-process', { tls, settings: { [service]: { tls: wrong } } })).rejects.toThrow(
      new RegExp(`${service}\\.tls: .*wrong\\.key is not the key of the certificate in .*tls\\.crt`),
    )
})

/** The callers of the policy API are known by their certificate alone, and only this one is let in. */
async function onlyByCertificate() {
  const policies = copyPolicies()
  try {
    policies.edit({
      file: 'system/authz.rego',
      from: 'input.identity != ""',
      to: 'input.identity == "CN=auth,O=Example"',
    })
    policies.edit({
      file: 'system/authz.rego',
      from: 'is_trusted if {\n\tinput.loopback',
      to: 'is_trusted if {\n\tfalse',
    })
    return await policies.compile()
  } finally {
    policies.remove()
  }
}

test('the split shape with certificates on every side: auth to policy, both to Redis with tls-auth-clients', async () => {
  const client = await makeCertificate(folder, 'auth', { subject: '/O=Example/CN=auth' })
  const stranger = await makeCertificate(folder, 'stranger', { subject: '/O=Example/CN=stranger' })
  for (const [from, to] of [
    [client.certFile, 'shown.crt'],
    [client.keyFile, 'shown.key'],
  ] as const)
    cpSync(from, join(folder, to))
  const shown = { certFile: join(folder, 'shown.crt'), keyFile: join(folder, 'shown.key') }
  running = await deploy('split', {
    tls,
    bundle: await onlyByCertificate(),
    redis: { tls, clientCertificates: true },
    settings: {
      policy: {
        tls: { cert_file: tls.certFile, key_file: tls.keyFile, client_ca_file: tls.caFile },
        client_tls: { ca_file: tls.caFile, cert_file: shown.certFile, key_file: shown.keyFile },
        credentials: [],
        token_file: undefined,
      },
    },
  })
  const { issuer, population, redis } = running
  expect(await adminToken(issuer, population.admin)).toMatch(/^ey/)
  expect((await fetch(`${running.policy}/v1/data/authz`)).status).toBe(401)
  expect(await redis?.command('CONFIG', 'GET', 'tls-auth-clients')).toContain('yes')

  const { id, secret } = population.admin
  const status = async () => {
    const form = { grant_type: 'client_credentials', scope: 'scim admin', client_id: id, client_secret: secret }
    return (await fetch(`${issuer}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })).status
  }
  const isReady = async () => (await fetch(`${issuer}/health`)).status === 200
  // Another certificate of the same authority is another caller, whom system.authz refuses: nothing is issued.
  const { auth } = running
  cpSync(stranger.certFile, shown.certFile)
  cpSync(stranger.keyFile, shown.keyFile)
  await auth.says(/certificate for the policy service is in use/)
  await running.policyService.stop()
  const policy = running.run('serve', 'policy')
  await policy.says(/ready in/)
  await until(isReady, 'the policy service is reached again')
  expect(await status()).toBe(503)
  cpSync(client.certFile, shown.certFile)
  cpSync(client.keyFile, shown.keyFile)
  await auth.says(/(certificate for the policy service is in use.*){2}/s)
  await policy.stop()
  await running.run('serve', 'policy').says(/ready in/)
  await until(async () => (await status()) === 200, 'the renewed certificate is shown')
})

test('a port of its own asks for certificates, and its metadata name it (RFC 8705 5)', async () => {
  const shop = await makeCertificate(folder, 'shop', { subject: '/O=Shop/CN=shop' })
  const port = await freePort()
  running = await deploy('one-process', {
    tls,
    settings: { auth: { host: 'localhost', mtls: { ca_file: tls.caFile, port } } },
  })
  const { issuer, population } = running
  const token = await adminToken(issuer, population.admin)
  const registered = await fetch(`${issuer}/admin/clients`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'Shop',
      grant_types: ['client_credentials'],
      scopes: ['orders:read'],
      audience: ['urn:sallyport:default'],
      roles: ['service'],
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: 'CN=shop,O=Shop',
      tls_client_certificate_bound_access_tokens: true,
    }),
  })
  const { client_id: clientId }: { client_id: string } = JSON.parse(await registered.text())
  const metadata = JSON.parse(await (await fetch(`${issuer}/.well-known/openid-configuration`)).text())
  const alias = `https://localhost:${port}`
  expect(metadata).toMatchObject({ issuer, mtls_endpoint_aliases: { token_endpoint: `${alias}/oauth/token` } })
  const connect = { ca: readFileSync(tls.caFile), cert: readFileSync(shop.certFile), key: readFileSync(shop.keyFile) }
  const dispatcher = new Agent({ connect })
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const ask = async (base: string) =>
    (await request(`${base}/oauth/token`, { method: 'POST', headers, body, dispatcher })).statusCode
  expect(await ask(issuer)).toBe(401)
  expect(await ask(alias)).toBe(200)
  await dispatcher.close()
})
