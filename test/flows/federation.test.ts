/** Who comes by an identity provider, over TLS with pinned keys: npm oidc-provider, and an OAuth server as GitHub. Checklist 43. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { identityKey } from '../../src/storage/records.ts'
import { TENANT } from '../servers/population.ts'
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
import { headsRefused } from './looks-ahead.ts'

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

const identityOf = (issuer: string, subject: string) =>
  service.store.identities.find(TENANT, identityKey(issuer, subject))

const lastDecision = (name: string) =>
  service
    .decisions()
    .filter(({ path }) => path === `authz/${name}/decision`)
    .at(-1) as { readonly input: Record<string, unknown>; readonly result: Record<string, unknown> }

test('HEAD begins no trip to a provider and ends none (RFC 9110 9.2.1)', async () => {
  expect(await headsRefused(service)).toEqual([
    '/federation/:provider/start',
    '/federation/callback/:provider',
    '/oauth/authorize',
    '/oauth/authorize/resume',
    '/oauth/logout',
  ])
})

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
    expect(failuresOf(service).at(-1)).toBe('email_not_verified')
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
      expect(failuresOf(service).at(-1)).toBe('wrong_organisation')
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
    expect(failuresOf(service).at(-1)).toBe('email_not_verified')
  })
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
