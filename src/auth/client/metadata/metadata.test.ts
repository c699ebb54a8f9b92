import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { expect, test } from 'vitest'
import type { ClientMetadata } from '../../../storage/client-metadata.ts'
import { METADATA_MEMBERS, readMembers } from './members.ts'
import { offeredWith } from './offered.ts'
import { blank, type ClientSettings, checkTogether } from './together.ts'

const OFFERED = offeredWith(['ES256'], { hasAuthorities: true })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more })
const keys = { keys: [jwk(ec.publicKey, { kid: 'a', use: 'sig', alg: 'ES256' })] }

const web: ClientSettings = {
  ...blank,
  name: 'Shop',
  redirectUris: ['https://shop.example/cb'],
  grantTypes: ['authorization_code'],
}
function register(sent: Readonly<Record<string, unknown>>, over: Partial<ClientSettings> = {}): ClientMetadata {
  const settings = { ...web, ...over }
  const metadata = readMembers(sent, settings.metadata, OFFERED)
  checkTogether({ ...settings, metadata }, OFFERED)
  return metadata
}

const WHOLE: Required<
  Omit<ClientMetadata, 'jwks_uri' | `tls_client_auth_san_${string}` | 'tls_client_auth_subject_dn' | 'pkce'>
> = {
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: 'ES256',
  assertion_audience: 'endpoint',
  jwks: keys,
  tls_client_certificate_bound_access_tokens: true,
  dpop_bound_access_tokens: true,
  require_pushed_authorization_requests: true,
  application_type: 'web',
  subject_type: 'pairwise',
  sector_identifier_uri: 'https://shop.example/sector.json',
  id_token_signed_response_alg: 'ES256',
  userinfo_signed_response_alg: 'ES256',
  introspection_signed_response_alg: 'ES256',
  default_max_age: 3600,
  require_auth_time: true,
  default_acr_values: ['urn:sallyport:acr:mfa'],
  initiate_login_uri: 'https://shop.example/start',
  post_logout_redirect_uris: ['https://shop.example/bye'],
  backchannel_logout_uri: 'https://shop.example/logout',
  backchannel_logout_session_required: true,
  frontchannel_logout_uri: 'https://shop.example/frame?a=b',
  frontchannel_logout_session_required: false,
  client_uri: 'https://shop.example/',
  logo_uri: 'https://cdn.example/logo.png',
  policy_uri: 'https://shop.example/policy',
  tos_uri: 'http://localhost:3000/terms',
  contacts: ['ops@shop.example'],
  software_id: '4NRB1-0XZABZI9E6-5SM3R',
  software_version: '2.1',
}

test('keeps every member as it was sent (RFC 7591 2)', () => {
  expect(register(WHOLE)).toEqual(WHOLE)
})

test('knows each member of the record once', () => {
  expect(new Set(METADATA_MEMBERS).size).toBe(METADATA_MEMBERS.length)
  for (const name of Object.keys(WHOLE)) expect(METADATA_MEMBERS).toContain(name)
})

