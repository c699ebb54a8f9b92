/** Clients that show certificates, over TLS of our own: authentication and bound tokens. RFC 8705. */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as rp from 'openid-client'
import { Agent, fetch as fetchOver } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClientMetadata } from '../../src/storage/client-metadata.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { makeAuthority, makeCertificate, makeCertificates, trustAuthority } from '../servers/certificates.ts'
import { clientRecord, REDIRECT_URI, TENANT } from '../servers/population.ts'
import { begin, redeem } from './relying-party.ts'

let folder: string
let service: TestService
const at = (name: string) => join(folder, name)
const agents = new Map<string, Agent>()

/** Of whoever shows this certificate; `''`: none. */
function agentOf(name: string): Agent {
  const shown = name === '' ? {} : { cert: readFileSync(at(`${name}.crt`)), key: readFileSync(at(`${name}.key`)) }
  const agent = agents.get(name) ?? new Agent({ connect: { ca: readFileSync(at('ca.crt')), ...shown } })
  agents.set(name, agent)
  return agent
}

async function ask(name: string, path: string, headers: Record<string, string>, form?: Record<string, string>) {
  const sent = form && { method: 'POST', body: new URLSearchParams(form).toString() }
  const type = form && { 'content-type': 'application/x-www-form-urlencoded' }
  const to = { dispatcher: agentOf(name), headers: { ...type, ...headers }, ...sent }
  const answer = await fetchOver(`${service.issuer}${path}`, to)
  const text = await answer.text()
  const body: Record<string, unknown> = text === '' ? {} : JSON.parse(text)
  return { status: answer.status, body }
}

const thumbprint = (name: string) =>
  Buffer.from(new X509Certificate(readFileSync(at(`${name}.crt`))).fingerprint256.replaceAll(':', ''), 'hex').toString(
    'base64url',
  )

async function register(id: string, metadata: ClientMetadata, parts: object = {}): Promise<void> {
  const record = { ...clientRecord(id, 'unused'), secretDigests: [], metadata }
  const machine = {
    grantTypes: ['client_credentials'],
    scopes: ['orders:read'],
    audience: ['urn:sallyport:default'],
    roles: ['service'],
  }
  await service.store.clients.create(TENANT, { ...record, ...machine, ...parts })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mtls-'))
  const { certFile, keyFile, caFile } = await makeCertificates(folder)
  await makeCertificate(folder, 'shop', { subject: '/O=Shop/CN=shop', extensions: 'extendedKeyUsage=clientAuth' })
  await makeCertificate(folder, 'shop2', { subject: '/O=Shop/CN=shop', extensions: 'extendedKeyUsage=clientAuth' })
  await makeCertificate(folder, 'thief', { subject: '/O=Shop/CN=thief', extensions: 'extendedKeyUsage=clientAuth' })
  await makeAuthority(folder, 'self', '/CN=self')
  service = await startAuthService({
    service: { tls: { certFile, keyFile }, mtls: { from: 'tls', caFile, aliasUrl: 'https://mtls.example' } },
  })
  const bound = { tls_client_certificate_bound_access_tokens: true }
  await register('shop', {
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: 'CN=shop,O=Shop',
    ...bound,
  })
  await register('unbound', {
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: 'CN=shop,O=Shop',
  })
  const { publicKey, raw } = new X509Certificate(readFileSync(at('self.crt')))
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), x5c: [raw.toString('base64')] }] }
  await register('self', { token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks, ...bound })
  const platform = { scopes: ['scim', 'admin'], audience: ['urn:sallyport:platform'], roles: ['platform_admin'] }
  const byName = {
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: 'CN=shop,O=Shop',
  } as const
  await register('operator', { ...byName, ...bound }, platform)
  const forPeople = {
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'offline_access'],
  }
  await register('web-mtls', { ...byName, ...bound }, { ...forPeople, redirectUris: [REDIRECT_URI] })
  await register('secret', bound, { secretDigests: clientRecord('x', 'secret').secretDigests })
})
afterAll(async () => {
  await Promise.all([...agents.values()].map((agent) => agent.close()))
  await service.close()
  await rm(folder, { recursive: true })
})

