/** For tests: what is under way when a part of a deployment fails, what each endpoint answers then, and that all of it goes on. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { Browser, type Visited } from '../servers/browser.ts'
import { revisionIn } from '../servers/bundle-desk.ts'
import type { Deployment } from '../servers/deployment.ts'
import { REDIRECT_URI } from '../servers/population.ts'
import { makeProofKey } from '../servers/proofs.ts'
import { adminToken, clientToken } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import { atProvider } from './federation.ts'
import { registerClient } from './observe-registration.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, answerOf, basic, type CodeInHand, codeFor, post, tokensFor } from './requests.ts'
import { sendNewPassword } from './reset-form.ts'

const SCOPE = 'openid offline_access orders:read'

interface OpenPage {
  readonly browser: Browser
  readonly page: Visited
}

/** Each of these can be finished once. */
export interface UnderWay {
  readonly code: CodeInHand
  readonly tokens: Answer['body']
  readonly admin: string
  /** Of a signing key. */
  readonly kid: string
  /** A registration that manages itself, and a token for another. */
  readonly registered: { readonly uri: string; readonly token: unknown; readonly initial: string }
  /** A token of the receiver, and a stream that it made; absent where there are no streams. */
  readonly stream: { readonly token: string; readonly made: string } | undefined
  readonly authorizeUrl: string
  readonly login: OpenPage
  readonly consent: OpenPage
  /** The browser of a sign-in, and where it leaves for an identity provider from; absent where there is none. */
  readonly trip: { readonly browser: Browser; readonly start: string } | undefined
}

export async function getUnderWay(deployment: Deployment): Promise<UnderWay> {
  const { issuer, population } = deployment
  const { web, user } = population
  const rp = await discover(issuer, web)
  const open = async (): Promise<OpenPage> => {
    const browser = new Browser(issuer)
    return { browser, page: await browser.visit((await begin(rp, SCOPE, { prompt: 'consent' })).url) }
  }
  const consent = await open()
  const leaving = await open()
  const start = /href="(\/federation\/[^"]*\/start[^"]*)"/.exec(leaving.page.text)?.[1]?.replaceAll('&amp;', '&')
  const initial = await clientToken(issuer, population.admin, 'register')
  const { body: registered } = await registerClient(deployment, initial, { redirect_uris: [REDIRECT_URI] })
  const form = { username: user.userName, password: user.password }
  return {
    code: await codeFor(deployment, web, SCOPE),
    tokens: await tokensFor(deployment, web, SCOPE),
    admin: await adminToken(issuer, population.admin),
    kid: Object(await (await fetch(`${issuer}/oauth/jwks`)).json()).keys[0].kid,
    registered: {
      uri: new URL(String(registered.registration_client_uri)).pathname,
      token: registered.registration_access_token,
      initial,
    },
    stream: await streamOf(deployment),
    authorizeUrl: (await begin(rp, SCOPE)).url,
    login: await open(),
    consent: { browser: consent.browser, page: await consent.browser.submit(consent.page, form) },
    trip: start === undefined ? undefined : { browser: leaving.browser, start: new URL(start, issuer).href },
  }
}

async function streamOf(deployment: Deployment): Promise<UnderWay['stream']> {
  const { issuer, population } = deployment
  const { status } = await fetch(`${issuer}/.well-known/ssf-configuration`)
  if (status !== 200) return undefined
  const token = await clientToken(issuer, population.receiver, 'ssf.read ssf.manage')
  const { body } = await call(deployment, 'GET', '/ssf/streams', token)
  const [, old] = Object.values<{ readonly stream_id: string }>(Object(body))
  const made = old ?? (await call(deployment, 'POST', '/ssf/streams', token, {})).body
  return { token, made: String(made.stream_id) }
}

const refreshForm = ({ tokens }: UnderWay) => ({
  grant_type: 'refresh_token',
  refresh_token: String(tokens.refresh_token),
})

