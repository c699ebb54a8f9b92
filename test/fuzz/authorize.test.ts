/**
 * Fuzz of authorization requests, by query, body and pushed: nothing ends in a 500 or a hang, nobody is sent to an address that
 * the client did not register, and every answer to a client carries iss (checklist 1, 2, 6, 52). RFC 6749 4.1.1, RFC 9126.
 */
import { Pool } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Random } from '../../src/policy-engine/builtins/encoding/random.ts'
import { parametersOf, registerClient } from '../flows/authorization.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { fuzz } from './fuzz.ts'
import { mutateJson, mutateText } from './mutate.ts'

const ANSWER_WITHIN_MS = 20_000
const AT_ONCE = 16
const WEB = 'https://rp.example/cb?tenant=a%2Fb'
const LOOPBACK = 'http://127.0.0.1/cb'
const SCHEME = 'com.example.app:/cb'

let service: TestService
let pool: Pool

beforeAll(async () => {
  service = await startAuthService()
  const redirectUris = [WEB, LOOPBACK, SCHEME]
  await registerClient(service, 'native', { application_type: 'native' }, { redirectUris, type: 'public' })
  pool = new Pool(service.issuer, { connections: AT_ONCE, headersTimeout: ANSWER_WITHIN_MS })
})
afterAll(async () => {
  await pool?.destroy()
  await service?.close()
})

const CLAIMS = {
  userinfo: { name: { essential: true, value: 'A', values: ['A', 'B'] }, email: null },
  id_token: { acr: { essential: true, values: ['urn:sallyport:acr:password'] }, sub: { value: 's' }, auth_time: null },
}

const base = (redirect_uri: string): Record<string, string> => ({
  ...parametersOf({ id: 'native' }, { redirect_uri, scope: 'openid profile' }),
  response_mode: 'query',
  prompt: 'login consent',
  max_age: '10',
  acr_values: 'urn:sallyport:acr:password urn:x',
  claims: JSON.stringify(CLAIMS),
  login_hint: 'ada@example.com',
  id_token_hint: 'eyJ.eyJ.sig',
  ui_locales: 'de-CH en',
  resource: 'urn:sallyport:default',
  dpop_jkt: 'k'.repeat(43),
})

const ODD = [
  '',
  ' ',
  '\u0000',
  '%',
  '[]',
  '{}',
  'null',
  '__proto__',
  'none',
  'x'.repeat(5000),
  '🌊',
  '../',
  '-1',
  '1e9',
] as const

/** What a person's browser brings, with something of it changed, added, left out or repeated. */
function change(random: Random, parameters: Record<string, string>): URLSearchParams {
  const names = Object.keys(parameters)
  const changed = new URLSearchParams(parameters)
  if (!random.chance(3)) changed.delete('id_token_hint')
  for (let times = random.between(0, 3); times > 0; times -= 1) {
    const name = names[random.below(names.length)] ?? 'scope'
    const value = parameters[name] ?? ''
    switch (random.below(6)) {
      case 0:
        changed.delete(name)
        break
      case 1:
        changed.append(name, value)
        break
      case 2:
        changed.set(name, random.pick(...ODD))
        break
      case 3:
        changed.append(
          random.pick('request', 'request_uri', 'extra', '__proto__', 'client_secret'),
          random.pick(...ODD),
        )
        break
      case 4:
        changed.set('claims', JSON.stringify(mutateJson(random, CLAIMS)))
        break
      default:
        changed.set(name, mutateText(random, value).toString('utf8'))
    }
  }
  return changed
}

/** By another way than the service's: the parts that a URL parser gives, and the text as it was registered. */
function isOwn(uri: string): boolean {
  if (uri === WEB || uri === LOOPBACK || uri === SCHEME) return true
  const [, port] = /^http:\/\/127\.0\.0\.1:([1-9]\d{0,4})\/cb$/.exec(uri) ?? []
  return port !== undefined && Number(port) <= 65_535
}

