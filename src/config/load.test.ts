import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ConfigError } from '../kernel/errors.ts'
import { loadConfig } from './load.ts'
import { publishedSchema } from './schema.ts'
import { readKek, readPreviousKek } from './secrets.ts'
import { MASK, showConfig } from './show.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (text: string) => {
  const path = join(folder, 'sallyport.yaml')
  writeFileSync(path, text)
  return path
}
const refusal = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}
const load = (text: string, env: Record<string, string> = {}, settings: string[] = []) =>
  loadConfig({ file: file(text), env, settings })

test('has a safe default for everything: loopback, SQLite, no trusted proxy, no trusted bundle key', () => {
  const config = load('')
  expect(config.auth).toMatchObject({ host: '127.0.0.1', port: 8080, trusted_proxies: [] })
  expect(config.policy).toMatchObject({ host: '127.0.0.1', port: 8181, deadline_ms: 1000, credentials: [] })
  expect(config.policy.bundle.keys).toEqual([])
  expect(config.store.kind).toBe('sqlite')
})

test('lets the environment override the file, and flags override both', () => {
  const text = 'auth:\n  port: 1001\npolicy:\n  port: 1002\nlog:\n  level: warn\n'
  const config = load(text, { AUTH_PORT: '2001', SALLYPORT_POLICY__PORT: '2002' }, ['policy.port=3002'])
  expect([config.auth.port, config.policy.port, config.log.level]).toEqual([2001, 3002, 'warn'])
})

test('reads lists from the environment, and paths against the folder of the file that names them', () => {
  const config = load('store: {path: data/s.sqlite}', { SALLYPORT_AUTH__TRUSTED_PROXIES: '10.0.0.0/8, ::1' })
  expect(config.auth.trusted_proxies).toEqual(['10.0.0.0/8', '::1'])
  expect(config.store.path).toBe(join(folder, 'data/s.sqlite'))
})

test.each([
  ['services: [{name: a, url: "http://10.0.0.1"}]', /sallyport\.yaml:1: services\.0\.url must be an https address/],
  ['services: [{name: a, url: "https://:secret@h/x"}]', /services\.0\.url must be an https address/],
  ['issuer: "https://:secret@h"', /sallyport\.yaml:1: issuer must be an http\(s\) address/],
  ['policy: {url: "https://:secret@h"}', /policy\.url must hold no user and no password/],
  ['services: [{name: a, url: "https://h?t=secret"}]', /services\.0\.url must be an https address without query/],
  ['services: [{name: a, url: "https://h"}, {name: a, url: "https://h"}]', /services\.1\.name is used twice/],
  ['services: [{name: a, url: "https://h", credentials: {bearer: {}}}]', /bearer needs token or token_file/],
  [
    'services: [{name: a, url: "https://h", credentials: {oauth2: {token_url: "http://h", client_id: c}}}]',
    /oauth2\.token_url must be an https address/,
  ],
  ['auth:\n  prot: 1', /sallyport\.yaml:2: auth\.prot is no known setting/],
  ['issuer: http://localhost\nauth:\n  port: eighty', /sallyport\.yaml:3: auth\.port must be integer/],
  ['auth:\n  port: 70000', /sallyport\.yaml:2: auth\.port must be <= 65535/],
  ['store:\n  kind: oracle', /sallyport\.yaml:2: store\.kind must be one of sqlite, redis/],
  [
    'policy:\n  bundle:\n    keys:\n      - id: a\n        algorithm: none\n',
    /sallyport\.yaml:\d: policy\.bundle\.keys\.0/,
  ],
  [
    'policy:\n  bundle:\n    keys:\n      - {id: a, key_file: k, algorithm: HS1}',
    /sallyport\.yaml:4: .*algorithm must be one of/,
  ],
  ['auth: {}\nauth: {}', /sallyport\.yaml:2: /],
  ['auth:\n\tport: 1', /sallyport\.yaml:2: /],
  ['- a list', /sallyport\.yaml:1: must be a map/],
  ['kek_file: 5', /sallyport\.yaml:1: kek_file must be string/],
  ['toString: 1', /sallyport\.yaml:1: toString is no known setting/],
])('refuses %j with file and line', (text, message) => {
  expect(refusal(() => load(text))).toMatch(message)
})

