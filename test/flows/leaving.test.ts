/**
 * Nobody's link leads through us to an address that its client registered by itself: where nobody is signed in, the person
 * reads where it leads first. RFC 9700 4.11.2, RP-Initiated Logout 1.0 3; checklist 2, 3.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestOf } from '../../src/kernel/ids.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { REDIRECT_URI } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { registerClient } from './observe-registration.ts'
import { addClient, BYE, signIn } from './signed-in.ts'

const PHISH = 'https://evil.example/phish?x=1'
const CB = 'https://evil.example/cb'

let service: TestService
let evil: string

beforeAll(async () => {
  service = await startAuthService()
  const token = await clientToken(service.issuer, service.population.admin, 'register')
  const { body } = await registerClient(service, token, {
    redirect_uris: [REDIRECT_URI, CB],
    post_logout_redirect_uris: [PHISH],
    scope: 'openid email',
  })
  evil = String(body.client_id)
})
afterAll(() => service.close())

const ask = (path: string, query: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${service.issuer}${path}?${new URLSearchParams(query)}`, { redirect: 'manual', headers }).then(
    async (answer) => ({ status: answer.status, headers: answer.headers, text: await answer.text() }),
  )

const isAsked = ({ status, headers, text }: Awaited<ReturnType<typeof ask>>, expected: number): void => {
  expect([status, headers.get('location')]).toEqual([expected, null])
  expect(headers.get('content-security-policy')).not.toContain('script-src')
  expect(text).not.toContain('http-equiv="refresh"')
  expect(text).toContain('<strong>evil.example</strong>')
}
/** What the link of the page leads to. */
const linkIn = (text: string): string =>
  (/<a href="([^"]*)" rel="noreferrer">Continue to evil\.example</.exec(text)?.[1] ?? '').replaceAll('&amp;', '&')

describe('an error of the authorization endpoint', () => {
  const wrong = { redirect_uri: CB, response_type: 'token', state: 'a"b' }

  test('is a page that names the host, and goes on when the person does (RFC 9700 4.11.2)', async () => {
    const page = await ask('/oauth/authorize', { ...wrong, client_id: evil })
    isAsked(page, 400)
    const to = new URL(linkIn(page.text))
    expect(`${to.origin}${to.pathname}`).toBe(CB)
    expect(Object.fromEntries(to.searchParams)).toEqual({
      error: 'unsupported_response_type',
      error_description: expect.any(String),
      state: 'a"b',
      iss: service.issuer,
    })
  })

  test('by form_post has a form that nothing sends, and that leads there only', async () => {
    const page = await ask('/oauth/authorize', { ...wrong, client_id: evil, response_mode: 'form_post' })
    isAsked(page, 400)
    expect(page.text).toContain(`<form method="post" action="${CB}">`)
    expect(page.headers.get('content-security-policy')).toContain(`form-action ${CB};`)
  })

  test('goes to the client by itself where an administrator registered it, and where its person is signed in', async () => {
    const known = await addClient(service.store, 'known', {}, { redirectUris: [CB] })
    const answer = await ask('/oauth/authorize', { ...wrong, client_id: known.id })
    expect([answer.status, answer.headers.get('location')?.startsWith(`${CB}?error=`)]).toEqual([303, true])
    const browser = new Browser(service.issuer)
    await signIn(service, browser, await addClient(service.store, 'home'))
    const query = new URLSearchParams({ ...wrong, client_id: evil })
    const { left } = await browser.visit(`${service.issuer}/oauth/authorize?${query}`)
    expect(left?.searchParams.get('error')).toBe('unsupported_response_type')
  })

  test('prompt=none is answered at once in a frame, and asked about as a page (OIDC Core 3.1.2.1)', async () => {
    const query = {
      client_id: evil,
      redirect_uri: CB,
      response_type: 'code',
      scope: 'openid',
      prompt: 'none',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    }
    const framed = await ask('/oauth/authorize', query, { 'sec-fetch-dest': 'iframe' })
    const location = new URL(framed.headers.get('location') ?? '')
    expect([framed.status, location.searchParams.get('error')]).toEqual([303, 'login_required'])
    const opened = await ask('/oauth/authorize', query, { 'sec-fetch-dest': 'document' })
    isAsked(opened, 400)
    expect(new URL(linkIn(opened.text)).searchParams.get('error')).toBe('login_required')
  })
})

describe('a sign-out with nobody signed in', () => {
  const bye = { post_logout_redirect_uri: PHISH, state: 's' }

  test('is a page that names the host (RP-Initiated Logout 1.0 3; RFC 9700 4.11.2)', async () => {
    const page = await ask('/oauth/logout', { ...bye, client_id: evil })
    isAsked(page, 200)
    expect(linkIn(page.text)).toBe(`${PHISH}&state=s`)
  })

  test('so it is with an ID token, which whoever registered the client can get for themselves', async () => {
    const registration = { tokenDigest: digestOf('t'), consent: 'once' } as const
    const own = await addClient(service.store, 'of-itself', { post_logout_redirect_uris: [PHISH] }, { registration })
    const { id_token: hint } = await signIn(service, new Browser(service.issuer), own)
    isAsked(await ask('/oauth/logout', { ...bye, id_token_hint: String(hint) }), 200)
  })

  test('goes back at once to a client that an administrator registered', async () => {
    const known = await addClient(service.store, 'known-here')
    const { status, headers } = await ask('/oauth/logout', { client_id: known.id, post_logout_redirect_uri: BYE })
    expect([status, headers.get('location')]).toEqual([303, BYE])
  })
})
