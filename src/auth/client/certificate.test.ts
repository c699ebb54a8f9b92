import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAuthority, makeCertificate } from '../../../test/servers/certificates.ts'
import type { AuditEvent } from '../../audit/events.ts'
import { type ClientCertificate, describeCertificate } from '../../http/client-certificate.ts'
import type { ClientMetadata } from '../../storage/client-metadata.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { formRequest, noAssertions, client as plainClient } from '../oauth/test-requests.ts'
import { type AuthenticatedClient, authenticateClient } from './authenticate.ts'
import { clientCertificates } from './certificate.ts'
import { clientKeys } from './client-keys.ts'
import type { Jwk } from './remote-jwks.ts'

let folder: string
const x509 = (name: string) => new X509Certificate(readFileSync(join(folder, `${name}.crt`)))
const shows = (name: string, over: Partial<ClientCertificate> = {}): ClientCertificate => ({
  ...describeCertificate(x509(name), true),
  ...over,
})

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'certificate-'))
  await makeAuthority(folder, 'ca', '/CN=Test CA')
  const names = 'subjectAltName=DNS:shop.example,URI:spiffe://x/shop,IP:2001:db8::1,email:ops@shop.example'
  await makeCertificate(folder, 'shop', { subject: '/C=DE/O=Shop, Ltd/CN=shop', extensions: names })
  await makeCertificate(folder, 'other', { subject: '/C=DE/O=Shop/CN=other' })
  await makeAuthority(folder, 'self', '/CN=self')
  await makeAuthority(folder, 'self2', '/CN=self')
})
afterAll(() => rmSync(folder, { recursive: true }))

const audits: AuditEvent[] = []
const client = (metadata: ClientMetadata): ClientRecord => ({ ...plainClient, metadata })

function authenticate(
  record: ClientRecord,
  clientCertificate: ClientCertificate | undefined,
  {
    form = {},
    remote = async () => [],
  }: { form?: Record<string, string>; remote?: (uri: string, kid: string | undefined) => Promise<readonly Jwk[]> } = {},
): Promise<AuthenticatedClient> {
  const deps = {
    store: { clients: { find: async () => record } },
    audit: async (event: AuditEvent) => void audits.push(event),
    assertions: noAssertions,
    certificates: clientCertificates(clientKeys({ keys: remote })),
  }
  return authenticateClient(deps, { ...formRequest({ client_secret: '', ...form }), clientCertificate })
}
const fault = async (...args: Parameters<typeof authenticate>) => {
  await expect(authenticate(...args)).rejects.toMatchObject({ code: 'invalid_client' })
  return audits.at(-1)?.detail
}

const pki = (name: ClientMetadata) => client({ token_endpoint_auth_method: 'tls_client_auth', ...name })
const DN = 'CN=shop, O="Shop, Ltd", C=DE'

test.each<[string, ClientMetadata]>([
  ['its subject', { tls_client_auth_subject_dn: DN }],
  ['a DNS name', { tls_client_auth_san_dns: 'Shop.example' }],
  ['a URI', { tls_client_auth_san_uri: 'spiffe://x/shop' }],
  ['an address', { tls_client_auth_san_ip: '2001:0DB8:0::1' }],
  ['an e-mail address', { tls_client_auth_san_email: 'ops@shop.example' }],
])('takes a client by %s of its certificate (RFC 8705 2.1.2; checklist 18)', async (_what, name) => {
  expect(await authenticate(pki(name), shows('shop'))).toMatchObject({ authMethod: 'tls_client_auth' })
  expect(await fault(pki(name), shows('other'))).toBe('certificate_other_name')
})

test.each<[string, () => ClientCertificate | undefined, string]>([
  ['none', () => undefined, 'certificate_missing'],
  ['one that no authority vouches for', () => shows('shop', { verified: false }), 'certificate_not_vouched_for'],
  ['one that ended while its connection went on', () => shows('shop', { validToMs: 1 }), 'certificate_expired'],
])('refuses %s (RFC 8705 2.1; checklist 18)', async (_what, shown, expected) => {
  expect(await fault(pki({ tls_client_auth_subject_dn: DN }), shown())).toBe(expected)
})

