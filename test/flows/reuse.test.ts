/** Codes and refresh tokens are good once, however many ask at once; reuse ends all that came of them. Checklist 7, 21, 51. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { codeFor, isActive, post, tokensFor } from './requests.ts'

let service: TestService

beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service.close())

const PARALLEL = 50
const SCOPE = 'openid offline_access orders:read'

const refresh = (token: unknown) =>
  post(service, '/oauth/token', service.population.web, { grant_type: 'refresh_token', refresh_token: String(token) })
const eventsOf = (event: string) => service.audits.filter((audit) => audit.event === event)

test('of 50 parallel redemptions of one code one succeeds, and its tokens end with the reuse (RFC 6749 4.1.2)', async () => {
  const { form } = await codeFor(service, service.population.web, SCOPE)
  const answers = await Promise.all(
    Array.from({ length: PARALLEL }, () => post(service, '/oauth/token', service.population.web, form)),
  )
  const won = answers.filter(({ status }) => status === 200)
  expect(won).toHaveLength(1)
  for (const { status, body } of answers.filter((answer) => !won.includes(answer)))
    expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_grant' })
  expect(await isActive(service, won[0]?.body.access_token)).toBe(false)
  expect((await refresh(won[0]?.body.refresh_token)).body.error).toBe('invalid_grant')
  expect(eventsOf('code_reuse').length).toBeGreaterThan(0)
  expect(eventsOf('grant_revoked').length).toBeGreaterThan(0)
})

test('of 50 parallel uses of one refresh token one succeeds, and the family ends (RFC 9700 4.14.2)', async () => {
  const tokens = await tokensFor(service, service.population.web, SCOPE)
  const answers = await Promise.all(Array.from({ length: PARALLEL }, () => refresh(tokens.refresh_token)))
  const won = answers.filter(({ status }) => status === 200)
  expect(won).toHaveLength(1)
  for (const token of [tokens.access_token, won[0]?.body.access_token])
    expect(await isActive(service, token)).toBe(false)
  expect((await refresh(won[0]?.body.refresh_token)).body.error).toBe('invalid_grant')
  expect(eventsOf('refresh_token_reuse').length).toBeGreaterThan(0)
})

test('refuses a second use of the code and revokes what it gave (RFC 6749 4.1.2)', async () => {
  const { form } = await codeFor(service, service.population.web, SCOPE)
  const first = await post(service, '/oauth/token', service.population.web, form)
  expect(await isActive(service, first.body.access_token)).toBe(true)
  expect((await post(service, '/oauth/token', service.population.web, form)).body.error).toBe('invalid_grant')
  expect(await isActive(service, first.body.access_token)).toBe(false)
})

test('a code is bound to its client, its redirect URI and its verifier (RFC 6749 4.1.3, RFC 7636 4.6)', async () => {
  const { web, other } = service.population
  const { form } = await codeFor(service, web, SCOPE)
  const { code_verifier: _verifier, ...withoutVerifier } = form
  const wrong = [
    post(service, '/oauth/token', web, withoutVerifier),
    post(service, '/oauth/token', other, form),
    post(service, '/oauth/token', web, { ...form, redirect_uri: `${form.redirect_uri}/` }),
    post(service, '/oauth/token', web, { ...form, code_verifier: 'x'.repeat(43) }),
  ]
  for (const { status, body } of await Promise.all(wrong))
    expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_grant' })
  expect((await post(service, '/oauth/token', web, form)).status).toBe(200)
})

test('PKCE stands for the redirect URI where a client leaves it out (OAuth 2.1 4.1.3; checklist 8)', async () => {
  const { web } = service.population
  const { form } = await codeFor(service, web, SCOPE)
  const { redirect_uri: _uri, ...withoutUri } = form
  const wrong = await post(service, '/oauth/token', web, { ...withoutUri, code_verifier: 'x'.repeat(43) })
  expect(wrong.body.error).toBe('invalid_grant')
  expect((await post(service, '/oauth/token', web, withoutUri)).status).toBe(200)
})

test('a code ends after a minute, a family when policy says, and neither is stretched by use (checklist 8, 22)', async () => {
  const own = await startAuthService()
  try {
    const { web } = own.population
    const late = await codeFor(own, web, SCOPE)
    const { body } = await post(own, '/oauth/token', web, (await codeFor(own, web, SCOPE)).form)
    own.advance(61)
    expect((await post(own, '/oauth/token', web, late.form)).body.error).toBe('invalid_grant')
    own.advance(29 * 24 * 3600)
    const form = (token: unknown) => ({ grant_type: 'refresh_token', refresh_token: String(token) })
    const second = await post(own, '/oauth/token', web, form(body.refresh_token))
    expect(second.status).toBe(200)
    own.advance(24 * 3600)
    expect((await post(own, '/oauth/token', web, form(second.body.refresh_token))).body.error).toBe('invalid_grant')
  } finally {
    await own.close()
  }
})

test('a refresh narrows the scope, never widens it, and the family keeps what it had (RFC 6749 6)', async () => {
  const { web } = service.population
  const tokens = await tokensFor(service, web, 'openid offline_access orders:read')
  const use = (token: unknown, scope: string) =>
    post(service, '/oauth/token', web, { grant_type: 'refresh_token', refresh_token: String(token), scope })
  const wider = await use(tokens.refresh_token, 'openid profile')
  expect(wider.body.error).toBe('invalid_scope')
  const narrow = await use(tokens.refresh_token, 'orders:read')
  expect(narrow.body).toMatchObject({ scope: 'orders:read' })
  expect(narrow.body.id_token).toBeUndefined()
  expect((await refresh(narrow.body.refresh_token)).body.scope).toBe('offline_access openid orders:read')
})

test('what a person or client loses, every token on it loses at once (docs/request-flow.md, epochs)', async () => {
  const { web, user } = service.population
  const tokens = await tokensFor(service, web, SCOPE)
  const machine = await post(service, '/oauth/token', web, { grant_type: 'client_credentials' })
  await service.store.users.revokeAll('default', user.sub)
  expect(await isActive(service, tokens.access_token)).toBe(false)
  expect((await refresh(tokens.refresh_token)).body.error).toBe('invalid_grant')
  expect(await isActive(service, machine.body.access_token)).toBe(true)
  await service.store.clients.revokeAll('default', web.id)
  expect(await isActive(service, machine.body.access_token)).toBe(false)
})