const tokenOf = (certificate: string, client_id: string, more: Record<string, string> = {}) =>
  ask(certificate, '/oauth/token', {}, { grant_type: 'client_credentials', client_id, ...more })

const introspected = async (token: unknown) => {
  const { id, secret } = service.population.resourceServer
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  return (await ask('', '/oauth/introspect', { authorization }, { token: String(token) })).body
}

test.each([
  ['shop', 'shop', 'tls_client_auth'],
  ['self', 'self', 'self_signed_tls_client_auth'],
])(
  'certificate %s authenticates client %s by %s and binds its token (RFC 8705 2 and 3; checklist 18, checklist 24)',
  async (certificate, id, method) => {
    const { status, body } = await tokenOf(certificate, id)
    expect(status).toBe(200)
    expect(body.token_type).toBe('Bearer')
    const [, claims = ''] = String(body.access_token).split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString()).cnf).toEqual({ 'x5t#S256': thumbprint(certificate) })
    expect(await introspected(body.access_token)).toMatchObject({
      active: true,
      cnf: { 'x5t#S256': thumbprint(certificate) },
    })
    expect(service.decisions().findLast(({ path }) => String(path).startsWith('authz/token'))).toMatchObject({
      input: { client: { auth_method: method }, sender: { certificate: true, dpop: false } },
    })
  },
)

test.each([
  ['', 'shop'],
  ['thief', 'shop'],
  ['self', 'shop'],
  ['', 'self'],
  ['shop', 'self'],
  ['shop', 'nobody'],
])('certificate %j is not client %s (RFC 8705 2; checklist 18)', async (certificate, id) => {
  const { status, body } = await tokenOf(certificate, id)
  expect([status, body.error]).toEqual([401, 'invalid_client'])
})

test('a header that claims to be a certificate is none, also beside the handshake (checklist 24, checklist 50)', async () => {
  const raw = new X509Certificate(readFileSync(at('shop.crt'))).raw.toString('base64')
  const headers = { 'client-cert': `:${raw}:`, 'x-ssl-cert': encodeURIComponent(readFileSync(at('shop.crt'), 'utf8')) }
  for (const certificate of ['', 'thief']) {
    const answer = await ask(certificate, '/oauth/token', headers, {
      grant_type: 'client_credentials',
      client_id: 'shop',
    })
    expect(answer.status).toBe(401)
  }
})

test('a client that is registered for bound tokens gets none without a certificate (RFC 8705 3.4; checklist 24)', async () => {
  const refused = await tokenOf('', 'secret', { client_secret: 'secret' })
  expect([refused.status, refused.body.error]).toEqual([400, 'invalid_request'])
  expect(refused.body.error_description).toMatch(/^Show a client certificate/)
  const given = await tokenOf('thief', 'secret', { client_secret: 'secret' })
  expect(await introspected(given.body.access_token)).toMatchObject({ cnf: { 'x5t#S256': thumbprint('thief') } })
})

test('a client that is not registered for them gets tokens that anybody may bear', async () => {
  const { body } = await tokenOf('shop', 'unbound')
  expect(await introspected(body.access_token)).not.toHaveProperty('cnf')
})

test.each([
  ['SCIM', '/scim/v2/Users'],
  ['the admin API', '/admin/clients'],
])(
  '%s takes a bound token on a connection with its certificate alone (RFC 8705 3; checklist 24)',
  async (_name, path) => {
    const { body } = await tokenOf('shop', 'operator', { scope: 'scim admin' })
    const authorization = `Bearer ${body.access_token}`
    expect((await ask('shop', path, { authorization })).status).toBe(200)
    // The same name and authority, another certificate.
    for (const certificate of ['', 'shop2', 'thief', 'self']) {
      const refused = await ask(certificate, path, { authorization })
      expect(refused.status).toBe(401)
    }
    expect(service.audits.at(-1)).toMatchObject({ event: 'bearer_rejected', detail: 'not_its_key' })
  },
)