/** Where an answer to the client went, without what it carries. */
function wentTo(location: string): { readonly uri: string; readonly answer: URLSearchParams } {
  const [head = '', fragment] = location.split('#')
  if (fragment !== undefined) return { uri: head, answer: new URLSearchParams(fragment) }
  const at = Math.max(head.search(/[?&](error|code)=/), 0)
  return { uri: head.slice(0, at), answer: new URLSearchParams(head.slice(at + 1)) }
}

async function ask(random: Random, redirectUri: string) {
  const parameters = change(random, base(redirectUri))
  const how = random.pick('query', 'body', 'pushed')
  const path = how === 'pushed' ? '/oauth/par' : '/oauth/authorize'
  const answer = await pool.request(
    how === 'query'
      ? { method: 'GET', path: `${path}?${parameters}` }
      : {
          method: 'POST',
          path,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: parameters.toString(),
        },
  )
  const text = await answer.body.text()
  const location = String(answer.headers.location ?? '')
  const request = `${how} ${parameters}`
  // 431: a query that is longer than the headers may be.
  expect([200, 201, 303, 400, 401, 403, 431], request).toContain(answer.statusCode)
  expect(answer.statusCode === 303, request).toBe(location !== '')
  const mode =
    answer.statusCode === 200 ? 'form' : location.startsWith('/') ? 'page of ours' : String(answer.statusCode)
  if (mode === '303') {
    const { uri, answer: told } = wentTo(location)
    expect(isOwn(uri), `${request} → ${location}`).toBe(true)
    expect(told.get('iss'), request).toBe(service.issuer)
    expect(told.has('error'), request).toBe(true)
  }
  if (mode === 'form') expect(text, request).toContain(`name="iss" value="${service.issuer}"`)
  return { said: `${how} ${mode}`, deep: ['201', '303', 'form', 'page of ours'].includes(mode) }
}

it('any parameter: an answer, to the client itself, with iss, or on a page (checklist 2, 6, 52)', async () => {
  await fuzz('authorization requests', (random) => ask(random, random.pick(WEB, LOOPBACK, SCHEME)), { atOnce: AT_ONCE })
})

/** Changes that parsers of URLs read in different ways. */
function otherUri(random: Random): string {
  const uri = random.pick(WEB, LOOPBACK, SCHEME, 'http://127.0.0.1:4000/cb')
  if (random.chance(3)) return uri
  const at = random.below(uri.length + 1)
  const odd = random.pick(
    '@',
    '#',
    '?',
    '/',
    '\\',
    '%2f',
    '%00',
    '\t',
    ' ',
    ':',
    ':80',
    '.',
    '..',
    '//',
    ';',
    '\u212a',
    '0',
  )
  if (random.chance(2)) return uri.slice(0, at) + odd + uri.slice(at)
  return random.chance(2)
    ? mutateText(random, uri).toString('utf8')
    : random.pick(uri.toUpperCase(), `${uri}/`, `${uri}#`)
}

it('any redirect URI: gone to only where it is the client’s own, byte for byte (RFC 9700 2.1, RFC 8252 7.3; checklist 1, 2)', async () => {
  const taken = new Set<string>()
  await fuzz(
    'redirect URIs',
    async (random) => {
      const uri = otherUri(random)
      const query = new URLSearchParams(parametersOf({ id: 'native' }, { redirect_uri: uri, prompt: 'none' }))
      const { statusCode, headers, body } = await pool.request({ method: 'GET', path: `/oauth/authorize?${query}` })
      await body.text()
      expect([303, 400], uri).toContain(statusCode)
      expect(statusCode === 303, uri).toBe(isOwn(uri))
      if (statusCode === 303) {
        expect(String(headers.location).startsWith(uri), uri).toBe(true)
        taken.add(uri)
      }
      return { said: String(statusCode), deep: true }
    },
    { atOnce: AT_ONCE },
  )
  expect(taken.size).toBeGreaterThan(3)
})
