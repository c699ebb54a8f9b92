/** How answers go back to the client: by query, fragment or form, errors as codes. RFC 9207; Multiple Response Types 2.1; Form Post. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formOf } from '../servers/browser.ts'
import { REDIRECT_URI } from '../servers/population.ts'
import { goThrough, parametersOf, redeemCode, registerClient, signedIn, told, urlOf } from './authorization.ts'
import { post } from './requests.ts'

let service: TestService

beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service.close())

const asking = (more: Record<string, string | undefined>) =>
  urlOf(service.issuer, parametersOf(service.population.web, more))

describe.each(['query', 'fragment', 'form_post'])('response_mode=%s', (mode) => {
  test('a code comes back by it, with state and iss (RFC 9207 2; checklist 6)', async () => {
    const page = await goThrough(new Browser(service.issuer), service, asking({ response_mode: mode }))
    const answer = told(page)
    expect(answer).toEqual({ code: expect.any(String), state: 'st&ate=1', iss: service.issuer })
    expect((await redeemCode(service, service.population.web, answer.code)).status).toBe(200)
    if (mode === 'form_post') expect(formOf(page).action).toBe(REDIRECT_URI)
    else expect(page.left?.href.startsWith(`${REDIRECT_URI}${mode === 'query' ? '?' : '#'}`)).toBe(true)
  })

  test.each([
    ['a malformed request', { max_age: 'soon' }, 'invalid_request'],
    ['a scope of nobody', { scope: 'openid gone' }, 'invalid_scope'],
    ['prompt=none and nobody there', { prompt: 'none' }, 'login_required'],
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
  ])('errors come back by it: %s (RFC 9207 2; checklist 6)', async (_, more, error) => {
    const page = await new Browser(service.issuer).visit(asking({ ...more, response_mode: mode }))
    expect(told(page)).toMatchObject({ error, state: 'st&ate=1', iss: service.issuer })
    expect(page.left === undefined).toBe(mode === 'form_post')
  })

  test.each(['login', 'consent'])('so does the refusal of the person on the %s page', async (where) => {
    const browser = where === 'login' ? new Browser(service.issuer) : await signedIn(service)
    const asked = await browser.visit(
      asking({ response_mode: mode, prompt: where === 'consent' ? 'consent' : undefined }),
    )
    expect(asked.url).toContain(`/${where}`)
    const page = await browser.submit(asked, { answer: 'deny' })
    expect(told(page)).toMatchObject({ error: 'access_denied', state: 'st&ate=1', iss: service.issuer })
  })
})

test('the form leads to the redirect URI and from there to where the client likes, and its scripts are files of ours with a nonce (checklist 10, 11)', async () => {
  const uris = ['https://rp.example/call;back,1?a=1', 'https://rp.example/']
  const client = await registerClient(service, 'form', {}, { redirectUris: uris, firstParty: true })
  const browser = await signedIn(service)
  const policies: (string | undefined)[] = []
  for (const redirect_uri of uris) {
    const parameters = parametersOf(client, { redirect_uri, response_mode: 'form_post', state: '"><script>' })
    const page = await browser.visit(urlOf(service.issuer, parameters))
    const policy = page.headers.get('content-security-policy') ?? ''
    const nonce = /script-src 'nonce-([A-Za-z0-9+/=]+)'/.exec(policy)?.[1]
    expect(nonce).toBeTruthy()
    expect(page.text.match(/<script[^>]*>/g)).toEqual([
      expect.stringMatching(/^<script nonce="[A-Za-z0-9+/=]+" src="\/assets\/[\w-]+\/send-once\.js" defer>$/),
      expect.stringMatching(/^<script nonce="[A-Za-z0-9+/=]+" src="\/assets\/[\w-]+\/form-post\.js" defer>$/),
    ])
    expect(page.text).toContain(`<script nonce="${nonce}" `)
    expect(page.text).toContain('<button class="primary" type="submit">Continue</button>')
    expect(policy).toContain("frame-ancestors 'none'")
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect(formOf(page).action).toBe(redirect_uri)
    policies.push(/form-action ([^;]*)/.exec(policy)?.[1])
  }
  expect(policies).toEqual(["'self' https:", "'self' https:"])
})

test.each([
  ['a mode that is none of ours', { response_mode: 'query.jwt' }],
  ['two modes', {}],
])('%s is an error, told by the mode of response_type=code', async (what, more) => {
  const twice = what === 'two modes' ? '&response_mode=fragment&response_mode=form_post' : ''
  const page = await new Browser(service.issuer).visit(`${asking(more)}${twice}`)
  expect(page.left?.searchParams.get('error')).toBe('invalid_request')
  expect(page.left?.searchParams.get('iss')).toBe(service.issuer)
})

test('a form is not sent to an app’s own scheme, which takes none', async () => {
  const uri = 'com.example.app:/cb'
  const app = await registerClient(
    service,
    'app',
    { application_type: 'native' },
    { redirectUris: [uri], type: 'public' },
  )
  const parameters = parametersOf(app, { redirect_uri: uri, response_mode: 'form_post' })
  const page = await new Browser(service.issuer).visit(urlOf(service.issuer, parameters))
  expect(page.left?.protocol).toBe('com.example.app:')
  expect(page.left?.searchParams.get('error')).toBe('invalid_request')
})

test('metadata name the modes, and that iss comes with every answer (RFC 8414 2, RFC 9207 3)', async () => {
  const metadata = await (await fetch(`${service.issuer}/.well-known/openid-configuration`)).json()
  expect(metadata).toMatchObject({
    response_modes_supported: ['query', 'fragment', 'form_post'],
    authorization_response_iss_parameter_supported: true,
  })
})

test('a state of 4096 characters comes back, also with an error; a longer one is refused by its limit (RFC 6749 4.1.1)', async () => {
  const browser = await signedIn(service)
  const state = 's'.repeat(4096)
  expect(told(await goThrough(browser, service, asking({ state })))).toMatchObject({ code: expect.any(String), state })
  expect(told(await browser.visit(asking({ state, prompt: 'none login' })))).toMatchObject({
    error: 'invalid_request',
    state,
  })
  const { error, error_description, state: none } = told(await browser.visit(asking({ state: `${state}s` })))
  expect([error, error_description, none]).toEqual([
    'invalid_request',
    'The parameter state has at most 4096 characters here.',
    undefined,
  ])
  const { web } = service.population
  const { status } = await post(service, '/oauth/par', web, parametersOf(web, { state }))
  expect(status).toBe(201)
})
