/**
 * What an identity provider answers must hold: it counts once, in the browser that asked, and for the provider that was asked.
 * OIDC Core 3.1.3.7, RFC 9207 2.4, RFC 9700 4.4 and 4.7; checklist 43.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { METADATA_LIMITS } from '../../src/auth/federation/provider/metadata.ts'
import { Browser } from '../servers/browser.ts'
import {
  atProvider,
  codeAfter,
  type Federated,
  failuresOf,
  linkTo,
  MICROSOFT_TENANT,
  onSignInPage,
  signInAt,
  somebody,
  startFederated,
} from './federation.ts'

const OTHER_TENANT = '11111111-2222-4333-8444-555555555555'

let service: Federated
beforeAll(async () => {
  service = await startFederated({
    change: (provider) => (provider.id === 'other' ? { ...provider, userinfo: true } : provider),
  })
})
afterAll(() => service.close())
afterEach(() => service.other.alter.clear())

describe('an answer counts once, in its browser, for its provider', () => {
  /** Back at our callback, not visited yet. */
  const back = async (provider = 'google') => {
    service.google.person = somebody()
    const at = await onSignInPage(service)
    const { left } = await at.browser.visit(linkTo(at.page, provider))
    return { ...at, answer: await atProvider(left) }
  }
  const isRefused = async (browser: Browser, url: string, status = 400) => {
    const before = service.google.asked.filter((line) => line === 'POST /token').length
    const page = await browser.visit(url)
    expect([page.status, page.left]).toEqual([status, undefined])
    expect(browser.cookies.has('sallyport_session')).toBe(false)
    expect(failuresOf(service).at(-1)).toBe('wrong_response')
    expect(service.google.asked.filter((line) => line === 'POST /token')).toHaveLength(before)
  }

  test('refuses it in another browser, which does not spend it (login CSRF, RFC 9700 4.7; checklist 43)', async () => {
    const { browser, answer } = await back()
    const victim = await onSignInPage(service)
    await isRefused(victim.browser, answer.href)
    await isRefused(new Browser(service.issuer), answer.href)
    await codeAfter(browser, await browser.visit(answer.href))
  })

  test('refuses a state that is none, was changed, is missing or was used (RFC 6749 10.12; checklist 43)', async () => {
    for (const state of ['x', 'A'.repeat(43), '', undefined]) {
      const { browser, answer } = await back()
      if (state === undefined) answer.searchParams.delete('state')
      else answer.searchParams.set('state', state)
      await isRefused(browser, answer.href)
    }
    const { browser, answer } = await back()
    await codeAfter(browser, await browser.visit(answer.href))
    const page = await browser.visit(answer.href)
    expect(page.status).toBe(400)
    expect(failuresOf(service).at(-1)).toBe('wrong_response')
  })

  test('of two visits with one answer at once one goes on (checklist 51)', async () => {
    const { browser, answer } = await back()
    const pages = await Promise.all([0, 1, 2, 3].map(() => browser.visit(answer.href)))
    expect(pages.filter(({ status }) => status === 400)).toHaveLength(3)
  })

  test('refuses one that repeats a parameter (RFC 6749 3.1)', async () => {
    const { browser, answer } = await back()
    answer.searchParams.append('code', 'another')
    await isRefused(browser, answer.href)
  })

  test('refuses the answer of one provider at the address of another: mix-up (RFC 9700 4.4; checklist 43)', async () => {
    // The person chose `other`, which is hostile and sends them on to Google with the state that it was given.
    service.google.person = somebody()
    const at = await onSignInPage(service)
    const { left: toOther } = await at.browser.visit(linkTo(at.page, 'other'))
    const { left: toGoogle } = await at.browser.visit(linkTo(at.page, 'google'))
    const mixed = new URL(toGoogle?.href ?? '')
    for (const name of ['state', 'nonce', 'code_challenge'])
      mixed.searchParams.set(name, toOther?.searchParams.get(name) ?? '')
    const answer = await atProvider(mixed)
    expect(answer.pathname).toBe('/federation/callback/google')
    const asked = service.other.asked.length
    await isRefused(at.browser, answer.href)
    // And with Google's code taken to the hostile one's own address: `iss` tells whose it is (RFC 9207 2.4).
    const carried = new URL(`${service.issuer}/federation/callback/other${answer.search}`)
    expect((await at.browser.visit(carried.href)).status).toBe(400)
    expect(failuresOf(service).at(-1)).toBe('wrong_token')
    expect(service.other.asked.slice(asked)).not.toContain('POST /token')
  })

  test('refuses an answer of another issuer, and one that lacks its own where that is promised (RFC 9207 2.4; checklist 43)', async () => {
    for (const iss of ['https://evil.example', undefined]) {
      const { browser, answer } = await back()
      if (iss === undefined) answer.searchParams.delete('iss')
      else answer.searchParams.set('iss', iss)
      const page = await browser.visit(answer.href)
      expect([page.status, failuresOf(service).at(-1)]).toEqual([400, 'wrong_token'])
    }
  })

  test('who cancels there is back where they can go on another way', async () => {
    const { browser, answer } = await back()
    const cancelled = new URL(answer.origin + answer.pathname)
    for (const [name, value] of [
      ['error', 'access_denied'],
      ['state', answer.searchParams.get('state') ?? ''],
      ['iss', service.google.issuer],
    ] as const)
      cancelled.searchParams.set(name, value)
    const page = await browser.visit(cancelled.href)
    expect([page.status, failuresOf(service).at(-1)]).toEqual([400, 'refused_there'])
    const link = /href="(\/login\?interaction=[^"]+)"/.exec(page.text)?.[1]
    expect((await browser.visit(new URL(link ?? '', page.url).href)).status).toBe(200)
  })
})