test('takes what is no member as not sent, and null as taken away (RFC 7592 2.2)', () => {
  expect(
    register({ 'client_name#ja': 'x', jwks: null, tos_uri: null }, { metadata: { tos_uri: 'https://a.example/' } }),
  ).toEqual({})
})

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['an unknown method', { token_endpoint_auth_method: 'basic' }, 'token_endpoint_auth_method'],
  ['no authentication of a confidential client', { token_endpoint_auth_method: 'none' }, 'token_endpoint_auth_method'],
  ['private_key_jwt without keys', { token_endpoint_auth_method: 'private_key_jwt' }, 'jwks'],
  ['keys twice (RFC 7591 2)', { jwks: keys, jwks_uri: 'https://shop.example/jwks' }, 'jwks'],
  ['keys behind plain http (checklist 48)', { jwks_uri: 'http://localhost/jwks' }, 'jwks_uri'],
  ['a private key (RFC 7591 2)', { jwks: { keys: [jwk(ec.privateKey)] } }, 'jwks.keys[0]'],
  ['a symmetric key', { jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }, 'jwks.keys[0]'],
  ['a key that is none', { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }] } }, 'jwks.keys[0]'],
  [
    'a short RSA key (RFC 7518 3.3)',
    { jwks: { keys: [jwk(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)] } },
    'jwks.keys[0]',
  ],
  ['a set without keys', { jwks: { keys: [] } }, 'jwks'],
  ['a set that is a text', { jwks: '{"keys":[]}' }, 'jwks'],
  ['one kid for two keys', { jwks: { keys: [...keys.keys, ...keys.keys] } }, 'jwks'],
  ['alg none (RFC 8725 3.1; checklist 26)', { id_token_signed_response_alg: 'none' }, 'id_token_signed_response_alg'],
  ['an algorithm that is not offered', { userinfo_signed_response_alg: 'HS256' }, 'userinfo_signed_response_alg'],
  [
    'an assertion algorithm without assertions',
    { token_endpoint_auth_signing_alg: 'ES256' },
    'token_endpoint_auth_signing_alg',
  ],
  [
    'a MAC over private_key_jwt (checklist 26)',
    { token_endpoint_auth_method: 'private_key_jwt', jwks: keys, token_endpoint_auth_signing_alg: 'HS256' },
    'token_endpoint_auth_signing_alg',
  ],
  [
    'a signature over client_secret_jwt',
    { token_endpoint_auth_method: 'client_secret_jwt', token_endpoint_auth_signing_alg: 'ES256' },
    'token_endpoint_auth_signing_alg',
  ],
  [
    'tls_client_auth without a name (RFC 8705 2.1.2)',
    { token_endpoint_auth_method: 'tls_client_auth' },
    'tls_client_auth_subject_dn',
  ],
  [
    'tls_client_auth with two names',
    {
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_san_dns: 'a.example',
      tls_client_auth_san_ip: '192.0.2.1',
    },
    'tls_client_auth_san_ip',
  ],
  ['a certificate name without the method', { tls_client_auth_san_dns: 'a.example' }, 'tls_client_auth_san_dns'],
  [
    'an address that is none',
    { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_ip: '192.0.2' },
    'tls_client_auth_san_ip',
  ],
  [
    'a name that is none',
    { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'shop' },
    'tls_client_auth_subject_dn',
  ],
  [
    'self_signed_tls_client_auth without keys (RFC 8705 2.2.2)',
    { token_endpoint_auth_method: 'self_signed_tls_client_auth' },
    'jwks',
  ],
  ['a truth as text', { dpop_bound_access_tokens: 'true' }, 'dpop_bound_access_tokens'],
  ['an age below 0', { default_max_age: -1 }, 'default_max_age'],
  ['an age as text', { default_max_age: '60' }, 'default_max_age'],
  ['a page that is a script', { client_uri: 'javascript:alert(1)' }, 'client_uri'],
  ['a page on plain http', { logo_uri: 'http://shop.example/logo.png' }, 'logo_uri'],
  ['a page with a user name', { tos_uri: 'https://a@shop.example/' }, 'tos_uri'],
  ['an initiation on plain http', { initiate_login_uri: 'http://shop.example/start' }, 'initiate_login_uri'],
  ['a sector on plain http', { sector_identifier_uri: 'http://localhost/sector.json' }, 'sector_identifier_uri'],
  [
    'a front channel of somebody else',
    { frontchannel_logout_uri: 'https://other.example/frame' },
    'frontchannel_logout_uri',
  ],
  ['a session without a channel', { backchannel_logout_session_required: true }, 'backchannel_logout_session_required'],
  [
    'a fragment (OIDC Back-Channel Logout 2.2)',
    { backchannel_logout_uri: 'https://shop.example/x#y' },
    'backchannel_logout_uri',
  ],
  [
    'an open redirect at logout (checklist 3)',
    { post_logout_redirect_uris: ['https://shop.example/a', 'http://evil.example/'] },
    'post_logout_redirect_uris[1]',
  ],
  ['a level with a space', { default_acr_values: ['a b'] }, 'default_acr_values[0]'],
  ['contacts that are no list', { contacts: 'ops@shop.example' }, 'contacts'],
  ['a control character', { software_version: 'a\u0000' }, 'software_version'],
])('refuses %s, naming the field and no value', (_, sent, field) => {
  const fault = (() => {
    try {
      return register(sent)
    } catch (error) {
      return error
    }
  })()
  expect(fault).toMatchObject({ name: 'MetadataFault', field, code: 'invalid_client_metadata' })
  expect(String(fault)).not.toMatch(/evil|alert|AAAA/)
})

test('exempts no public client from PKCE (RFC 9700 2.1.1; checklist 4)', () => {
  const own = { type: 'public', grantTypes: ['authorization_code'] } as const
  expect(() => register({ pkce: 'optional' }, own)).toThrow('pkce')
  expect(register({ pkce: 'optional' })).toEqual({ pkce: 'optional' })
})

test.each<[string, 'confidential' | 'public', ClientMetadata['application_type'], boolean]>([
  ['a confidential client that says nothing', 'confidential', undefined, false],
  ['a public client that says nothing', 'public', undefined, true],
  ['a native client with a secret of its own', 'confidential', 'native', true],
  ['a public web client', 'public', 'web', false],
])('lets %s have a scheme of its own: %s %s %s (RFC 8252 7.1, OIDC Registration 2)', (_, type, application, taken) => {
  const sent = application === undefined ? {} : { application_type: application }
  const attempt = () => register(sent, { type, redirectUris: ['com.shop.app:/cb'] })
  if (taken) expect(attempt()).toEqual(sent)
  else expect(attempt).toThrow(/redirect_uris\[0\] must be https/)
})

test('a redirect URI that is wrong has a code of its own (RFC 7591 3.2.2)', () => {
  expect(() => register({}, { redirectUris: ['http://shop.example/cb'] })).toThrow(
    expect.objectContaining({ code: 'invalid_redirect_uri' }),
  )
})

test('keeps keys of kinds it does not know beside those it does (RFC 7517 5)', () => {
  const more = { keys: [...keys.keys, { kty: 'AKP', kid: 'b', alg: 'ML-DSA-44', pub: 'AAAA' }] }
  expect(register({ jwks: more })).toEqual({ jwks: more })
  expect(() => register({ jwks: { keys: more.keys.slice(1) } })).toThrow('jwks')
})

test('offers certificates only where somebody asks for them (RFC 8705 2)', () => {
  const take = (certificates: Parameters<typeof offeredWith>[1], method: string) => () =>
    readMembers({ token_endpoint_auth_method: method }, {}, offeredWith(['ES256'], certificates))
  const both = ['tls_client_auth', 'self_signed_tls_client_auth']
  for (const method of both) expect(take(undefined, method)).toThrow('token_endpoint_auth_method must be one of')
  expect(take({ hasAuthorities: false }, 'tls_client_auth')).toThrow('token_endpoint_auth_method')
  expect(take({ hasAuthorities: false }, 'self_signed_tls_client_auth')).not.toThrow()
  for (const method of both) expect(take({ hasAuthorities: true }, method)).not.toThrow()
})