test('names every wrong key at once', () => {
  expect(refusal(() => load('a: 1\nb: 2')).split('\n')).toHaveLength(2)
})

test('refuses wrong variables and flags by name, and passes over what Kubernetes injects', () => {
  expect(refusal(() => load('', { AUTH_PORT: 'x' }))).toMatch(/^environment AUTH_PORT: auth\.port must be integer/)
  expect(refusal(() => load('', { SALLYPORT_AUTH__PROT: '1' }))).toMatch(/^environment SALLYPORT_AUTH__PROT/)
  expect(refusal(() => load('', { SALLYPORT_ISUER: 'x' }))).toMatch(/^environment SALLYPORT_ISUER/)
  expect(refusal(() => load('', { SALLYPORT_AUTH: '{}' }))).toMatch(/^environment SALLYPORT_AUTH/)
  expect(refusal(() => load('', {}, ['auth.prot=1']))).toMatch(/^flag --set auth\.prot/)
  expect(refusal(() => load('', {}, ['constructor=1']))).toMatch(/^flag --set constructor/)
  expect(refusal(() => load('', {}, ['auth.port']))).toBe('flag --set auth.port: needs KEY=VALUE, e.g. auth.port=9000')
  const injected = { SALLYPORT_AUTH_PORT: 'tcp://10.0.0.1:80', SALLYPORT_AUTH_SERVICE_HOST: '10.0.0.1' }
  expect(load('', injected).auth.port).toBe(8080)
})

test.each([
  ['issuer: http://auth.example.com', /issuer must be https/],
  ['issuer: https://auth.example.com/', /final slash/],
  ['issuer: https://auth.example.com?x=1', /query/],
  ['issuer: http://localhost:8080/foo', /issuer must be .* without a path/],
  ['issuer: ftp://localhost', /http\(s\)/],
  ['auth: {host: 0.0.0.0}', /auth\.host plain http/],
  ['auth: {host: 127.evil.example}', /auth\.host plain http/],
  ['tls: terminated\npolicy: {host: 0.0.0.0}', /policy\.host .* policy\.credentials/],
  ['policy: {url: "http://policy.internal"}', /policy\.url must be an https/],
  ['store: {kind: redis}', /store\.kind redis needs store\.redis/],
  ['store: {kind: redis, redis: {nodes: ["h:1"], mode: sentinel}}', /sentinel_name/],
  ['auth: {tls: {cert_file: c}}', /auth\.tls/],
  ['auth: {tls: {cert_file: c, key_file: k, minimum_version: "1.1"}}', /minimum_version must be one of 1\.2, 1\.3/],
  ['auth: {mtls: {}}', /auth\.mtls\.from tls needs auth\.tls/],
  ['auth: {mtls: {from: header}}', /auth\.mtls\.from header needs auth\.trusted_proxies/],
  [
    'auth: {mtls: {from: header, port: 1}, trusted_proxies: [10.0.0.1]}',
    /auth\.mtls\.port is for certificates from tls/,
  ],
  ['auth: {mtls: {header: X}, tls: {cert_file: c, key_file: k}}', /auth\.mtls\.header is for/],
  ['auth: {mtls: {url: "http://a.example"}, tls: {cert_file: c, key_file: k}}', /auth\.mtls\.url must be an https/],
  ['policy: {client_tls: {cert_file: c}}', /policy\.client_tls\.cert_file needs the other half/],
  ['store: {kind: redis, redis: {nodes: ["h:1"], tls: true, key_file: k}}', /redis\.key_file needs the other half/],
  ['store: {kind: redis, redis: {nodes: ["h:1"], cert_file: c, key_file: k}}', /set tls: true/],
  ['keys: {rotate_seconds: 3600, publish_seconds: 7200}', /keys\.rotate_seconds must be keys\.publish_seconds or more/],
  ['keys: {publish_seconds: 419}', /keys\.publish_seconds must be >= 420/],
  ['keys: {retire_seconds: 86400}', /keys\.retire_seconds must be >= 89520/],
  ['keys: {algorithms: []}', /keys\.algorithms must not have fewer than 1/],
  ['keys: {algorithms: [ES256, HS256]}', /keys\.algorithms\.1 must be one of ES256, EdDSA, PS256, RS256/],
  ['keys: {algorithms: [ES256, ES256]}', /keys\.algorithms must not have duplicate/],
  ['keys: {rsa_bits: 1024}', /keys\.rsa_bits must be >= 2048/],
  ['kek_previous: a\nkek_previous_file: b', /kek_previous_file is set as well as kek_previous/],
  ['auth: {trusted_proxies: [10.0.0.0/33]}', /trusted_proxies\.0/],
  ['auth: {trusted_proxies: [everyone]}', /trusted_proxies\.0/],
  [
    'policy: {bundle: {keys: [{id: a, key_file: k, algorithm: ES256}, {id: a, key_file: k, algorithm: ES256}]}}',
    /used twice/,
  ],
])('refuses what is unsafe together: %s', (text, message) => {
  expect(refusal(() => load(text))).toMatch(message)
})

