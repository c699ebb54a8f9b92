import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { federationProviders } from '../cli/federation/settings.ts'
import { loadConfig } from './load.ts'
import { MASK, showConfig } from './show.ts'

const folder = mkdtempSync(join(tmpdir(), 'federation-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const load = (...providers: readonly object[]) => {
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, stringify({ federation: { providers } }))
  return loadConfig({ file, env: {} })
}
const GOOGLE = { id: 'google', kind: 'google', client_id: 'c', client_secret_env: 'GOOGLE_SECRET' }
const TENANT = '7b1f2c3d-0000-4000-8000-1234567890ab'
const PIN = `${'A'.repeat(43)}=`
const OTHER = `${'B'.repeat(43)}=`

test('a provider needs an id, a kind and a client; the preset knows the rest', () => {
  const config = load(
    GOOGLE,
    { ...GOOGLE, id: 'work', kind: 'microsoft', tenant: TENANT },
    { ...GOOGLE, id: 'github', kind: 'github' },
    { ...GOOGLE, id: 'own', kind: 'oidc', issuer: 'https://idp.example', display_name: 'Our own' },
  )
  const providers = federationProviders(config, { GOOGLE_SECRET: 's' })
  expect(providers.map(({ issuer, displayName, clientSecret }) => [issuer, displayName, clientSecret])).toEqual([
    ['https://accounts.google.com', 'Google', 's'],
    [`https://login.microsoftonline.com/${TENANT}/v2.0`, 'Microsoft', 's'],
    ['https://github.com', 'GitHub', 's'],
    ['https://idp.example', 'Our own', 's'],
  ])
  expect(providers[2]).toMatchObject({ apiUrl: 'https://api.github.com', scopes: ['read:user', 'user:email'] })
  expect(providers[0]).toMatchObject({
    dpop: 'auto',
    keepTokens: 'id_token',
    breaker: { failures: 5, resetMs: 10_000 },
  })
})

test('secrets come from a file or the environment, and are never shown', () => {
  writeFileSync(join(folder, 'secret'), 'from a file\n')
  const { client_secret_env: _, ...bare } = GOOGLE
  const [provider] = federationProviders(load({ ...bare, client_secret_file: 'secret' }))
  expect(provider?.clientSecret).toBe('from a file')
  expect(() => federationProviders(load(GOOGLE), {})).toThrow(/google: the environment variable GOOGLE_SECRET holds no/)
  const shown = parse(showConfig(load({ ...bare, client_secret: 'plain' })))
  expect(shown.federation.providers[0].client_secret).toBe(MASK)
})

test.each<[string, readonly object[], RegExp]>([
  ['oidc without an issuer', [{ ...GOOGLE, kind: 'oidc' }], /providers\.0\.issuer is what kind oidc is known by/],
  ['microsoft without a tenant (nOAuth)', [{ ...GOOGLE, kind: 'microsoft' }], /tenant is needed: .*nOAuth/],
  ['microsoft for everybody', [{ ...GOOGLE, kind: 'microsoft', tenant: 'common' }], /providers\.0\.tenant/],
  [
    'an issuer of another tenant',
    [{ ...GOOGLE, kind: 'microsoft', tenant: TENANT, issuer: 'https://login.microsoftonline.com/common/v2.0' }],
    /issuer must be that of the tenant/,
  ],
  ['a tenant elsewhere', [{ ...GOOGLE, tenant: TENANT }], /tenant is for kind microsoft/],
  [
    'a domain elsewhere',
    [{ ...GOOGLE, kind: 'github', hosted_domain: 'e.example' }],
    /hosted_domain is for kind google/,
  ],
  ['an API elsewhere', [{ ...GOOGLE, api_url: 'https://a.example' }], /api_url is for kind github/],
  ['plain http', [{ ...GOOGLE, issuer: 'http://idp.example' }], /issuer must be an https address/],
  ['one pin without a backup (RFC 7469 4.3)', [{ ...GOOGLE, pins: [PIN] }], /pins need a backup/],
  ['one pin twice', [{ ...GOOGLE, pins: [PIN, PIN] }], /pins need a backup/],
  ['what is no pin', [{ ...GOOGLE, pins: ['sha256/x', OTHER] }], /pins\.0/],
  ['no secret', [{ id: 'a', kind: 'google', client_id: 'c' }], /needs one of client_secret_file/],
  ['two secrets', [{ ...GOOGLE, client_secret: 's' }], /needs one of client_secret_file/],
  ['a secret that is not shown', [{ ...GOOGLE, token_endpoint_auth_method: 'none' }], /none shows no secret/],
  ['two of one id', [GOOGLE, GOOGLE], /providers\.1\.id is that of another provider/],
  ['an id that is an address of ours', [{ ...GOOGLE, id: 'callback' }], /id is a word of our own addresses/],
  ['an id that is no part of an address', [{ ...GOOGLE, id: 'A/B' }], /providers\.0\.id/],
  ['what is no target', [{ ...GOOGLE, allow: ['http://x'] }], /allow must hold hosts/],
  ['an unknown setting', [{ ...GOOGLE, tennant: 'x' }], /tennant is no known setting/],
])('refuses %s', (_, providers, message) => {
  expect(() => load(...providers)).toThrow(message)
})

test('two pins will do', () => {
  expect(load({ ...GOOGLE, pins: [PIN, OTHER] }).federation.providers[0]?.pins).toEqual([PIN, OTHER])
})