test.each<[string, ClientMetadata]>([
  ['the names are swapped', { tls_client_auth_subject_dn: 'C=DE,O=Shop\\, Ltd,CN=shop' }],
  ['one part is missing', { tls_client_auth_subject_dn: 'CN=shop,C=DE' }],
  ['the DNS name is one above', { tls_client_auth_san_dns: 'example' }],
  ['the subject’s CN is asked for as a DNS name', { tls_client_auth_san_dns: 'shop' }],
  ['the URI is a part', { tls_client_auth_san_uri: 'spiffe://x/sho' }],
  ['nothing is registered', {}],
])('refuses where %s', async (_what, name) => {
  expect(await fault(pki(name), shows('shop'))).toBe('certificate_other_name')
})

test('a secret beside the certificate, or in its place, does not count (RFC 7591 2)', async () => {
  const record = pki({ tls_client_auth_subject_dn: DN })
  for (const shown of [shows('shop'), undefined])
    expect(await fault(record, shown, { form: { client_secret: 'secret' } })).toBe('client_secret_post')
})

test('a certificate is no authentication of a client that is registered for another way', async () => {
  for (const token_endpoint_auth_method of ['client_secret_basic', 'private_key_jwt'] as const)
    expect(await fault(client({ token_endpoint_auth_method }), shows('shop'))).toBe('none')
  expect(await fault(client({}), shows('shop'))).toBe('none')
})

const keyOf = (name: string): Jwk => ({ ...x509(name).publicKey.export({ format: 'jwk' }) })
const x5cOf = (name: string): Jwk => ({ ...keyOf(name), x5c: [x509(name).raw.toString('base64')] })
const selfSigned = (...keys: Jwk[]) =>
  client({ token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks: { keys } })

test.each<[string, () => Jwk[]]>([
  ['its certificate', () => [x5cOf('self')]],
  ['its key', () => [keyOf('self')]],
  ['several', () => [keyOf('self2'), { kty: 'XX' }, x5cOf('self')]],
])('takes a certificate that signed itself from a client that registered %s (RFC 8705 2.2)', async (_what, keys) => {
  const shown = shows('self', { verified: false })
  expect(await authenticate(selfSigned(...keys()), shown)).toMatchObject({ authMethod: 'self_signed_tls_client_auth' })
})

test.each<[string, () => Jwk[]]>([
  ['another certificate with the same subject', () => [x5cOf('self2')]],
  ['another key', () => [keyOf('self2')]],
  ['another certificate of its key', () => [{ ...keyOf('self'), x5c: x5cOf('self2').x5c }]],
  ['a certificate that is none', () => [{ ...keyOf('self'), x5c: ['AAAA'] }]],
  ['an x5c that is no list', () => [{ ...keyOf('self'), x5c: 'AAAA' }]],
  ['an empty x5c', () => [{ ...keyOf('self'), x5c: [] }]],
  ['a key that cannot be read', () => [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }]],
  ['another kind of key', () => [{ ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) }]],
])('refuses one where the client registered %s (RFC 8705 2.2)', async (_what, keys) => {
  expect(await fault(selfSigned(...keys()), shows('self'))).toBe('certificate_other_key')
  expect(await fault(selfSigned(...keys()), undefined)).toBe('certificate_missing')
})

test('a certificate that an authority vouches for is not one that the client registered', async () => {
  expect(await fault(selfSigned(x5cOf('self')), shows('shop'))).toBe('certificate_other_key')
})

test('keys behind an address are fetched again where the certificate is not among them (RFC 8705 2.2.2)', async () => {
  const metadata: ClientMetadata = {
    token_endpoint_auth_method: 'self_signed_tls_client_auth',
    jwks_uri: 'https://shop.example/jwks',
  }
  const asked: (string | undefined)[] = []
  const remote = async (_uri: string, kid: string | undefined) => {
    asked.push(kid)
    return kid === undefined ? [x5cOf('self2')] : [x5cOf('self2'), x5cOf('self')]
  }
  expect(await authenticate(client(metadata), shows('self'), { remote })).toBeDefined()
  expect(asked).toEqual([undefined, shows('self').thumbprint])
  expect(await fault(client(metadata), shows('other'), { remote })).toBe('certificate_other_key')
})
