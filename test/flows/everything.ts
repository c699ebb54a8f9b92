/** For tests: everything that the auth service offers, used once, rightly. */

import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { STOP_LINK } from '../../src/auth/user/stop-link.ts'
import { digestOf, randomSecret } from '../../src/kernel/ids.ts'
import type { TestService } from '../servers/auth-service.ts'
import { Browser, formAt } from '../servers/browser.ts'
import { REDIRECT_URI, TENANT, userRecord } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { bindBrowser } from './bound-browser.ts'
import { registerClient } from './observe-registration.ts'
import { begin, discover } from './relying-party.ts'
import { codeFor, post, tokensFor } from './requests.ts'
import { addClient, signIn } from './signed-in.ts'
import { useAccount, useConsents } from './use-account.ts'
import { useFactors } from './use-factors.ts'
import { useStreams } from './use-streams.ts'

/** One success at least on every route that asks. */
export async function useEverything(service: TestService): Promise<void> {
  const { issuer, population } = service
  const browser = new Browser(issuer)
  const { url } = await begin(await discover(issuer, population.web), 'openid')
  await browser.authorize(url, population.user)
  await useSelection(service, browser)
  await browser.visit(`${issuer}/oauth/authorize`, { method: 'POST', body: new URL(url).searchParams })
  await (await bindBrowser(browser, issuer)).refresh()
  const tokens = await tokensFor(service, population.web, 'openid offline_access')
  await post(service, '/oauth/par', population.web, Object.fromEntries(new URL(url).searchParams))
  const bearer = { headers: { authorization: `Bearer ${tokens.access_token}` } }
  for (const method of ['GET', 'HEAD', 'POST']) await fetch(`${issuer}/oauth/userinfo`, { method, ...bearer })
  await post(service, '/oauth/introspect', population.resourceServer, { token: String(tokens.access_token) })
  await post(service, '/oauth/revoke', population.web, { token: String(tokens.access_token) })
  await post(service, '/oauth/token', population.web, (await codeFor(service, population.web, 'openid')).form)
  for (const path of ['/logout', '/oauth/logout']) {
    await browser.visit(`${issuer}${path}`)
    await browser.visit(`${issuer}${path}`, { method: 'POST', body: new URLSearchParams({ state: 's' }) })
  }
  await useSelfService(service, browser)
  await useAccount(service, browser)
  await useConsents(service, browser, (one) => signIn(service, one, population.web, 'openid offline_access'))
  const page = await browser.visit(`${issuer}/logout`)
  await browser.visit(page.url, { method: 'HEAD' })
  await browser.submit(page, { answer: 'sign_out' })
  await useFactors(service)
  await useMailLinks(service)
  await useStreams(service)
  await useDevice(service)
  await useOwnData(service)
  await useApis(service)
  await useRegistration(service)
}

/** What a person sees and ends of their own sessions and devices, another browser of theirs among them. */
async function useSelfService({ issuer, population }: TestService, browser: Browser): Promise<void> {
  const at = `${issuer}/account/sessions`
  const rp = await discover(issuer, population.web)
  const signIn = async () => {
    const { url } = await begin(rp, 'openid')
    await new Browser(issuer).authorize(url, population.user)
    return browser.visit(at)
  }
  for (const path of ['/account', '/account/password', '/account/sessions']) {
    await browser.visit(`${issuer}${path}`)
    await browser.visit(`${issuer}${path}`, { method: 'HEAD' })
  }
  const post = async (path: RegExp) => {
    const page = await signIn()
    const { action, fields } = formAt(page, path)
    const answer = await browser.visit(action, { method: 'POST', body: fields })
    if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${answer.text}`)
  }
  await post(/sessions\/[^/]+\/end$/)
  await post(/end-others$/)
  await post(/forget$/)
  await usePassword(browser, issuer, population.user.password)
}

const ANOTHER = 'another one for a moment'

/** To another one and back, for what comes after it here. */
async function usePassword(browser: Browser, issuer: string, password: string): Promise<void> {
  for (const [now, next] of [
    [password, ANOTHER],
    [ANOTHER, password],
  ] as const) {
    const page = await browser.visit(`${issuer}/account/password`)
    const { action, fields } = formAt(page, /password$/)
    fields.set('password', now)
    fields.set('new_password', next)
    const answer = await browser.visit(action, { method: 'POST', body: fields })
    if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${answer.text}`)
  }
}