test('metadata names the methods, bound tokens and the aliases (RFC 8705 3.3 and 5)', async () => {
  const { body } = await ask('', '/.well-known/openid-configuration', {})
  const methods = expect.arrayContaining(['tls_client_auth', 'self_signed_tls_client_auth'])
  expect(body).toMatchObject({
    tls_client_certificate_bound_access_tokens: true,
    token_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_methods_supported: methods,
    mtls_endpoint_aliases: {
      token_endpoint: 'https://mtls.example/oauth/token',
      introspection_endpoint: 'https://mtls.example/oauth/introspect',
      revocation_endpoint: 'https://mtls.example/oauth/revoke',
      userinfo_endpoint: 'https://mtls.example/oauth/userinfo',
      device_authorization_endpoint: `https://mtls.example${new URL(String(body.device_authorization_endpoint)).pathname}`,
    },
  })
})

test('without mTLS the metadata say nothing of it', async () => {
  const plain = await startAuthService()
  try {
    const text = await (await fetch(`${plain.issuer}/.well-known/openid-configuration`)).text()
    expect(text).not.toMatch(/mtls|tls_client/)
  } finally {
    await plain.close()
  }
})

const relyingParty = async (id: string, certificate: string): Promise<rp.Configuration> => {
  const customFetch: rp.CustomFetch = (url, options) => {
    const init = { ...options, dispatcher: agentOf(certificate) }
    return fetchOver(url, init as Parameters<typeof fetchOver>[1]) as unknown as Promise<Response>
  }
  // Nobody listens at the alias of this instance.
  const server = { ...(await ask('', '/.well-known/openid-configuration', {})).body, mtls_endpoint_aliases: undefined }
  const config = new rp.Configuration(server as unknown as rp.ServerMetadata, id, undefined, rp.TlsClientAuth())
  config[rp.customFetch] = customFetch
  return config
}

test('openid-client gets and revokes a token by its certificate', async () => {
  const config = await relyingParty('shop', 'shop')
  const { access_token: token } = await rp.clientCredentialsGrant(config, { scope: 'orders:read' })
  expect(await introspected(token)).toMatchObject({ active: true, client_id: 'shop' })
  await rp.tokenRevocation(config, token)
  expect(await introspected(token)).toEqual({ active: false })
})

test('a person’s tokens are bound through code, refresh and userinfo (RFC 8705 3; checklist 24)', async () => {
  trustAuthority({ caFile: at('ca.crt') })
  const { user } = service.population
  const config = await relyingParty('web-mtls', 'shop')
  const begun = await begin(config, 'openid profile offline_access')
  const answer = await new Browser(service.issuer).authorize(begun.url, user)
  const tokens = await redeem(config, begun, answer)
  expect(await introspected(tokens.access_token)).toMatchObject({ cnf: { 'x5t#S256': thumbprint('shop') } })
  expect(await rp.fetchUserInfo(config, tokens.access_token, user.sub)).toMatchObject({ name: 'Alice Doe' })
  for (const certificate of ['', 'thief', 'shop2']) {
    const stolen = await ask(certificate, '/oauth/userinfo', { authorization: `Bearer ${tokens.access_token}` })
    expect(stolen.status).toBe(401)
  }
  // The client's own next certificate: authenticated by its name, new tokens are bound to it (RFC 8705 6.3).
  const renewed = await relyingParty('web-mtls', 'shop2')
  const refreshed = await rp.refreshTokenGrant(renewed, tokens.refresh_token ?? '')
  expect(await introspected(refreshed.access_token)).toMatchObject({ cnf: { 'x5t#S256': thumbprint('shop2') } })
  const thief = await relyingParty('web-mtls', 'thief')
  await expect(rp.refreshTokenGrant(thief, refreshed.refresh_token ?? '')).rejects.toMatchObject({ status: 401 })
})
