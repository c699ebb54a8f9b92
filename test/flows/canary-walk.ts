/** For tests: every endpoint is used with secrets in every field, rightly and wrongly. What should not be answered is kept. */
import { decodeJwt } from 'jose'
import type { Route } from '../../src/auth/route.ts'
import { Browser, formOf, type Visited } from '../servers/browser.ts'
import type { Deployment } from '../servers/deployment.ts'
import { REDIRECT_URI, type TestClient } from '../servers/population.ts'
import { adminToken, clientToken } from '../servers/provision.ts'
import type { Canaries } from './canaries.ts'
import { proveRightly } from './canary-proofs.ts'
import { registerClient } from './observe-registration.ts'
import { begin, discover } from './relying-party.ts'
import { basic, post } from './requests.ts'
import { BYE } from './signed-in.ts'

/** Names under which a request may carry a secret, or personal data. */
const FIELDS = [
  'password',
  'username',
  'userName',
  'email',
  'code',
  'code_verifier',
  'client_secret',
  'token',
  'access_token',
  'refresh_token',
  'id_token_hint',
  'login_hint',
  'assertion',
  'client_assertion',
  'form_token',
  'nonce',
  'new_password',
  'credential',
  'link',
  'device_code',
  'user_code',
] as const

const SCOPE = 'openid profile email offline_access orders:read'

/** What our own pages hold for whoever came with it: a page asks again, and links keep it. */
const SHOWN_AGAIN: readonly string[] = ['link', 'user_code']

/** Nothing in these names says that it is a secret: to a policy of somebody else's they may be anything. */
const UNTOLD: readonly string[] = ['nonce', 'login_hint', 'link']

/** What was made rightly, while everything worked. */
export interface Happy {
  readonly client: TestClient
  readonly admin: string
  /** Not redeemed yet. */
  readonly codeForm: Readonly<Record<string, string>>
  readonly tokens: Readonly<Record<string, string>>
  readonly cookies: string
  readonly person: { readonly userName: string; readonly password: string }
  readonly login: { readonly browser: Browser; readonly page: Visited }
}

/** SCIM, the admin API, sign-in, consent, code, tokens, userinfo, introspection, rotation. Throws where a step fails. */
export async function walkRightly(deployment: Deployment, canaries: Canaries): Promise<Happy> {
  const { issuer, population } = deployment
  const admin = await adminToken(issuer, population.admin)
  canaries.watch('admin access token', admin)
  const person = { userName: canaries.make('user name'), password: canaries.make('password') }
  await createWith(`${issuer}/scim/v2/Users`, admin, {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    ...person,
    displayName: canaries.make('display name'),
    name: { givenName: canaries.make('given name'), familyName: canaries.make('family name') },
    emails: [{ value: `${canaries.make('e-mail')}@example.com`, primary: true }],
    roles: [{ value: 'user' }],
  })
  const made = await createWith(`${issuer}/admin/clients`, admin, {
    name: 'Canary',
    post_logout_redirect_uris: [BYE],
    backchannel_logout_uri: 'https://127.0.0.1:9/told',
    type: 'confidential',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    scopes: SCOPE.split(' '),
    audience: ['urn:sallyport:default'],
    roles: ['service'],
  })
  const client = { id: String(made.client_id), secret: String(made.client_secret) }
  canaries.watch('client secret', client.secret)

  await registerRightly(deployment, canaries)
  await proveRightly(deployment, canaries, admin)

  const browser = new Browser(issuer)
  const authorize = async (at = browser) => {
    const begun = await begin(await discover(issuer, client), SCOPE)
    for (const [name, secret] of Object.entries({ verifier: begun.verifier, nonce: begun.nonce, state: begun.state }))
      canaries.watch(name, secret)
    let page = await at.visit(begun.url)
    if (page.url.includes('/login')) {
      canaries.watch('form token', formOf(page).fields.get('form_token') ?? '')
      page = await at.submit(page, { username: person.userName, password: person.password })
    }
    if (page.url.includes('/consent')) page = await at.submit(page, { answer: 'allow' })
    const code = page.left?.searchParams.get('code') ?? ''
    canaries.watch('code', code)
    return { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: begun.verifier }
  }
  const tokenEndpoint = async (form: Readonly<Record<string, string>>) => {
    const { status, body } = await post(deployment, '/oauth/token', client, form)
    if (status !== 200) throw new Error(`the token endpoint answers ${status} ${JSON.stringify(body)}`)
    const tokens: Record<string, string> = {}
    for (const name of ['access_token', 'refresh_token', 'id_token']) {
      tokens[name] = String(body[name])
      canaries.watch(name, tokens[name])
      const signature = tokens[name].split('.').at(-1) ?? ''
      canaries.watch(`${name}, last part`, signature)
    }
    return tokens
  }
  const first = await tokenEndpoint(await authorize())
  await pushRightly(deployment, canaries, { client, browser, idToken: first.id_token ?? '' })
  const tokens = await tokenEndpoint({ grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '' })
  if (decodeJwt(tokens.id_token ?? '').sub === undefined) throw new Error('no subject')
  const userinfo = await fetch(`${issuer}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  if (!(await userinfo.text()).includes(person.userName)) throw new Error(`userinfo answers ${userinfo.status}`)
  for (const [name, secret] of browser.cookies) canaries.watch(name, secret)

  const leaving = new Browser(issuer)
  await signOutRightly(deployment, canaries, leaving, (await tokenEndpoint(await authorize(leaving))).id_token ?? '')

  const other = new Browser(issuer)
  const login = { browser: other, page: await other.visit((await begin(await discover(issuer, client), SCOPE)).url) }
  const cookies = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return { client, admin, codeForm: await authorize(), tokens, cookies, person, login }
}

/** A client that registers itself, with personal data, and manages itself. Throws where it may not. */
async function registerRightly(deployment: Deployment, canaries: Canaries): Promise<void> {
  const { issuer, population } = deployment
  const initial = await clientToken(issuer, population.admin, 'register')
  canaries.watch('initial access token', initial)
  const metadata = { redirect_uris: [REDIRECT_URI], contacts: [`${canaries.make('contact')}@example.com`] }
  const { body } = await registerClient(deployment, initial, metadata)
  canaries.watch('secret of a registration', String(body.client_secret))
  canaries.watch('registration access token', String(body.registration_access_token))
  const { status } = await fetch(String(body.registration_client_uri), {
    method: 'PUT',
    headers: { authorization: `Bearer ${body.registration_access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...metadata, client_id: body.client_id, client_secret: body.client_secret }),
  })
  if (status !== 200) throw new Error(`a registration is replaced with ${status}`)
}

