/**
 * `federation` decides: each obligation, flipped in a copy of the Rego, changes what is seen; and without a decision, or with a
 * deny, no route of federation goes on (checklist 49).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { PolicyUnavailable } from '../../src/kernel/errors.ts'
import { randomId } from '../../src/kernel/ids.ts'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import type { Verdict } from '../../src/policy-engine/decide.ts'
import { identityKey } from '../../src/storage/records.ts'
import { signedBundle } from '../servers/auth-service.ts'
import { type Browser, formAt, type Visited } from '../servers/browser.ts'
import { copyPolicies, type Edit } from '../servers/policy-folder.ts'
import { newAddress, TENANT } from '../servers/population.ts'
import { atProvider, type Federated, linkTo, onSignInPage, signInAt, startFederated } from './federation.ts'
import { createPersonWithoutFactors } from './use-factors.ts'

type Break = 'undefined' | 'timeout' | 'wrong_result' | 'deny'
let broken: Break | undefined

let service: Federated
beforeAll(async () => {
  service = await startFederated({
    decide:
      (real): typeof real =>
      async (name, input, context) => {
        if (name !== 'federation' || broken === undefined) return real(name, input, context)
        if (broken !== 'deny') throw new PolicyUnavailable(broken, name)
        const denied: unknown = { allow: false, reasons: [], decisionId: 'denied', revision: 'test' }
        return denied as Verdict<typeof name>
      },
  })
})
afterAll(() => service.close())

beforeEach(() => {
  service.google.person = {
    sub: randomId(),
    email: newAddress(),
    email_verified: true,
    name: 'Zoë',
    locale: 'de',
  }
})

const userHere = async () => {
  const key = identityKey(service.google.issuer, service.google.person.sub)
  const identity = await service.store.identities.find(TENANT, key)
  return identity && (await service.store.users.find(TENANT, identity.sub))
}

async function come(): Promise<{ readonly browser: Browser; readonly page: Visited }> {
  const open = await onSignInPage(service)
  return { browser: open.browser, page: await signInAt(open, 'google') }
}

async function post(browser: Browser, path: string, fields: Readonly<Record<string, string>>): Promise<Visited> {
  const page = await browser.visit(`${service.issuer}/account/identities`)
  const { action, fields: body } = formAt(page, new RegExp(`${path}$`))
  for (const [name, value] of Object.entries(fields)) body.set(name, value)
  return browser.visit(action, {
    method: 'POST',
    body,
    headers: { 'sec-fetch-site': 'same-origin' },
  })
}

async function observe() {
  const { browser, page } = await come()
  const user = await userHere()
  const sessions = user && (await service.store.sessions.list(TENANT, { sub: user.sub }, 0, 1))
  const linking = user && (await post(browser, '/account/identities/link', { provider: 'other' }))
  return {
    'federation.next': user === undefined ? page.status : 'made',
    'federation.acr': sessions?.records[0]?.acr,
    'federation.attributes': Object.keys(user?.profile ?? {}).sort(),
    'federation.roles': user?.roles,
    'federation.keep_seconds': browser.lifetimes.get('sallyport_upstream'),
    'federation.step_up': linking?.left ? 'sent there' : linking?.url.includes('/login') ? 'signs in anew' : undefined,
  }
}

const AS_SHIPPED = {
  'federation.next': 'made',
  'federation.acr': 'urn:sallyport:acr:password',
  'federation.attributes': ['displayName', 'emailVerified', 'emails', 'locale'],
  'federation.roles': ['user'],
  'federation.keep_seconds': 28_800,
  'federation.step_up': 'sent there',
}

const edit = (from: string | RegExp, to: string): Edit => ({ file: 'authz/federation.rego', from, to })

async function activate(edits: readonly Edit[], version: number): Promise<void> {
  const policies = copyPolicies()
  const folder = mkdtempSync(join(tmpdir(), 'federation-policy-'))
  try {
    for (const one of edits) policies.edit(one)
    const file = join(folder, 'bundle.tar.gz')
    writeFileSync(file, await writeArchive(new Map(await policies.compile())))
    await service.node.activate([await signedBundle(file, version)])
  } finally {
    policies.remove()
    rmSync(folder, { recursive: true })
  }
}

describe('obligations are obeyed', () => {
  afterAll(() => activate([], 5))

  test('as shipped', async () => {
    expect(await observe()).toEqual(AS_SHIPPED)
  })

  test('each of them flipped, what is seen follows', async () => {
    await activate(
      [
        edit('acr := "urn:sallyport:acr:password"', 'acr := "urn:sallyport:acr:mfa"'),
        edit(/attributes := \{.*\}/, 'attributes := {"locale"}'),
        edit('default_roles := {"user"}', 'default_roles := {"auditor"}'),
        edit('keep_seconds := 28800', 'keep_seconds := 0'),
        edit('fresh_seconds := 300', 'fresh_seconds := -1'),
      ],
      2,
    )
    expect(await observe()).toEqual({
      'federation.next': 'made',
      'federation.acr': 'urn:sallyport:acr:mfa',
      'federation.attributes': ['locale'],
      'federation.roles': ['auditor'],
      'federation.keep_seconds': undefined,
      'federation.step_up': 'signs in anew',
    })
  })

  test.each([
    ['prove', 'there is nobody to prove'],
    ['enter', 'there is nobody to enter as'],
    ['link', 'nobody has proven anything'],
    ['provider', 'the browser was there'],
    ['none', 'nothing was decided'],
  ])('`next` that is %s makes no account and signs nobody in: %s (checklist 49)', async (next) => {
    await activate([edit('else := "create" if {', `else := "${next}" if {`)], 3)
    expect((await observe())['federation.next']).toBe(403)
    expect(await userHere()).toBeUndefined()
  })

  test('a policy that links by an address alone links nothing: the code wants the proof (checklist 43)', async () => {
    await activate([edit('else := "prove" if {', 'else := "link" if {')], 4)
    const { user } = service.population
    service.google.person = { ...service.google.person, email: user.userName }
    const { browser, page } = await come()
    expect(page.status).toBe(403)
    expect(browser.cookies.has('sallyport_session')).toBe(false)
    expect(await userHere()).toBeUndefined()
  })
})

/** The account of the address that Google vouches for was signed in to: whether to connect the two is asked. */
async function proveAddress(): Promise<{ readonly browser: Browser; readonly proved: Visited }> {
  const { userName, password } = await createPersonWithoutFactors(service)
  const user = await service.store.users.findByUserName(TENANT, userName)
  if (user === undefined) throw new Error('nobody was made')
  const profile = { emails: [{ value: userName, primary: true }], emailVerified: true }
  await service.store.users.replace(TENANT, { ...user, profile, version: user.version + 1 }, user.version)
  service.google.person = { sub: randomId(), email: userName, email_verified: true }
  const { browser, page } = await come()
  const href = /href="(\/login[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const login = await browser.visit(new URL(href, page.url).href)
  const proved = await browser.submit(login, { username: userName, password })
  return { browser, proved }
}