async function call(deployment: Deployment, method: string, path: string, token: unknown, json?: object) {
  const headers = { authorization: `Bearer ${token}`, ...(json && { 'content-type': 'application/json' }) }
  const body = json && { body: JSON.stringify(json) }
  return answerOf(await fetch(`${deployment.issuer}${path}`, { method, headers, ...body }))
}

const PERSON = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: 'new@example.com' }

/** What writes: issues, ends or changes something. */
const writes = (deployment: Deployment, underWay: UnderWay): Promise<Answer>[] => {
  const { code, tokens, admin, registered, kid, stream } = underWay
  const { web, user } = deployment.population
  const person = `/scim/v2/Users/${user.sub}`
  return [
    post(deployment, '/oauth/token', web, { grant_type: 'client_credentials' }),
    post(deployment, '/oauth/token', web, code.form),
    post(deployment, '/oauth/par', web, Object.fromEntries(new URL(code.url).searchParams)),
    post(deployment, '/oauth/token', web, refreshForm(underWay)),
    post(deployment, '/oauth/revoke', web, { token: String(tokens.access_token) }),
    call(deployment, 'POST', '/scim/v2/Users', admin, PERSON),
    call(deployment, 'PUT', person, admin, { ...PERSON, userName: user.userName, active: false }),
    call(deployment, 'DELETE', person, admin),
    call(deployment, 'POST', '/admin/clients', admin, { name: 'New', grant_types: ['client_credentials'] }),
    call(deployment, 'DELETE', `/admin/clients/${web.id}`, admin),
    call(deployment, 'POST', '/oauth/register', registered.initial, { redirect_uris: [REDIRECT_URI] }),
    call(deployment, 'PUT', registered.uri, registered.token, {
      client_id: registered.uri.split('/').at(-1),
      redirect_uris: [REDIRECT_URI],
    }),
    call(deployment, 'DELETE', registered.uri, registered.token),
    call(deployment, 'POST', `/admin/clients/${web.id}/revoke`, admin),
    call(deployment, 'POST', `/admin/users/${user.sub}/revoke`, admin),
    call(deployment, 'DELETE', `/admin/grants/${String(tokens.refresh_token).split('.')[0]}`, admin),
    call(deployment, 'POST', '/admin/keys/rotate', admin, {}),
    call(deployment, 'POST', `/admin/keys/${kid}/revoke`, admin),
    ...(stream === undefined
      ? []
      : [
          call(deployment, 'POST', '/ssf/status', stream.token, { stream_id: 'test', status: 'paused' }),
          call(deployment, 'POST', '/ssf/verify', stream.token, { stream_id: 'test' }),
          call(deployment, 'POST', '/ssf/streams', stream.token, {}),
          call(deployment, 'PATCH', '/ssf/streams', stream.token, { stream_id: stream.made }),
          call(deployment, 'PUT', '/ssf/streams', stream.token, { stream_id: stream.made }),
          call(deployment, 'DELETE', `/ssf/streams?stream_id=${stream.made}`, stream.token),
        ]),
  ]
}

const reads = (deployment: Deployment, { tokens, admin, registered, stream }: UnderWay): Promise<Answer>[] => {
  const { resourceServer, user, web } = deployment.population
  return [
    post(deployment, '/oauth/introspect', resourceServer, { token: String(tokens.access_token) }),
    call(deployment, 'GET', '/oauth/userinfo', tokens.access_token),
    call(deployment, 'GET', '/scim/v2/Users', admin),
    call(deployment, 'GET', `/scim/v2/Users/${user.sub}`, admin),
    call(deployment, 'GET', '/admin/clients', admin),
    call(deployment, 'GET', `/admin/clients/${web.id}`, admin),
    call(deployment, 'GET', registered.uri, registered.token),
    call(deployment, 'GET', '/admin/sessions', admin),
    call(deployment, 'GET', `/admin/grants?sub=${user.sub}`, admin),
    call(deployment, 'GET', '/admin/keys', admin),
    // Writes only where something is left under another envelope key.
    call(deployment, 'POST', '/admin/keys/rewrap', admin),
    ...(stream === undefined
      ? []
      : [
          call(deployment, 'GET', '/ssf/streams', stream.token),
          call(deployment, 'GET', '/ssf/status?stream_id=test', stream.token),
          call(deployment, 'POST', '/ssf/poll/test', stream.token, { returnImmediately: true }),
        ]),
  ]
}