/** By the client's wish, and on our own page; the client is told, or at least that is tried. */
async function signOutRightly(
  { issuer }: Deployment,
  canaries: Canaries,
  browser: Browser,
  idToken: string,
): Promise<void> {
  for (const [name, secret] of browser.cookies) canaries.watch(`${name} that leaves`, secret)
  const page = await browser.visit(`${issuer}/logout`)
  canaries.watch('form token of the sign-out', formOf(page).fields.get('form_token') ?? '')
  const query = new URLSearchParams({
    id_token_hint: idToken,
    logout_hint: canaries.make('logout hint'),
    post_logout_redirect_uri: BYE,
    state: canaries.make('logout state'),
  })
  const asked = await browser.visit(`${issuer}/oauth/logout?${query}`)
  const { left } = await browser.submit(asked, { answer: 'sign_out' })
  if (!left?.href.startsWith(BYE)) throw new Error(`the sign-out answers ${asked.status}`)
}

/** A pushed request, answered by form, that names the person in every way that a client may. Throws where it gives no code. */
async function pushRightly(
  deployment: Deployment,
  canaries: Canaries,
  { client, browser, idToken }: { readonly client: TestClient; readonly browser: Browser; readonly idToken: string },
): Promise<void> {
  const more = {
    login_hint: canaries.make('login_hint'),
    id_token_hint: idToken,
    claims: JSON.stringify({ id_token: { name: { value: canaries.make('value of a claim') } } }),
    response_mode: 'form_post',
    prompt: 'consent',
  }
  const begun = await begin(await discover(deployment.issuer, client), SCOPE, more)
  const form = Object.fromEntries(new URL(begun.url).searchParams)
  const { status, body } = await post(deployment, '/oauth/par', client, form)
  if (status !== 201) throw new Error(`the endpoint for pushed requests answers ${status} ${JSON.stringify(body)}`)
  canaries.watch('request_uri', String(body.request_uri).split(':').at(-1) ?? '')
  const query = new URLSearchParams({ client_id: client.id, request_uri: String(body.request_uri) })
  const consent = await browser.visit(`${deployment.issuer}/oauth/authorize?${query}`)
  const code = formOf(await browser.submit(consent, { answer: 'allow' })).fields.get('code')
  if (code === null) throw new Error(`no code comes of a pushed request: ${consent.url}`)
  canaries.watch('code of a pushed request', code)
}

export async function createWith(url: string, token: string, body: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  const text = await response.text()
  if (response.status !== 201) throw new Error(`${url} answers ${response.status} ${text}`)
  return JSON.parse(text)
}