/** Links as letters hold them: asked for, and used for a new password and a verified address. */
async function useMailLinks({ issuer, store, population }: TestService): Promise<void> {
  const { sub, userName, password } = population.user
  const browser = new Browser(issuer)
  const forgot = await browser.visit(`${issuer}/password/forgot`)
  await browser.submit(forgot, { username: userName })
  const user = await store.users.find(TENANT, sub)
  if (user === undefined) throw new Error('no user')
  const proven = { ...user, profile: { ...user.profile, emailVerified: true }, version: user.version + 1 }
  await store.users.replace(TENANT, proven, user.version)
  // Last the one that sets a password: whoever stops a change of address has none any more.
  for (const [path, kind, purpose] of [
    ['/email/verify', 'email_link', 'email_verify'],
    ['/email/stop', STOP_LINK, 'email_stop'],
    ['/password/reset', 'password_link', 'password_reset'],
  ] as const) {
    const secret = randomSecret()
    const now = Math.floor(Date.now() / 1000)
    const as = await store.users.find(TENANT, sub)
    const facts = {
      purpose,
      epoch: as?.revocationEpoch ?? 0,
      credential: digestOf(as?.passwordHash ?? ''),
      address: 'alice@example.com',
      changedAt: 0,
    }
    const record = { v: 1, kind, sub, facts, createdAt: now, expiresAt: now + 3600 } as const
    await store.oneUse.put(TENANT, digestOf(secret), record)
    const page = await browser.visit(`${issuer}${path}?link=${secret}`)
    const done = await browser.submit(page, { new_password: ANOTHER })
    if (done.status !== 200) throw new Error(`${path}: ${done.status} ${done.text}`)
  }
  // The one of before again, for what comes after it here: no reset brings back one that was ended.
  const now = await store.users.find(TENANT, sub)
  if (now === undefined) throw new Error('no user')
  const passwordHash = await createPasswordHasher().hash(password)
  await store.users.replace(TENANT, { ...now, passwordHash, version: now.version + 1 }, now.version)
}

/** A person looks at what is kept of them, takes it along, and ends it. */
async function useOwnData({ issuer, store, population }: TestService): Promise<void> {
  const person = { sub: 'leaver', userName: 'leaver@example.com', password: 'correct horse battery' }
  const passwordHash = await createPasswordHasher().hash(person.password)
  await store.users.create(TENANT, userRecord(person.userName, { sub: person.sub, passwordHash, profile: {} }))
  const browser = new Browser(issuer)
  await browser.authorize((await begin(await discover(issuer, population.web), 'openid')).url, person)
  const page = await browser.visit(`${issuer}/account/data`)
  await browser.visit(page.url, { method: 'HEAD' })
  const post = async (path: RegExp, values: Readonly<Record<string, string>>) => {
    const { action, fields } = formAt(page, path)
    for (const [name, value] of Object.entries(values)) fields.set(name, value)
    const answer = await browser.visit(action, { method: 'POST', body: fields })
    if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${answer.text}`)
  }
  await post(/data\/export$/, {})
  await post(/data\/erase$/, { confirm: person.userName })
}

/** A device is connected. */
async function useDevice(service: TestService): Promise<void> {
  const client = await addClient(
    service.store,
    'device',
    {},
    { grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'], redirectUris: [] },
  )
  const browser = new Browser(service.issuer)
  await browser.authorize(
    (await begin(await discover(service.issuer, service.population.web), 'openid')).url,
    service.population.user,
  )
  const { body } = await post(service, '/oauth/device_authorization', client, { scope: 'openid' })
  const page = await browser.visit(String(body.verification_uri_complete))
  await browser.visit(page.url, { method: 'HEAD' })
  const done = await browser.submit(page, { answer: 'allow' })
  if (done.status !== 200) throw new Error(`not connected: ${done.status} ${done.text}`)
}

/** The account that is signed in is chosen. */
async function useSelection(service: TestService, browser: Browser): Promise<void> {
  const rp = await discover(service.issuer, service.population.web)
  const { url } = await begin(rp, 'openid', { prompt: 'select_account' })
  const page = await browser.visit(url)
  await browser.visit(page.url, { method: 'HEAD' })
  const chosen = await browser.submit(page, { answer: 'this' })
  if (chosen.left === undefined) throw new Error(`stayed at ${chosen.url}: ${chosen.status}`)
}

async function useApis(service: TestService): Promise<void> {
  const { issuer, population } = service
  const { body } = await post(service, '/oauth/token', population.admin, {
    grant_type: 'client_credentials',
    scope: 'scim admin',
  })
  const call = (method: string, path: string, json?: unknown) =>
    fetch(`${issuer}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${body.access_token}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    })
  const user = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: 'bob@example.com' }
  const client = { name: 'Made', type: 'confidential', grant_types: ['client_credentials'], scopes: ['scim'] }
  for (const [path, made, key] of [
    ['/scim/v2/Users', user, 'id'],
    ['/admin/clients', client, 'client_id'],
  ] as const) {
    const created: Record<string, unknown> = Object.assign({}, await (await call('POST', path, made)).json())
    const one = `${path}/${created[key]}`
    for (const method of ['GET', 'HEAD']) for (const at of [path, one]) await call(method, at)
    await call('PUT', one, made)
    await call('POST', `${one.replace('/scim/v2/Users', '/admin/users')}/revoke`)
    await call('DELETE', one)
  }
  await useAccess(service, call)
  await usePerson(call)
  await useKeys(call)
}