async function areUnavailable(asked: readonly Promise<Answer>[]): Promise<void> {
  for (const answer of await Promise.all(asked)) {
    expect([answer.status, answer.body]).toEqual([503, answer.body])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(JSON.stringify(answer.body)).not.toMatch(/access_token|denied|forbidden|"active"/)
  }
}

export const writesAreUnavailable = (deployment: Deployment, underWay: UnderWay): Promise<void> =>
  areUnavailable(writes(deployment, underWay))
export const readsAreUnavailable = (deployment: Deployment, underWay: UnderWay): Promise<void> =>
  areUnavailable(reads(deployment, underWay))

/** By a link that nobody was sent: policy is asked all the same. */
const submitNewPassword = ({ browser, page }: OpenPage) =>
  sendNewPassword(browser, new URL(`/password/reset?link=${'x'.repeat(43)}`, page.url).href, 'several words of mine')

/** They are 503 pages, and nobody is signed in by them. */
export async function pagesAreUnavailable({ population }: Deployment, underWay: UnderWay): Promise<void> {
  const { login, consent, trip } = underWay
  const { userName: username, password } = population.user
  const pages = [
    await login.browser.submit(login.page, { username, password }),
    await login.browser.visit(login.page.url),
    await consent.browser.submit(consent.page, { answer: 'allow' }),
    await consent.browser.visit(consent.page.url),
    await login.browser.visit(login.page.url.replace(/\/login(\/password)?\?/, '/mfa/passkey?')),
    await submitNewPassword(login),
    ...(trip === undefined ? [] : [await trip.browser.visit(trip.start)]),
    ...(await Promise.all(
      ['/account', '/account/profile', '/account/activity', '/account/sessions', '/account/factors'].map((path) =>
        consent.browser.visit(new URL(path, consent.page.url).href),
      ),
    )),
    await consent.browser.visit(new URL('/mfa/enrol/totp', consent.page.url).href),
    await consent.browser.visit(new URL('/logout', consent.page.url).href),
    await consent.browser.visit(new URL('/oauth/logout', consent.page.url).href),
  ]
  for (const { status, headers, left } of pages) {
    expect([status, left]).toEqual([503, undefined])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(headers.get('content-type')).toMatch(/^text\/html/)
  }
  expect([...login.browser.cookies.keys()]).toEqual(['sallyport_browser'])
}

/** Once the redirect_uri is verified, the client is told; before, a page, and no redirect to anywhere (RFC 6749 4.1.2.1). */
export async function authorizeTellsTheClient({ issuer }: Deployment, { authorizeUrl }: UnderWay): Promise<void> {
  const { left } = await new Browser(issuer).visit(authorizeUrl)
  expect(left?.href.startsWith(`${REDIRECT_URI}?`)).toBe(true)
  const state = new URL(authorizeUrl).searchParams.get('state')
  const told = Object.fromEntries(left?.searchParams ?? [])
  expect(told).toMatchObject({ error: 'temporarily_unavailable', iss: issuer, state })
  expect(told.code).toBeUndefined()
  for (const wrong of [{ client_id: 'nobody' }, { redirect_uri: 'https://evil.example/' }]) {
    const url = new URL(authorizeUrl)
    for (const [name, value] of Object.entries(wrong)) url.searchParams.set(name, value)
    const page = await new Browser(issuer).visit(url.href)
    expect([page.status, page.left]).toEqual([400, undefined])
  }
}

export async function authorizeIsUnavailable({ issuer }: Deployment, { authorizeUrl }: UnderWay): Promise<void> {
  const page = await new Browser(issuer).visit(authorizeUrl)
  expect([page.status, page.left]).toEqual([503, undefined])
  expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
}

