/** What providers give: bound to a key where they offer it, kept sealed for signing out there, and answers that come by a form. */
import { decodeJwt } from 'jose'
import { afterEach, describe, expect, test } from 'vitest'
import type { ProviderOptions } from '../../src/auth/federation/provider/options.ts'
import { randomId } from '../../src/kernel/ids.ts'
import { identityKey, type OneUseRecord } from '../../src/storage/records.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { Browser, formOf, type Visited } from '../servers/browser.ts'
import { newAddress, TENANT } from '../servers/population.ts'
import { atProvider, codeAfter, type Federated, linkTo, onSignInPage, signInAt, startFederated } from './federation.ts'

let service: Federated | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

/** Everything that was put into the store for one use. */
const kept: OneUseRecord[] = []

async function start(more: Partial<ProviderOptions>, dpop = false): Promise<Federated> {
  kept.length = 0
  service = await startFederated({
    dpop,
    change: (provider) => (provider.id === 'github' ? provider : { ...provider, ...more }),
    store: async (path, clock) => {
      const store = await openSqliteStore({ path, clock })
      const put: typeof store.oneUse.put = async (tenant, digest, record) => {
        kept.push(record)
        await store.oneUse.put(tenant, digest, record)
      }
      return { ...store, oneUse: { ...store.oneUse, put } }
    },
  })
  service.google.person = { sub: randomId(), email: newAddress(), email_verified: true }
  return service
}

async function come(at: Federated, there?: Browser): Promise<{ readonly browser: Browser; readonly page: Visited }> {
  const open = await onSignInPage(at)
  const { left } = await open.browser.visit(linkTo(open.page, 'google'))
  const page = await open.browser.visit((await atProvider(left, there)).href)
  return { browser: open.browser, page }
}

const cookie = ({ cookies }: Browser): string | undefined => cookies.get('sallyport_upstream')

describe('tokens bound to a key (RFC 9449)', () => {
  const bound = (at: Federated) => {
    const types: unknown[] = []
    at.google.alter.set('token', (body) => {
      types.push(body.token_type)
      return body
    })
    return types
  }

  test('auto: where the provider offers it, and userinfo is asked with a proof', async () => {
    const at = await start({ dpop: 'auto', userinfo: true }, true)
    const types = bound(at)
    const { browser, page } = await come(at)
    await codeAfter(browser, page)
    expect(types).toEqual(['DPoP'])
    expect(at.google.asked).toContain('GET /me')
  })

  test('auto: where it does not, bearer tokens will do', async () => {
    const at = await start({ dpop: 'auto' })
    const types = bound(at)
    const { browser, page } = await come(at)
    await codeAfter(browser, page)
    expect(types).toEqual(['Bearer'])
  })

  test('on: a token that is not bound lets nobody in', async () => {
    const at = await start({ dpop: 'on' })
    const { page, browser } = await come(at)
    expect(page.status).toBe(400)
    expect(browser.cookies.has('sallyport_session')).toBe(false)
    expect(at.audits.at(-1)).toMatchObject({ event: 'federation_failed', detail: 'not_bound' })
  })
})