describe('an ID token must hold', () => {
  const refused = async (alter: (body: Record<string, unknown>) => Promise<string>) => {
    service.google.person = somebody()
    const at = await onSignInPage(service)
    const { left } = await at.browser.visit(linkTo(at.page, 'google'))
    const answer = await atProvider(left)
    service.google.alterToken = alter
    const page = await at.browser.visit(answer.href)
    service.google.alterToken = undefined
    expect([page.status, failuresOf(service).at(-1)]).toEqual([400, 'wrong_token'])
    expect(at.browser.cookies.has('sallyport_session')).toBe(false)
  }
  const now = () => Math.floor(Date.now() / 1000)

  test.each([
    ['another nonce', () => ({ nonce: 'A'.repeat(43) })],
    ['no nonce', () => ({ nonce: undefined })],
    ['a swapped issuer', () => ({ iss: 'https://evil.example' })],
    ['another audience', () => ({ aud: 'another-client' })],
    ['an end in the past', () => ({ exp: now() - 60 })],
    ['no subject', () => ({ sub: undefined })],
    // Everybody would be one person.
    ['an empty subject', () => ({ sub: '' })],
    ['a subject beyond 255 characters', () => ({ sub: 'a'.repeat(256) })],
    ['another authorized party', () => ({ azp: 'another-client' })],
    ['a time of issue in the future', () => ({ iat: now() + 7200, exp: now() + 9000 })],
  ])('refuses %s (OIDC Core 3.1.3.7; checklist 43)', async (_, changes) => {
    await refused((body) => service.google.resign(body.id_token, changes()))
  })

  test('refuses a signature by a key that is not in its key set (OIDC Core 3.1.3.7; checklist 43)', async () => {
    await refused((body) => service.google.resign(body.id_token, {}, 'stranger'))
    await refused(async (body) => `${String(body.id_token).split('.').slice(0, 2).join('.')}.AAAA`)
  })

  test('follows a rotation of keys: an unknown kid is looked up anew, ten seconds apart at least (OIDC Core 10.1.1)', async () => {
    const signIn = async () => {
      service.google.person = somebody()
      const at = await onSignInPage(service)
      return signInAt(at, 'google')
    }
    const reads = () => service.google.asked.filter((line) => line === 'GET /jwks').length
    await signIn()
    service.advance(11)
    const before = reads()
    service.google.rotate()
    expect((await signIn()).status).not.toBe(400)
    expect(reads()).toBe(before + 1)
    // Again at once: refused without another look, then found.
    service.google.rotate()
    expect((await signIn()).status).toBe(400)
    expect(reads()).toBe(before + 1)
    service.advance(11)
    expect((await signIn()).status).not.toBe(400)
    // One that was never published is refused.
    service.advance(11)
    service.google.rotate(false)
    expect((await signIn()).status).toBe(400)
    expect(failuresOf(service).at(-1)).toBe('wrong_token')
    service.google.restoreKeys()
    service.advance(11)
  })
})