test('lets a service leave loopback where it ends TLS itself', () => {
  const tls = 'tls: {cert_file: c, key_file: k}'
  expect(load(`auth: {host: 0.0.0.0, ${tls}}`).auth.host).toBe('0.0.0.0')
  expect(load(`auth: {host: 0.0.0.0, ${tls}}`).auth.tls?.minimum_version).toBe('1.3')
})

test('lets plain http leave loopback where TLS is ended outside', () => {
  expect(load('issuer: https://auth.example.com\ntls: terminated\nauth: {host: 0.0.0.0}').auth.host).toBe('0.0.0.0')
})

test('shows what is in force and masks every secret', () => {
  const kek = Buffer.alloc(32, 7).toString('base64')
  const previous = Buffer.alloc(32, 8).toString('base64')
  const env = { SALLYPORT_KEK: kek, SALLYPORT_KEK_PREVIOUS: previous, SALLYPORT_STORE__REDIS__PASSWORD: 'canary' }
  const shown = showConfig(load('store: {kind: redis, redis: {nodes: ["h:1"]}}', env))
  expect(shown).not.toContain('canary')
  expect(shown).not.toContain(kek)
  expect(shown).not.toContain(previous)
  expect(shown).toContain(`kek: ${MASK}`)
  expect(shown).toContain('port: 8080')
})

test('reads the envelope key from the environment or a file, and refuses other lengths without showing it', () => {
  const kek = Buffer.alloc(32, 7)
  expect(readKek(load('', { SALLYPORT_KEK: kek.toString('base64') }))).toEqual(kek)
  writeFileSync(join(folder, 'kek'), `${kek.toString('base64')}\n`)
  expect(readKek(load('kek_file: kek'))).toEqual(kek)
  expect(readPreviousKek(load('kek_file: kek'))).toBeUndefined()
  expect(readPreviousKek(load('', { SALLYPORT_KEK_PREVIOUS: kek.toString('base64') }))).toEqual(kek)
  expect(readPreviousKek(load('kek_previous_file: kek'))).toEqual(kek)
  const short = Buffer.alloc(16, 7).toString('base64')
  expect(refusal(() => readKek(load('', { SALLYPORT_KEK: short })))).toMatch(/32 bytes/)
  expect(refusal(() => readKek(load('', { SALLYPORT_KEK: short })))).not.toContain(short)
  expect(refusal(() => readKek(load('')))).toMatch(/SALLYPORT_KEK/)
  expect(refusal(() => readKek(load('kek_file: missing')))).toMatch(/cannot be read/)
})

test('publishes a schema in which what has a default may be left out', () => {
  const schema = JSON.stringify(publishedSchema())
  expect(schema).toContain('"$schema"')
  expect(publishedSchema()).not.toHaveProperty('required')
  expect(publishedSchema()).toHaveProperty(
    ['properties', 'policy', 'properties', 'credentials', 'items', 'required'],
    ['identity', 'token_file'],
  )
})