/** Nothing was spent, ended or changed: each goes on where it stood. */
export async function allGoesOn(deployment: Deployment, underWay: UnderWay): Promise<void> {
  const { web, user } = deployment.population
  const { code, login, consent, trip } = underWay
  const answers = await Promise.all([
    ...reads(deployment, underWay),
    post(deployment, '/oauth/token', web, code.form),
    post(deployment, '/oauth/token', web, refreshForm(underWay)),
  ])
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  expect(answers[0]?.body.active).toBe(true)
  const agreed = await consent.browser.submit(consent.page, { answer: 'allow' })
  expect(agreed.left?.searchParams.get('code')).toBeTruthy()
  const signedIn = await login.browser.submit(login.page, { username: user.userName, password: user.password })
  expect(signedIn.url).toContain('/consent')
  if (trip !== undefined) expect((await (await travel(trip))()).url).toContain('/consent')
}

/** To an identity provider; comes back when it is asked to. */
export async function travel({ browser, start }: NonNullable<UnderWay['trip']>): Promise<() => Promise<Visited>> {
  const back = await atProvider((await browser.visit(start)).left)
  return () => browser.visit(back.href)
}

/** By value: two encodings of one hash differ in DUMP. */
const CONTENT = `
  local read = {
    string = function(key) return {redis.call('GET', key)} end,
    hash = function(key) return redis.call('HGETALL', key) end,
    zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
    list = function(key) return redis.call('LRANGE', key, 0, -1) end,
    set = function(key) return redis.call('SMEMBERS', key) end,
  }
  local all = {}
  for _, key in ipairs(redis.call('KEYS', '*')) do
    -- Heads of the logs' chains move with every refusal that is logged, security events and counts by time by themselves.
    if not string.find(key, 'chain:{heads}', 1, true) and not string.find(key, ':outbox:', 1, true)
      and not string.find(key, ':series:', 1, true) then
    local kind = redis.call('TYPE', key).ok
    local values = read[kind](key)
    if kind == 'hash' or kind == 'set' then table.sort(values) end
    all[#all + 1] = key .. ' ' .. redis.sha1hex(table.concat(values, ' '))
    end
  end
  table.sort(all)
  return table.concat(all, ' ; ')`

/**
 * Everything in the store as text to compare, but the heads of the logs' chains, which move with each refusal that is logged,
 * security events on their way out, and counts by time, which nodes tell when it is time to.
 */
export async function storeContent({ redis, folder }: Deployment): Promise<string> {
  if (redis) return redis.command('EVAL', CONTENT, '0')
  const db = new DatabaseSync(join(folder, 'store.sqlite'), { readOnly: true })
  try {
    const tables = db
      .prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'chain%' AND name <> 'series' ORDER BY name",
      )
      .all()
    const rows = (name: unknown) =>
      db.prepare(`SELECT * FROM "${name}" ${name === 'tasks' ? "WHERE queue NOT LIKE 'outbox:%'" : ''}`).all()
    const content = tables.map(({ name }) => [name, rows(name)])
    return createHash('sha256').update(JSON.stringify(content)).digest('hex')
  } finally {
    db.close()
  }
}

/** Publishes the bundle and waits until every thread decides by it. */
export async function activate(deployment: Deployment, files: BundleFiles): Promise<void> {
  await deployment.bundle.publish(files)
  const everywhere = async () => {
    const { nodes } = await deployment.status()
    return nodes.length > 0 && nodes.every(({ revision }) => revision === revisionIn(files))
  }
  await until(everywhere, `${revisionIn(files)} is active`)
}

/** A proof that came twice raises a signal, which is answered behind the request (RFC 9449 11.1). */
export async function replayProof({ issuer, population }: Deployment): Promise<void> {
  const url = `${issuer}/oauth/token`
  const headers = { authorization: basic(population.web), dpop: await (await makeProofKey()).proof({ url }) }
  for (const _use of ['first', 'second'])
    await fetch(url, { method: 'POST', headers, body: new URLSearchParams({ grant_type: 'client_credentials' }) })
}