describe('an ID token of one directory of Microsoft must hold', () => {
  const member = () => somebody({ tid: MICROSOFT_TENANT, xms_edov: true })
  const comeBack = async (changes?: () => Readonly<Record<string, unknown>>) => {
    const { microsoft } = service
    microsoft.person = member()
    const at = await onSignInPage(service)
    const { left } = await at.browser.visit(linkTo(at.page, 'microsoft'))
    const answer = await atProvider(left)
    if (changes) microsoft.alterToken = (body) => microsoft.resign(body.id_token, changes())
    try {
      return { browser: at.browser, page: await at.browser.visit(answer.href) }
    } finally {
      microsoft.alterToken = undefined
    }
  }
  const ofOther = () => service.microsoft.issuer.replace(MICROSOFT_TENANT, OTHER_TENANT)

  test.each([
    ['the issuer of another tenant', 'wrong_token', () => ({ iss: ofOther() })],
    ['issuer and tid of another tenant', 'wrong_token', () => ({ iss: ofOther(), tid: OTHER_TENANT })],
    ['tid of another tenant under the pinned issuer', 'wrong_organisation', () => ({ tid: OTHER_TENANT })],
    ['no tid', 'wrong_organisation', () => ({ tid: undefined })],
    ['the issuer of another provider', 'wrong_token', () => ({ iss: service.google.issuer })],
    ['another nonce', 'wrong_token', () => ({ nonce: 'A'.repeat(43) })],
    ['no nonce', 'wrong_token', () => ({ nonce: undefined })],
  ])('refuses %s: %s (OIDC Core 3.1.3.7; checklist 43)', async (_, failure, changes) => {
    const { browser, page } = await comeBack(changes)
    expect([page.status, failuresOf(service).at(-1)]).toEqual([400, failure])
    expect(browser.cookies.has('sallyport_session')).toBe(false)
    // Signed anew with nothing changed it is good.
    const unchanged = await comeBack(() => ({}))
    await codeAfter(unchanged.browser, unchanged.page)
  })
})

describe('an answer of GitHub, which has neither issuer nor nonce', () => {
  const redeemed = () => service.github.asked.filter((line) => line === 'POST /login/oauth/access_token').length
  const sentTo = async (provider: string) => {
    const at = await onSignInPage(service)
    const { left } = await at.browser.visit(linkTo(at.page, provider))
    return { ...at, left }
  }
  const isRefused = async (browser: Browser, url: URL, failure: string, uses = 0) => {
    const before = redeemed()
    const page = await browser.visit(url.href)
    expect([page.status, page.left, failuresOf(service).at(-1)]).toEqual([400, undefined, failure])
    expect(browser.cookies.has('sallyport_session')).toBe(false)
    expect(redeemed()).toBe(before + uses)
  }
  beforeAll(() => {
    service.github.emails = [{ email: 'octocat@example.com', primary: true, verified: true }]
  })

  test('counts for no state of another browser, another attempt or another provider (RFC 9700 4.4, 4.7; checklist 43)', async () => {
    const [mine, victims] = [await sentTo('github'), await sentTo('github')]
    const answer = await atProvider(mine.left)
    // The attacker's code and state in the browser of the victim.
    await isRefused(victims.browser, answer, 'wrong_response')
    // The attacker's code under the state of the victim: PKCE tells at the provider whose code it is.
    const swapped = new URL(answer)
    swapped.searchParams.set('state', victims.left?.searchParams.get('state') ?? '')
    await isRefused(victims.browser, swapped, 'wrong_token', 1)
    // A state that the same browser was given for Google.
    const both = await sentTo('github')
    const { left: toGoogle } = await both.browser.visit(linkTo(both.page, 'google'))
    const mixed = await atProvider(both.left)
    mixed.searchParams.set('state', toGoogle?.searchParams.get('state') ?? '')
    await isRefused(both.browser, mixed, 'wrong_response')
  })

  test('is not taken where a hostile provider sent the person on: mix-up (RFC 9700 4.4; checklist 43)', async () => {
    const { browser, page, left: toOther } = await sentTo('other')
    const { left: toGithub } = await browser.visit(linkTo(page, 'github'))
    const mixed = new URL(toGithub?.href ?? '')
    for (const name of ['state', 'code_challenge']) mixed.searchParams.set(name, toOther?.searchParams.get(name) ?? '')
    const answer = await atProvider(mixed)
    expect([answer.pathname, answer.searchParams.has('iss')]).toEqual(['/federation/callback/github', false])
    const asked = service.other.asked.length
    await isRefused(browser, answer, 'wrong_response')
    // Taken to the address of the hostile one: it promises `iss`, and the code is not sent to it.
    const carried = new URL(`${service.issuer}/federation/callback/other${answer.search}`)
    await isRefused(browser, carried, 'wrong_token')
    expect(service.other.asked.slice(asked)).not.toContain('POST /token')
  })

  test('is good as it came', async () => {
    const { browser, left } = await sentTo('github')
    await codeAfter(browser, await browser.visit((await atProvider(left)).href))
  })
})