interface Step {
  ask(): Promise<Visited>
  goesOn(page: Visited): boolean
  /** Of what was asked to be changed, nothing was. */
  stands?(): boolean | Promise<boolean>
  /** It was. */
  went?(): Promise<boolean>
}

/** What is asked, and how it looks when it goes on; each is asked anew for each way to break. */
const STEPS: Readonly<Record<string, () => Promise<Step>>> = {
  'GET /federation/:provider/start': async () => {
    const { browser, page } = await onSignInPage(service)
    return {
      ask: () => browser.visit(linkTo(page, 'google')),
      goesOn: ({ left }) => left?.origin === service.google.origin,
    }
  },
  'GET /federation/callback/:provider': async () => {
    const { browser, page } = await onSignInPage(service)
    const { left } = await browser.visit(linkTo(page, 'google'))
    const answer = await atProvider(left)
    return { ask: () => browser.visit(answer.href), goesOn: () => browser.cookies.has('sallyport_session') }
  },
  'GET /account/identities': async () => {
    const { browser } = await come()
    return {
      ask: () => browser.visit(`${service.issuer}/account/identities`),
      goesOn: ({ text }) => text.includes('/account/identities/link'),
    }
  },
  'POST /account/identities/link': async () => {
    const { browser } = await come()
    const form = await browser.visit(`${service.issuer}/account/identities`)
    const token = formAt(form, /\/link$/).fields.get('form_token') ?? ''
    const body = () => new URLSearchParams({ form_token: token, provider: 'other' })
    return {
      ask: () => browser.visit(`${service.issuer}/account/identities/link`, { method: 'POST', body: body() }),
      goesOn: ({ left }) => left?.origin === service.other.origin,
    }
  },
  'POST /account/identities/unlink': async () => {
    service.other.person = { sub: randomId() }
    const { browser } = await come()
    const linking = await post(browser, '/account/identities/link', { provider: 'other' })
    await browser.visit((await atProvider(linking.left)).href)
    const form = await browser.visit(`${service.issuer}/account/identities`)
    const { action, fields } = formAt(form, /unlink$/)
    const sub = (await userHere())?.sub ?? ''
    const before = await service.store.identities.list(TENANT, sub)
    expect(before).toHaveLength(2)
    let left = before.length
    return {
      ask: async () => {
        const page = await browser.visit(action, {
          method: 'POST',
          body: new URLSearchParams(fields),
          headers: { 'sec-fetch-site': 'same-origin' },
        })
        left = (await service.store.identities.list(TENANT, sub)).length
        return page
      },
      goesOn: () => left === before.length - 1,
      stands: () => left === before.length,
    }
  },
  'GET /federation/link': async () => {
    const { browser, proved } = await proveAddress()
    return {
      ask: () => browser.visit(proved.url),
      goesOn: ({ text }) => text.includes('Connect Google?'),
    }
  },
  'POST /federation/link': async () => {
    const { browser, proved } = await proveAddress()
    return {
      ask: () => browser.submit(proved, { answer: 'link' }),
      goesOn: ({ url, left }) => url.includes('/consent') || left?.searchParams.has('code') === true,
      stands: async () => (await userHere()) === undefined,
      went: async () => (await userHere())?.userName === service.google.person.email,
    }
  },
  'POST /federation/sign-out': async () => {
    const { browser } = await come()
    const done = await browser.submit(await browser.visit(`${service.issuer}/logout`), { answer: 'sign_out' })
    return { ask: () => browser.submit(done, {}), goesOn: ({ left }) => left?.origin === service.google.origin }
  },
}

describe.each(Object.keys(STEPS))('%s', (route) => {
  test.each<Break>(['undefined', 'timeout', 'wrong_result', 'deny'])('fails closed on %s', async (kind) => {
    const step = await STEPS[route]?.()
    if (step === undefined) throw new Error('no such step')
    broken = kind
    const page = await step.ask().finally(() => {
      broken = undefined
    })
    expect([page.status, page.left]).toEqual([kind === 'deny' ? 403 : 503, undefined])
    if (kind !== 'deny') expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await (step.stands?.() ?? true)).toBe(true)
    // What came once from a provider is spent; all else goes on where it stood.
    if (route.includes('callback')) expect(await userHere()).toBeUndefined()
    else expect(step.goesOn(await step.ask())).toBe(true)
  })

  test('goes on where policy lets it', async () => {
    const step = await STEPS[route]?.()
    if (step === undefined) throw new Error('no such step')
    expect(step.goesOn(await step.ask())).toBe(true)
    expect(await (step.went?.() ?? true)).toBe(true)
  })
})