/** A person's data is read, and the person erased. */
async function usePerson(call: (method: string, path: string, json?: unknown) => Promise<Response>): Promise<void> {
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
  const made: unknown = await (await call('POST', '/scim/v2/Users', { schemas, userName: 'gone@example.com' })).json()
  const at = `/admin/users/${Object(made).id}`
  for (const method of ['GET', 'HEAD']) await call(method, `${at}/export`)
  await call('POST', `${at}/erase`)
}

/** Last the key goes by which the administrator's own token was signed. */
async function useKeys(call: (method: string, path: string) => Promise<Response>): Promise<void> {
  const listed = await call('GET', '/admin/keys')
  await call('HEAD', '/admin/keys')
  const [key] = Object(await listed.json()).keys
  await call('POST', '/admin/keys/rotate')
  await call('POST', '/admin/keys/rewrap')
  await call('POST', `/admin/keys/${key.kid}/revoke`)
}

/** A session and a grant of it, looked at and ended. */
async function useAccess(
  service: TestService,
  call: (method: string, path: string) => Promise<Response>,
): Promise<void> {
  await tokensFor(service, service.population.web, 'openid')
  const listed = async (path: string, of: string): Promise<Record<string, unknown>> =>
    Object(Object(await (await call('GET', path)).json())[of][0])
  const grant = await listed(`/admin/grants?sub=${service.population.user.sub}`, 'grants')
  const session = await listed('/admin/sessions', 'sessions')
  await call('DELETE', `/admin/grants/${grant.grant_id}`)
  await call('DELETE', `/admin/sessions/${session.sid}`)
}

async function useRegistration(service: TestService): Promise<void> {
  const token = await clientToken(service.issuer, service.population.admin, 'register')
  const { body } = await registerClient(service, token, { redirect_uris: [REDIRECT_URI] })
  const url = String(body.registration_client_uri)
  const managed = (method: string, shown: unknown, json?: object) =>
    fetch(url, {
      method,
      headers: { authorization: `Bearer ${shown}`, ...(json && { 'content-type': 'application/json' }) },
      ...(json && { body: JSON.stringify(json) }),
    })
  for (const method of ['GET', 'HEAD']) await managed(method, body.registration_access_token)
  const replaced = await managed('PUT', body.registration_access_token, {
    client_id: body.client_id,
    redirect_uris: [REDIRECT_URI],
  })
  const { registration_access_token: next }: Record<string, unknown> = Object.assign({}, await replaced.json())
  await managed('DELETE', next)
}
