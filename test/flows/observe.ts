/** For tests: what each obligation of each decision comes to on the wire, seen in one pass over a deployment. */
import { decodeJwt } from 'jose'
import { Browser, formOf } from '../servers/browser.ts'
import { makeProofKey } from '../servers/proofs.ts'
import { adminToken, createPerson } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import { bindBrowser } from './bound-browser.ts'
import { observeRegistration } from './observe-registration.ts'
import { observeSignals } from './observe-signals.ts'
import { observeThreats } from './observe-threats.ts'
import type { Met, Observed } from './observed.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, answerOf, basic, codeFor, post, tokensFor } from './requests.ts'

const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'

const SCOPE = 'openid profile email offline_access orders:read'

export interface ObserveOptions {
  /** A code is redeemed this long after its issue; without it, none is. */
  readonly codeAgeMs?: number | undefined
  /** Looks at how signals of attacks are answered; where that is not as shipped, at nothing else. */
  readonly threats?: boolean
}

export async function observe(deployment: Met, { codeAgeMs, threats }: ObserveOptions = {}): Promise<Observed> {
  const pause = await observePause(deployment)
  // Nobody signs in while it lasts.
  if (pause !== 'no pause') return { 'login.wait_seconds': pause }
  const answered = threats === true ? await observeThreats(deployment) : {}
  if (answered['threat.actions'] === 'throttled') return answered
  const [person, managed, registered] = await Promise.all([
    observePerson(deployment),
    observeManagement(deployment),
    observeRegistration(deployment, codeAgeMs),
  ])
  // Afterwards: its own consent, to less, would take the place of the one that is looked at.
  const late = codeAgeMs === undefined ? undefined : await redeemLate(deployment, codeAgeMs)
  const signsIn = person['login.next'] === 'signed in'
  const changed = signsIn ? await observePasswordChange(deployment) : undefined
  const told = signsIn ? await observeSignals(deployment) : {}
  return {
    'login.wait_seconds': pause,
    ...person,
    ...managed,
    ...registered,
    ...answered,
    ...told,
    'authorize.code_ttl_seconds': late,
    'scim.revoke_access': changed?.access,
    'scim.vouches_for_email': changed?.verified,
  }
}

async function observePause({ issuer, population }: Met): Promise<string | null> {
  const { url } = await begin(await discover(issuer, population.web), SCOPE)
  const browser = new Browser(issuer)
  // Of nobody: whoever has named nobody yet waits for nothing.
  const { status, headers } = await browser.submit(await browser.visit(url), { username: 'nobody@example.com' })
  return status === 429 ? headers.get('retry-after') : 'no pause'
}

async function observePerson(deployment: Met): Promise<Observed> {
  const { issuer, population } = deployment
  const rp = await discover(issuer, population.web)
  const begun = await begin(rp, SCOPE, { claims: JSON.stringify({ userinfo: { name: null } }) })
  const browser = new Browser(issuer)
  const login = await browser.visit(begun.url)
  const { userName: username, password } = population.user
  const named = await browser.submit(login, { username })
  let page = await browser.submit(named, { password })
  if (page.url.includes('/login')) return { 'login.next': 'asked again' }

  const asked = page.url.includes('/consent') ? formOf(page).fields : undefined
  const shown = asked?.get('scope') ?? undefined
  const { cookies } = browser
  if (page.left === undefined) page = await browser.submit(page, { answer: 'allow' })
  const form = {
    grant_type: 'authorization_code',
    code: page.left?.searchParams.get('code') ?? '',
    redirect_uri: new URL(begun.url).searchParams.get('redirect_uri') ?? '',
    code_verifier: begun.verifier,
  }
  const tokens = (await post(deployment, '/oauth/token', population.web, form)).body
  const pushed = await post(
    deployment,
    '/oauth/par',
    population.web,
    Object.fromEntries(new URL(begun.url).searchParams),
  )
  const again = await browser.visit((await begin(rp, SCOPE)).url)
  // Before a refresh token is spent twice: whoever lost one lately binds no key.
  await bindBrowser(browser, deployment.issuer)
  return {
    'login.offers': named.text.includes('/mfa/passkey') ? 'a passkey' : 'nothing',
    'login.next': cookies.has('sallyport_session') ? 'signed in' : 'no session',
    'login.session_ttl_seconds': browser.lifetimes.get('sallyport_session'),
    'authorize.scopes': shown,
    'authorize.claims': asked?.get('claims'),
    'authorize.sign_in': again.url.includes('/login') ? 'asked to sign in' : 'the session does',
    'authorize.request_uri_ttl_seconds': pushed.body.expires_in,
    'authorize.consent': shown === undefined ? 'not asked' : 'asked',
    'consent.scopes': tokens.scope,
    'consent.remember_seconds': again.url.includes('/consent') ? 'asked again' : 'remembered',
    ...(await observeTokens(deployment, tokens)),
    ...(await observeContinuation(deployment, rp, browser)),
    ...(await observeSignOut(deployment, rp, browser)),
  }
}

