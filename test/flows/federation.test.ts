/** Sign-in at identity providers, against real ones over TLS with pinned keys: npm oidc-provider, and an OAuth server as GitHub. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { identityKey } from '../../src/storage/records.ts'
import { Browser } from '../servers/browser.ts'
import { TENANT } from '../servers/population.ts'
import {
  atProvider,
  codeAfter,
  type Federated,
  linkTo,
  MICROSOFT_TENANT,
  onSignInPage,
  signInAt,
  startFederated,
} from './federation.ts'

let service: Federated
beforeAll(async () => {
  service = await startFederated({
    change: (provider) =>
      provider.id === 'other'
        ? { ...provider, userinfo: true, groupsClaim: 'groups', roles: { staff: 'auditor' } }
        : provider,
  })
})
afterAll(() => service.close())
afterEach(() => {
  for (const site of [service.google, service.microsoft, service.other]) site.alter.clear()
})

let people = 0
const somebody = (more: object = {}) => {
  people += 1
  const email = `person${people}@example.com`
  return { sub: `upstream-${people}`, email, email_verified: true, name: `Person ${people}`, ...more }
}

const identityOf = (issuer: string, subject: string) =>
  service.store.identities.find(TENANT, identityKey(issuer, subject))

const lastDecision = (name: string) =>
  service
    .decisions()
    .filter(({ path }) => path === `authz/${name}/decision`)
    .at(-1) as { readonly input: Record<string, unknown>; readonly result: Record<string, unknown> }

const failures = () => service.audits.filter(({ event }) => event === 'federation_failed').map(({ detail }) => detail)

describe('who comes by a provider', () => {
  test('gets an account with what the provider vouches for, and enters by it from then on (OIDC Core 5.7; checklist 43)', async () => {
    const person = somebody({
      given_name: 'Zoë',
      family_name: 'Doe',
      locale: 'de',
      picture: 'http://insecure.example/p',
    })
    service.google.person = person
    const first = await onSignInPage(service)
    await codeAfter(first.browser, await signInAt(first, 'google'))
    const identity = await identityOf(service.google.issuer, person.sub)
    const user = await service.store.users.find(TENANT, identity?.sub ?? '')
    expect(user).toMatchObject({
      userName: person.email,
      roles: ['user'],
      profile: {
        displayName: person.name,
        name: { givenName: 'Zoë', familyName: 'Doe' },
        locale: 'de',
        emails: [{ value: person.email, primary: true }],
        emailVerified: true,
      },
    })
    expect(user?.passwordHash).toBeUndefined()
    expect(user?.profile.photos).toBeUndefined()
    // With another address, and that one not verified: the subject is the key.
    service.google.person = { ...person, email: 'renamed@example.com', email_verified: false }
    const again = await onSignInPage(service)
    await codeAfter(again.browser, await signInAt(again, 'google'))
    expect((await identityOf(service.google.issuer, person.sub))?.sub).toBe(user?.sub)
    expect(lastDecision('login').input).toMatchObject({
      subject: { sub: user?.sub },
      factors: { federated: 'verified' },
    })
  })

  test('goes there with state, nonce and a PKCE challenge of its own each time (RFC 7636, RFC 9700 2.1.1; checklist 43)', async () => {
    const at = await onSignInPage(service)
    const sent = await Promise.all([0, 1].map(() => at.browser.visit(linkTo(at.page, 'google'))))
    const [first, second] = sent.map(({ left }) => Object.fromEntries(left?.searchParams ?? []))
    expect(first).toMatchObject({ response_type: 'code', code_challenge_method: 'S256', scope: 'openid profile email' })
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(first?.[name]).toMatch(/^[A-Za-z0-9_-]{43}$/)
      expect(second?.[name]).not.toBe(first?.[name])
    }
    expect(first?.redirect_uri).toBe(`${service.issuer}/federation/callback/google`)
  })

  test('stays out of decisions with what names them: domain, groups and flags are facts, addresses and names are not', async () => {
    service.other.person = somebody({ groups: ['staff', 'unmapped'], amr: ['pwd', 'otp'] })
    const at = await onSignInPage(service)
    await codeAfter(at.browser, await signInAt(at, 'other'))
    const { input } = lastDecision('federation')
    expect(input.upstream).toEqual({
      email_verified: true,
      email_domain: 'example.com',
      groups: ['staff', 'unmapped'],
      roles: ['auditor'],
      amr: ['pwd', 'otp'],
    })
    expect(JSON.stringify(input)).not.toMatch(/person\d|Person/)
    const identity = await identityOf(service.other.issuer, service.other.person.sub)
    expect((await service.store.users.find(TENANT, identity?.sub ?? ''))?.roles).toEqual(['auditor', 'user'])
  })

  test('in two windows at once gets one account (checklist 43)', async () => {
    service.google.person = somebody()
    const windows = await Promise.all([onSignInPage(service), onSignInPage(service)])
    await Promise.all(windows.map(async (at) => codeAfter(at.browser, await signInAt(at, 'google'))))
    const { records } = await service.store.users.list(TENANT, 0, 1000)
    expect(records.filter(({ userName }) => userName === service.google.person.email)).toHaveLength(1)
  })

  test('is refused without a verified address, and makes no account (nOAuth; checklist 43)', async () => {
    for (const unverified of [{ email_verified: false }, { email_verified: 'true' }, { email_verified: undefined }]) {
      service.google.person = somebody(unverified)
      const at = await onSignInPage(service)
      const page = await signInAt(at, 'google')
      expect(page.status).toBe(403)
      expect(page.text).toContain('Not allowed')
      expect(at.browser.cookies.has('sallyport_session')).toBe(false)
      expect(await identityOf(service.google.issuer, service.google.person.sub)).toBeUndefined()
    }
    expect(failures().at(-1)).toBe('email_not_verified')
  })

  test('learns nothing of who has an account here from an address that is not verified there (checklist 37)', async () => {
    const answers = []
    for (const email of [service.population.user.userName, 'nobody@example.com']) {
      service.google.person = { ...somebody({ email_verified: false }), email }
      const at = await onSignInPage(service)
      const { status, text } = await signInAt(at, 'google')
      const { input } = lastDecision('federation')
      answers.push([status, text.replaceAll(/nonce[-=]"?[^'" ]+|interaction=[\w-]+/g, ''), input.account, input.linked])
    }
    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]?.[0]).toBe(403)
  })

  test('who is deactivated here is not let in by the provider either (checklist 39, 45)', async () => {
    service.google.person = somebody()
    const first = await onSignInPage(service)
    await codeAfter(first.browser, await signInAt(first, 'google'))
    const identity = await identityOf(service.google.issuer, service.google.person.sub)
    const user = await service.store.users.find(TENANT, identity?.sub ?? '')
    if (user === undefined) throw new Error('no account was made')
    await service.store.users.replace(TENANT, { ...user, active: false }, user.version)
    const at = await onSignInPage(service)
    expect((await signInAt(at, 'google')).status).toBe(403)
    expect(at.browser.cookies.has('sallyport_session')).toBe(false)
  })
})

describe('Microsoft', () => {
  test('lets people of its one directory in, and never by their address (nOAuth; checklist 43)', async () => {
    const { user } = service.population
    service.microsoft.person = { ...somebody(), email: user.userName, email_verified: true, tid: MICROSOFT_TENANT }
    const at = await onSignInPage(service)
    await codeAfter(at.browser, await signInAt(at, 'microsoft'))
    const identity = await identityOf(service.microsoft.issuer, service.microsoft.person.sub)
    expect(identity?.sub).toBeDefined()
    expect(identity?.sub).not.toBe(user.sub)
    const made = await service.store.users.find(TENANT, identity?.sub ?? '')
    expect(made?.profile.emails).toBeUndefined()
    expect(made?.userName).toMatch(/^microsoft-/)
  })

  test('people of another directory, or of none, are refused (tid; checklist 43)', async () => {
    for (const tid of ['9b1f2c3d-0000-4000-8000-1234567890ab', undefined]) {
      service.microsoft.person = somebody({ tid })
      const at = await onSignInPage(service)
      expect((await signInAt(at, 'microsoft')).status).toBe(400)
      expect(failures().at(-1)).toBe('wrong_organisation')
    }
  })
})

describe('GitHub', () => {
  const signIn = async () => {
    const at = await onSignInPage(service)
    return { ...at, back: await signInAt(at, 'github') }
  }

  test('is known by its numeric id, and its verified primary address counts (checklist 43)', async () => {
    service.github.person = { id: 101, login: 'zoe', name: 'Zoë', email: 'public@example.com' }
    service.github.emails = [
      { email: 'zoe-old@example.com', primary: false, verified: true },
      { email: 'zoe@example.com', primary: true, verified: true },
    ]
    const { browser, back } = await signIn()
    await codeAfter(browser, back)
    const identity = await identityOf(service.github.issuer, '101')
    expect(await service.store.users.find(TENANT, identity?.sub ?? '')).toMatchObject({
      userName: 'zoe@example.com',
      profile: { displayName: 'Zoë', emails: [{ value: 'zoe@example.com', primary: true }] },
    })
    // Whoever takes the login later is somebody else.
    service.github.person = { id: 102, login: 'zoe' }
    service.github.emails = [{ email: 'new-zoe@example.com', primary: true, verified: true }]
    const next = await signIn()
    await codeAfter(next.browser, next.back)
    expect((await identityOf(service.github.issuer, '102'))?.sub).not.toBe(identity?.sub)
  })

  test.each([
    ['an unverified primary', [{ email: 'a1@example.com', primary: true, verified: false }]],
    ['a verified one that is not the primary', [{ email: 'a2@example.com', primary: false, verified: true }]],
    ['none, though its page shows one', []],
  ])('refuses %s (checklist 43)', async (_, emails) => {
    service.github.person = { id: 200, login: 'mallory', email: service.population.user.userName }
    service.github.emails = emails
    const { back, browser } = await signIn()
    expect(back.status).toBe(403)
    expect(browser.cookies.has('sallyport_session')).toBe(false)
    expect(failures().at(-1)).toBe('email_not_verified')
  })
})

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
    expect(failures().at(-1)).toBe('wrong_response')
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
    expect(failures().at(-1)).toBe('wrong_response')
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
    expect(failures().at(-1)).toBe('wrong_token')
    expect(service.other.asked.slice(asked)).not.toContain('POST /token')
  })

  test('refuses an answer of another issuer, and one that lacks its own where that is promised (RFC 9207 2.4; checklist 43)', async () => {
    for (const iss of ['https://evil.example', undefined]) {
      const { browser, answer } = await back()
      if (iss === undefined) answer.searchParams.delete('iss')
      else answer.searchParams.set('iss', iss)
      const page = await browser.visit(answer.href)
      expect([page.status, failures().at(-1)]).toEqual([400, 'wrong_token'])
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
    expect([page.status, failures().at(-1)]).toEqual([400, 'refused_there'])
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
    expect([page.status, failures().at(-1)]).toEqual([400, 'wrong_token'])
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
    // Keys that sign on after they were withdrawn are refused: expired ones.
    service.advance(11)
    service.google.rotate(false)
    expect((await signIn()).status).toBe(400)
    expect(failures().at(-1)).toBe('wrong_token')
    service.google.restoreKeys()
    service.advance(11)
  })
})

test('userinfo of another subject is refused (OIDC Core 5.3.2; checklist 43)', async () => {
  service.other.person = somebody()
  service.other.alter.set('me', (body) => ({ ...body, sub: 'somebody-else' }))
  const at = await onSignInPage(service)
  expect((await signInAt(at, 'other')).status).toBe(400)
  expect(failures().at(-1)).toBe('wrong_token')
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

describe('a provider’s own settings', () => {
  let own: Federated
  beforeAll(async () => {
    own = await startFederated({
      change: (provider) => {
        if (provider.id === 'google') return { ...provider, hostedDomain: 'example.com' }
        if (provider.id === 'other')
          return { ...provider, attributes: { preferred_username: 'displayName', picture: 'locale', amr: 'userName' } }
        return provider
      },
    })
  })
  afterAll(() => own?.close())

  test('hosted_domain: Google is asked for it, and lets in people of that domain alone (`hd`; checklist 43)', async () => {
    for (const hd of ['example.org', 'EXAMPLE.com.evil.example', '', ['example.com'], undefined]) {
      own.google.person = somebody({ hd })
      const at = await onSignInPage(own)
      const { left } = await at.browser.visit(linkTo(at.page, 'google'))
      // What it is asked for is a wish, which the person can take out of the address; what it answers counts.
      expect(left?.searchParams.get('hd')).toBe('example.com')
      left?.searchParams.delete('hd')
      const page = await at.browser.visit((await atProvider(left)).href)
      expect([hd, page.status, own.audits.at(-1)?.detail]).toEqual([hd, 400, 'wrong_organisation'])
      expect(at.browser.cookies.has('sallyport_session')).toBe(false)
    }
    own.google.person = somebody({ hd: 'example.com' })
    const at = await onSignInPage(own)
    await codeAfter(at.browser, await signInAt(at, 'google'))
    expect(await own.store.identities.find(TENANT, identityKey(own.google.issuer, own.google.person.sub))).toBeDefined()
  })

  test('attributes: claims become attributes of the account that is made, as far as policy takes them', async () => {
    const person = somebody({ preferred_username: 'zoe.d', picture: 'pt', amr: 'root', family_name: 'Doe' })
    own.other.person = person
    const at = await onSignInPage(own)
    await codeAfter(at.browser, await signInAt(at, 'other'))
    const identity = await own.store.identities.find(TENANT, identityKey(own.other.issuer, person.sub))
    const user = await own.store.users.find(TENANT, identity?.sub ?? '')
    expect(user?.profile).toMatchObject({ displayName: 'zoe.d', locale: 'pt', name: { familyName: 'Doe' } })
    expect(user?.userName).toBe(person.email)
    expect(JSON.stringify(user)).not.toMatch(/root|Person \d/)
  })
})