export interface Leak {
  readonly at: string
  readonly fields: readonly string[]
}

/** Every endpoint with secrets where they do not belong; answers the error answers that repeat one. */
export async function walkWrongly(
  deployment: Deployment,
  table: readonly Pick<Route, 'method' | 'path' | 'errors'>[],
  canaries: Canaries,
  happy: Happy,
): Promise<{ readonly leaks: readonly Leak[]; readonly statuses: ReadonlySet<number> }> {
  const leaks: Leak[] = []
  const statuses = new Set<number>()
  const all = () => Object.fromEntries(FIELDS.map((field) => [field, canaries.make(field)]))
  const look = async (at: string, asked: Promise<Response>): Promise<void> => {
    const response = await asked
    statuses.add(response.status)
    const text = await response.text()
    if (response.status < 400) return
    const isPage = response.headers.get('content-type')?.startsWith('text/html') ?? false
    const found = canaries.within(`${[...response.headers].join(' ')} ${text}`)
    const fields = found.filter((field) => !isPage || !SHOWN_AGAIN.includes(field))
    if (fields.length > 0) leaks.push({ at: `${at} ${response.status}`, fields })
  }
  const send = (at: string, url: string, init: RequestInit) => look(at, fetch(url, { redirect: 'manual', ...init }))

  for (const { method, path, errors } of table) {
    const at = `${method} ${path}`
    const url = `${deployment.issuer}${path.replace(':id', `${canaries.make('id')}@example.com`).replace(':provider', 'own')}`
    const header = { cookie: `sallyport_session=${canaries.make('cookie')}; sallyport_browser=${'x'.repeat(43)}` }
    const noise = {
      'user-agent': canaries.make('user agent'),
      referer: `https://x.example/?code=${canaries.make('referer')}`,
      dpop: canaries.make('proof'),
    }
    const secretsOf = [
      `Bearer ${canaries.make('bearer')}`,
      `Bearer ${happy.tokens.access_token?.slice(0, -2)}`,
      `Bearer ${happy.admin}`,
      basic({ id: happy.client.id, secret: canaries.make('basic secret') }),
      basic(happy.client),
      `Unknown ${canaries.make('unknown scheme')}`,
      `Basic ${canaries.make('broken basic')}`,
      `DPoP ${canaries.make('bound token')}`,
      `DPoP ${happy.tokens.access_token}`,
    ]
    const sendWith = async (authorization: string) => {
      const headers = { ...header, ...noise, authorization }
      await send(at, `${url}?${new URLSearchParams(all())}`, { method, headers })
      if (method === 'GET') return
      const typed = (type: string) => ({ ...headers, 'content-type': type })
      const json = errors === 'scim' || errors === 'problem' || errors === 'registration'
      const right = json ? 'application/json' : 'application/x-www-form-urlencoded'
      const form = new URLSearchParams(all()).toString()
      const bodies = json
        ? [
            JSON.stringify(all()),
            JSON.stringify([all()]),
            `${JSON.stringify(all()).slice(0, -1)},`,
            `"${canaries.make('text')}"`,
          ]
        : [
            form,
            `${form}&password=${canaries.make('password twice')}`,
            `${form}&code=%zz`,
            `grant_type=authorization_code&${form}`,
          ]
      for (const body of bodies) await send(at, url, { method, headers: typed(right), body })
      await send(at, url, { method, headers: typed('text/plain'), body: form })
    }
    await Promise.all(secretsOf.map(sendWith))
  }
  await rightSecretsWrongly(deployment, canaries, happy, send)
  return { leaks, statuses }
}

type Send = (at: string, url: string, init: RequestInit) => Promise<void>