const ANOTHER_BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

/** Of the session that was begun last: from when it was last seen to when it ends for idleness. */
async function idleSecondsOf({ issuer, population }: Pick<Met, 'issuer' | 'population'>): Promise<unknown> {
  const authorization = `Bearer ${await adminToken(issuer, population.admin)}`
  const url = `${issuer}/admin/sessions?sub=${population.user.sub}`
  const { body } = await answerOf(await fetch(url, { headers: { authorization } }))
  // Where the administrator was made to see less.
  const [session] = Object(body).sessions ?? []
  return session === undefined ? undefined : session.idle_ends_at - session.last_seen_at
}

/** The same cookies in another browser, on a device that has proved its key just now. */
async function observeContinuation(
  { issuer, population }: Met,
  rp: Awaited<ReturnType<typeof discover>>,
  browser: Browser,
): Promise<Observed> {
  const { url } = await begin(rp, SCOPE)
  const there = await browser.visit(url, { headers: { 'user-agent': ANOTHER_BROWSER } })
  return {
    'login.session_idle_seconds': await idleSecondsOf({ issuer, population }),
    'session.next': there.url.includes('/login') ? 'asked to sign in' : 'the session does',
    'session.proof_seconds': browser.lifetimes.get('sallyport_bound'),
  }
}

/** What a client that shows its ID token comes to, and what its grant for offline access. */
async function observeSignOut(
  deployment: Met,
  rp: Awaited<ReturnType<typeof discover>>,
  browser: Browser,
): Promise<Observed> {
  const { web, user } = deployment.population
  const begun = await begin(rp, SCOPE)
  const code = (await browser.authorize(begun.url, user)).searchParams.get('code') ?? ''
  const redirect_uri = new URL(begun.url).searchParams.get('redirect_uri') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri, code_verifier: begun.verifier }
  const { body: tokens } = await post(deployment, '/oauth/token', web, form)
  const hint = new URLSearchParams({ id_token_hint: String(tokens.id_token) })
  const page = await browser.visit(`${deployment.issuer}/oauth/logout?${hint}`)
  const asked = page.text.includes('Sign out?')
  if (asked) await browser.submit(page, { answer: 'sign_out' })
  const again = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) }
  const { status } = await post(deployment, '/oauth/token', web, again)
  return {
    'session.confirmation': asked ? 'asked' : 'not asked',
    'session.revoke_grants': status === 200 ? 'goes on' : 'ended',
  }
}

async function observeTokens(deployment: Met, tokens: Answer['body']): Promise<Observed> {
  const isJwt = String(tokens.access_token).startsWith('ey')
  const access = isJwt ? decodeJwt(String(tokens.access_token)) : {}
  const id = decodeJwt(String(tokens.id_token))
  const authorization = `Bearer ${tokens.access_token}`
  const userinfo = await answerOf(await fetch(`${deployment.issuer}/oauth/userinfo`, { headers: { authorization } }))
  const challenge = userinfo.headers.get('www-authenticate') ?? ''
  // As its own holder, which may look at it whomever it is for.
  const look = async (token: unknown) =>
    (await post(deployment, '/oauth/introspect', deployment.population.web, { token: String(token) })).body
  const introspected = await look(tokens.access_token)
  const refresh = tokens.refresh_token === undefined ? undefined : await look(tokens.refresh_token)
  await post(deployment, '/oauth/revoke', deployment.population.web, { token: String(tokens.access_token) })
  const after = tokens.refresh_token === undefined ? undefined : await look(tokens.refresh_token)
  return {
    'token.scopes': [tokens.scope, access.scope],
    'token.audience': access.aud,
    // What `authorize` put in the code is what the token has, unless `token` says otherwise.
    'authorize.audience': access.aud,
    'token.access_token_ttl_seconds': [tokens.expires_in, Number(access.exp) - Number(access.iat)],
    'token.id_token_ttl_seconds': Number(id.exp) - Number(id.iat),
    'token.refresh_token': refresh?.active === true ? 'given' : 'none',
    // Counted from the grant, which is some moments older than the token.
    'token.refresh_token_ttl_seconds': Math.ceil((Number(refresh?.exp) - Number(refresh?.iat)) / 100) * 100,
    'token.permissions': access.permissions,
    'token.claims': { tenant: access.tenant, flipped: access.flipped },
    'token.id_token_claims': { flipped: id.flipped },
    'login.acr': id.acr,
    'login.amr': id.amr,
    'userinfo.claims': Object.keys(userinfo.body).sort(),
    // The only claim that `profile` would give too, where it was not consented to.
    'consent.claims': 'name' in userinfo.body ? 'name' : 'nothing',
    'userinfo.step_up': userinfo.status,
    'userinfo.acr_values': /acr_values="([^"]*)"/.exec(challenge)?.[1],
    'userinfo.max_age_seconds': /max_age="([^"]*)"/.exec(challenge)?.[1],
    'introspect.permissions': introspected.permissions,
    'introspect.scopes': introspected.scope,
    'introspect.audience': introspected.aud,
    'introspect.claims': { tenant: introspected.tenant, flipped: introspected.flipped },
    'token.access_token_format': { jwt: isJwt, introspected: introspected.active, userinfo: userinfo.status },
    'token.sender_constraint': await observeBinding(deployment),
    'token.refresh_grace_seconds': await useTwice(deployment, tokens.refresh_token),
    'revoke.revoke': after?.active === true ? 'the token only' : 'the whole grant',
  }
}