test('a key that was withdrawn and signs on is refused once the keys are read again, after five minutes (OIDC Core 10.1.1; checklist 43)', async () => {
  const come = async () => {
    service.google.person = somebody()
    return (await signInAt(await onSignInPage(service), 'google')).status
  }
  const reads = () => service.google.asked.filter((line) => line === 'GET /jwks').length
  const freshSeconds = METADATA_LIMITS.keysFreshMs / 1000
  // Read at once, and fresh from here.
  service.advance(freshSeconds)
  expect(await come()).not.toBe(400)
  service.google.withdraw()
  const before = reads()
  service.advance(freshSeconds - 60)
  expect(await come()).not.toBe(400)
  expect(reads()).toBe(before)
  service.advance(61)
  expect(await come()).toBe(400)
  expect(failuresOf(service).at(-1)).toBe('wrong_token')
  expect(reads()).toBeGreaterThan(before)
  service.google.restoreKeys()
  service.advance(METADATA_LIMITS.keysPauseMs / 1000 + 1)
  expect(await come()).not.toBe(400)
})

test('userinfo of another subject is refused (OIDC Core 5.3.2; checklist 43)', async () => {
  service.other.person = somebody()
  service.other.alter.set('me', (body) => ({ ...body, sub: 'somebody-else' }))
  const at = await onSignInPage(service)
  expect((await signInAt(at, 'other')).status).toBe(400)
  expect(failuresOf(service).at(-1)).toBe('wrong_token')
})

test('metadata of another issuer is refused before anybody is sent there (RFC 8414 3.3; checklist 43)', async () => {
  const swapped = await startFederated({ change: (provider) => ({ ...provider, issuer: `${provider.issuer}/` }) })
  try {
    const at = await onSignInPage(swapped)
    const page = await at.browser.visit(linkTo(at.page, 'google'))
    expect([page.status, page.left]).toEqual([503, undefined])
    expect(swapped.audits.at(-1)).toMatchObject({ event: 'federation_failed', detail: 'wrong_metadata' })
  } finally {
    await swapped.close()
  }
})

test('nothing of an answer is in audit, log or metrics (checklist 34)', async () => {
  service.google.person = somebody()
  const at = await onSignInPage(service)
  const { left } = await at.browser.visit(linkTo(at.page, 'google'))
  const answer = await atProvider(left)
  await at.browser.visit(answer.href)
  answer.searchParams.set('iss', 'https://evil.example')
  const { text } = await at.browser.visit(answer.href)
  const told = JSON.stringify([text, service.audits, service.logged, await service.metricsText(), service.decisions()])
  for (const secret of ['code', 'state'].map((name) => answer.searchParams.get(name) ?? '')) {
    expect(secret.length).toBeGreaterThan(20)
    expect(told).not.toContain(secret)
  }
  expect(told).not.toContain(service.google.person.email)
  expect(told).not.toContain(service.google.client.secret)
})

test('metadata of another tenant of Microsoft is refused in the same way (RFC 8414 3.3; checklist 43)', async () => {
  const swapped = await startFederated()
  swapped.microsoft.alter.set('openid-configuration', (body) => ({
    ...body,
    issuer: String(body.issuer).replace(MICROSOFT_TENANT, OTHER_TENANT),
  }))
  try {
    const at = await onSignInPage(swapped)
    const page = await at.browser.visit(linkTo(at.page, 'microsoft'))
    expect([page.status, page.left, failuresOf(swapped).at(-1)]).toEqual([503, undefined, 'wrong_metadata'])
  } finally {
    await swapped.close()
  }
})