describe('signing out at the provider as well (RP-Initiated Logout 2)', () => {
  const signOut = async (at: Federated, browser: Browser): Promise<Visited> =>
    browser.submit(await browser.visit(`${at.issuer}/logout`), { answer: 'sign_out' })

  test('is offered once signed out here, and goes there with the ID token that it gave (checklist 31)', async () => {
    const at = await start({ keepTokens: 'id_token', signOutReturns: true })
    const there = new Browser(at.google.origin)
    const { browser, page } = await come(at, there)
    await codeAfter(browser, page)
    const done = await signOut(at, browser)
    expect(done.text).toContain('Sign out at Google too')
    const { left } = await browser.submit(done, {})
    expect(left?.origin).toBe(at.google.origin)
    expect(decodeJwt(left?.searchParams.get('id_token_hint') ?? '')).toMatchObject({ sub: at.google.person.sub })
    expect(left?.searchParams.get('post_logout_redirect_uri')).toBe(`${at.issuer}/logout`)
    const asked = await there.visit(left?.href ?? '')
    const gone = await there.submit(asked, { logout: 'yes' })
    expect(gone.left?.href.startsWith(`${at.issuer}/logout`)).toBe(true)
    // Once.
    expect(cookie(browser)).toBeUndefined()
  })

  test('is not offered to who did not come by a provider, nor done by a form that is not ours (checklist 12)', async () => {
    const at = await start({})
    const { browser, page } = await come(at)
    await codeAfter(browser, page)
    const forged = await browser.visit(`${at.issuer}/federation/sign-out`, {
      method: 'POST',
      body: new URLSearchParams({ form_token: 'x' }),
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    expect([forged.status, forged.left]).toEqual([403, undefined])
    const { user } = at.population
    const plain = await onSignInPage(at)
    await plain.browser.submit(plain.page, { username: user.userName, password: user.password })
    expect((await signOut(at, plain.browser)).text).not.toContain('Sign out at')
    expect(cookie(plain.browser)).toBeUndefined()
  })

  test('all: what it gave is revoked there (RFC 7009)', async () => {
    const at = await start({ keepTokens: 'all' })
    const { browser, page } = await come(at)
    await codeAfter(browser, page)
    const done = await signOut(at, browser)
    await browser.submit(done, {})
    expect(at.google.asked.filter((line) => line === 'POST /token/revocation').length).toBeGreaterThan(0)
  })

  test('the store holds it sealed, for as long as policy says, and none of it where none is to be kept (checklist 34)', async () => {
    const at = await start({ keepTokens: 'all' }, true)
    let given: Record<string, unknown> = {}
    at.google.alter.set('token', (body) => {
      given = body
      return body
    })
    const { browser, page } = await come(at)
    await codeAfter(browser, page)
    const record = kept.find(({ kind }) => kind === 'federation_session')
    expect(record?.expiresAt).toBe((record?.createdAt ?? 0) + 28_800)
    for (const name of ['id_token', 'access_token']) {
      expect(String(given[name]).length).toBeGreaterThan(20)
      expect(JSON.stringify(kept)).not.toContain(String(given[name]))
    }
    expect(browser.lifetimes.get('sallyport_upstream')).toBe(28_800)
    at.advance(28_801)
    const done = await browser.visit(`${at.issuer}/logout`)
    expect((await browser.submit(done, {})).left).toBeUndefined()
  })

  test('none: nothing is kept', async () => {
    const at = await start({ keepTokens: 'none' })
    const { browser, page } = await come(at)
    await codeAfter(browser, page)
    expect(cookie(browser)).toBeUndefined()
    expect(kept.filter(({ kind }) => kind === 'federation_session')).toEqual([])
  })
})

test('nothing in the store redeems a code: verifier and nonce are the browser’s (RFC 7636 7.1)', async () => {
  const at = await start({})
  const open = await onSignInPage(at)
  const { left } = await open.browser.visit(linkTo(open.page, 'google'))
  const [trip] = kept
  expect(Object.keys(trip?.facts ?? {}).sort()).toEqual(['bound', 'interaction', 'provider', 'purpose'])
  expect(JSON.stringify(kept)).not.toContain(left?.searchParams.get('state') ?? '')
  expect(JSON.stringify(kept)).not.toContain(left?.searchParams.get('nonce') ?? '')
})

describe('an answer by form (OAuth 2.0 Form Post Response Mode 2)', () => {
  test('counts with the cookies of the GET that follows, which a cross-site POST lacks (SameSite=Lax; checklist 44)', async () => {
    const at = await start({ responseMode: 'form_post' })
    const open = await onSignInPage(at)
    const { left } = await open.browser.visit(linkTo(open.page, 'google'))
    expect(left?.searchParams.get('response_mode')).toBe('form_post')
    const form = formOf(await new Browser(at.google.origin).visit(left?.href ?? ''))
    const posted = await fetch(form.action, { method: 'POST', body: form.fields, redirect: 'manual' })
    expect(posted.status).toBe(303)
    await codeAfter(
      open.browser,
      await open.browser.visit(new URL(posted.headers.get('location') ?? '', at.issuer).href),
    )
  })

  test('is taken only where it was asked for', async () => {
    const at = await start({})
    const url = `${at.issuer}/federation/callback/google`
    const answer = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ code: 'x', state: 'y' }),
      redirect: 'manual',
    })
    expect(answer.status).toBe(400)
  })
})

test('who comes by a provider is asked for what `login` wants beyond it: a stronger level is not had for nothing (checklist 39)', async () => {
  const at = await start({})
  const open = await onSignInPage(at, {
    claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:sallyport:acr:mfa'] } } }),
  })
  const page = await signInAt(open, 'google')
  expect(page.left?.searchParams.get('code')).toBeFalsy()
  const last = at
    .decisions()
    .filter(({ path }) => path === 'authz/login/decision')
    .at(-1)
  expect(Object(last?.input).factors).toMatchObject({ federated: 'verified', totp: 'absent' })
  expect(Object(last?.input).federated_acr).toBe('urn:sallyport:acr:password')
})

test('whoever has a second factor is asked for it after the provider as after a password (checklist 39)', async () => {
  const at = await start({})
  const first = await come(at)
  await codeAfter(first.browser, first.page)
  const key = identityKey(at.google.issuer, at.google.person.sub)
  const sub = (await at.store.identities.find(TENANT, key))?.sub ?? ''
  const totp = { v: 1, sealed: 'not opened here', createdAt: 1 } as const
  expect(await at.store.factors.totp.add(TENANT, sub, totp)).toBe('written')
  const { browser, page } = await come(at)
  expect([page.status, new URL(page.url).pathname]).toEqual([200, '/mfa/totp'])
  expect(browser.cookies.has('sallyport_session')).toBe(false)
})