/** What a token that is asked for with a proof is bound to. */
async function observeBinding({ issuer, population }: Met): Promise<unknown> {
  const key = await makeProofKey()
  const url = `${issuer}/oauth/token`
  const headers = { authorization: basic(population.web), dpop: await key.proof({ url }) }
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  const { body } = await answerOf(await fetch(url, { method: 'POST', headers, body: form }))
  const token = String(body.access_token)
  const introspected = await post({ issuer }, '/oauth/introspect', population.web, { token })
  return [body.token_type, Object(introspected.body.cnf).jkt === key.jkt ? 'its key' : 'no key']
}

async function useTwice(deployment: Met, token: unknown): Promise<string> {
  const form = { grant_type: 'refresh_token', refresh_token: String(token) }
  const use = async () => (await post(deployment, '/oauth/token', deployment.population.web, form)).body
  const [first, second] = [await use(), await use()]
  if (second.error !== undefined) return 'ends the family'
  return first.refresh_token === second.refresh_token ? 'gives the same again' : 'gives another'
}

/** What a directory's word makes of an address, and what a new password leaves of the tokens of before. */
async function observePasswordChange({ issuer, population }: Met) {
  const token = await adminToken(issuer, population.admin)
  const user = await createPerson(issuer, token, `${Math.random()}@example.com`).catch(() => undefined)
  if (user === undefined) return undefined
  const tokens = await tokensFor({ issuer, population: { user } }, population.web, 'openid email')
  const authorization = `Bearer ${tokens.access_token}`
  const claims = await answerOf(await fetch(`${issuer}/oauth/userinfo`, { headers: { authorization } }))
  const body = JSON.stringify({ schemas: [USER_SCHEMA], userName: user.userName, password: 'another horse battery' })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  await fetch(`${issuer}/scim/v2/Users/${user.sub}`, { method: 'PUT', headers, body })
  const form = { token: String(tokens.access_token) }
  const seen = await post({ issuer }, '/oauth/introspect', population.web, form)
  return { access: seen.body.active === true ? 'goes on' : 'ended', verified: claims.body.email_verified }
}

async function redeemLate(deployment: Met, ageMs: number): Promise<unknown> {
  const { web } = deployment.population
  const { form } = await codeFor(deployment, web, 'openid')
  const issuedAt = Date.now()
  await until(async () => Date.now() - issuedAt > ageMs, 'the code has aged')
  const { status, body } = await post(deployment, '/oauth/token', web, form)
  return status === 200 ? 'redeemed' : body.error
}

/** What an administrator sees and may write, by SCIM and by the admin API. */
async function observeManagement({ issuer, population }: Met): Promise<Observed> {
  const authorization = `Bearer ${await adminToken(issuer, population.admin)}`
  const call = async (method: string, path: string, json?: object) =>
    answerOf(
      await fetch(`${issuer}${path}`, {
        method,
        headers: { authorization, ...(json && { 'content-type': 'application/json' }) },
        ...(json && { body: JSON.stringify(json) }),
      }),
    )
  const user = { schemas: [USER_SCHEMA], userName: `${Math.random()}@example.com` }
  const made = { name: 'Made', type: 'confidential', grant_types: ['client_credentials'] }
  const short = { ...user, userName: `${Math.random()}@example.com`, password: 'correct horse' }
  const [read, created, withPassword, client, registered] = await Promise.all([
    call('GET', `/scim/v2/Users/${population.user.sub}`),
    call('POST', '/scim/v2/Users', user),
    call('POST', '/scim/v2/Users', short),
    call('GET', `/admin/clients/${population.web.id}`),
    call('POST', '/admin/clients', made),
  ])
  const device = { ...made, grant_types: ['urn:ietf:params:oauth:grant-type:device_code'], scopes: ['openid'] }
  const { body: tv } = await call('POST', '/admin/clients', { ...device, audience: ['urn:sallyport:default'] })
  const form = { scope: 'openid', client_id: String(tv.client_id), client_secret: String(tv.client_secret) }
  const asked = await answerOf(
    await fetch(`${issuer}/oauth/device_authorization`, { method: 'POST', body: new URLSearchParams(form) }),
  )
  return {
    'authorize.device_code_ttl_seconds': asked.body.expires_in,
    'authorize.device_interval_seconds': asked.body.interval,
    'scim.visible': Object.keys(read.body).sort(),
    'scim.writable': created.status,
    'scim.least_password_characters': withPassword.status,
    'admin.visible': Object.keys(client.body).sort(),
    'admin.writable': registered.status,
  }
}