/** Secrets that are real, in requests that fail or that policy judges. */
async function rightSecretsWrongly(
  deployment: Deployment,
  canaries: Canaries,
  happy: Happy,
  send: Send,
): Promise<void> {
  const { issuer, population } = deployment
  const asClient = (path: string, form: Readonly<Record<string, string>>, client = happy.client) =>
    send(`POST ${path}`, `${issuer}${path}`, {
      method: 'POST',
      headers: { authorization: basic(client) },
      body: new URLSearchParams(form),
    })
  await asClient('/oauth/token', { ...happy.codeForm, code_verifier: canaries.make('verifier'.padEnd(43, 'x')) })
  await asClient('/oauth/token', { ...happy.codeForm, redirect_uri: 'https://evil.example/' })
  await asClient('/oauth/token', happy.codeForm, population.web)
  await asClient('/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: happy.tokens.refresh_token ?? '',
    scope: 'admin',
  })
  await asClient('/oauth/introspect', { token: happy.tokens.access_token ?? '' }, population.resourceServer)
  await asClient('/oauth/introspect', { token: happy.tokens.refresh_token ?? '' })
  await asClient('/oauth/introspect', { token: canaries.make('introspected') })
  await asClient('/oauth/revoke', { token: canaries.make('revoked') })
  await asClient('/oauth/revoke', { token: happy.tokens.access_token ?? '' }, population.web)

  const userName = encodeURIComponent(`userName eq "${happy.person.userName}"`)
  for (const query of [`filter=${userName}`, `filter=${userName}and`, `attributes=${happy.person.userName}`])
    await send('GET /scim/v2/Users', `${issuer}/scim/v2/Users?${query}`, {
      headers: { authorization: `Bearer ${happy.admin}` },
    })
  const person = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], ...happy.person }
  for (const body of [
    person,
    { ...person, userName: 7 },
    { ...person, password: '' },
    { ...person, emails: canaries.make('emails') },
  ])
    await send('POST /scim/v2/Users', `${issuer}/scim/v2/Users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${happy.admin}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify(body),
    })
  for (const path of ['/oauth/authorize/resume', '/login', '/consent', '/logout'])
    await send(
      `GET ${path}`,
      `${issuer}${path}?interaction=${canaries.make('interaction').padEnd(43, 'x').slice(0, 43)}`,
      {
        headers: { cookie: happy.cookies },
      },
    )
}

/** Wrong passwords and unknown names at the page: what it shows again of these is deliberate, and no password. */
export async function signInWrongly({ login, person }: Happy, canaries: Canaries): Promise<readonly Leak[]> {
  const tries = [
    { username: person.userName, password: canaries.make('wrong password') },
    { username: canaries.make('unknown user name'), password: person.password },
    { username: person.password, password: '' },
    { username: '', password: person.password },
  ]
  const leaks: Leak[] = []
  for (const typed of tries) {
    const { status, text, headers } = await login.browser.submit(login.page, typed)
    const fields = canaries.within(`${[...headers].join(' ')} ${text.replaceAll(typed.username || '\0', '')}`)
    const secret = fields.filter((field) => field !== 'form token')
    if (secret.length > 0) leaks.push({ at: `POST /login ${status}`, fields: secret })
  }
  return leaks
}

/** The Data API: names that sound secret at any path, and anything in the input of a decision of the platform. */
export async function askPolicyWrongly(
  { askPolicy, policy }: Deployment,
  canaries: Canaries,
): Promise<readonly Leak[]> {
  const leaks: Leak[] = []
  const look = async (at: string, asked: Promise<Response>) => {
    const response = await asked
    const fields = canaries.within(`${[...response.headers].join(' ')} ${await response.text()}`)
    if (fields.length > 0) leaks.push({ at: `${at} ${response.status}`, fields })
  }
  const secrets = (fields: readonly string[] = FIELDS) =>
    Object.fromEntries(fields.map((field) => [field, canaries.make(`input ${field}`)]))
  const inputs = () => [
    secrets(),
    { client: secrets(), subject: { ...secrets(), list: [secrets()] }, factors: { password: canaries.make('factor') } },
    { anything: canaries.make('anything'), request: { address: canaries.make('address') } },
    [canaries.make('list item')],
    canaries.make('input'),
  ]
  for (const path of ['authz/token', 'authz/token/decision', 'authz/login/decision', 'authz/scim/allow']) {
    for (const input of inputs()) {
      await look(path, askPolicy(`/v1/data/${path}`, { method: 'POST', body: JSON.stringify({ input }) }))
      const query = new URLSearchParams({ input: JSON.stringify(input) })
      await look(path, askPolicy(`/v1/data/${path}?${query}`))
    }
    await look(path, askPolicy(`/v1/data/${path}`, { method: 'POST', body: `{"input":"${canaries.make('broken')}` }))
  }
  const named = FIELDS.filter((field) => !UNTOLD.includes(field))
  for (const path of ['nothing/here', 'system/log/mask', 'rbac'])
    await look(path, askPolicy(`/v1/data/${path}`, { method: 'POST', body: JSON.stringify({ input: secrets(named) }) }))
  for (const authorization of [`Bearer ${canaries.make('policy bearer')}`, `Basic ${canaries.make('policy basic')}`])
    await look('credential', fetch(`${policy}/v1/status`, { headers: { authorization } }))
  await look(
    'purge',
    askPolicy('/v1/cache/purge', { method: 'POST', body: JSON.stringify({ subject: 7, ...secrets() }) }),
  )
  return leaks
}
