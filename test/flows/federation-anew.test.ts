/** Where only a new sign-in will do here, one at the provider must be new too. OIDC Core 3.1.2.1 and 3.1.3.7, RFC 9470 5. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../servers/browser.ts'
import {
  atProvider,
  codeAfter,
  type Federated,
  failuresOf,
  linkTo,
  onSignInPage,
  signInAt,
  somebody,
  startFederated,
} from './federation.ts'

let service: Federated
beforeAll(async () => {
  service = await startFederated()
})
afterAll(() => service.close())

describe('where only a new sign-in will do, the provider is asked for one', () => {
  const now = () => Math.floor(Date.now() / 1000)
  /** Somebody who came by the provider and is signed in here. */
  const cameBefore = async () => {
    service.other.person = somebody()
    const at = await onSignInPage(service)
    await codeAfter(at.browser, await signInAt(at, 'other'))
    return at.browser
  }
  const askedOf = async (browser: Browser, parameters: Readonly<Record<string, string>>) => {
    const { url } = await onSignInPage(service, parameters)
    const page = await browser.visit(url)
    const { left } = await browser.visit(linkTo(page, 'other'))
    return { left, prompt: left?.searchParams.get('prompt'), maxAge: left?.searchParams.get('max_age') }
  }
  afterEach(() => {
    service.other.alterToken = undefined
  })

  test('by max_age, where the session is older, and where there is none (OIDC Core 3.1.2.1)', async () => {
    const browser = await cameBefore()
    service.advance(61)
    const asked = await askedOf(browser, { max_age: '60' })
    expect([asked.prompt, asked.maxAge]).toEqual(['login', '60'])
    await codeAfter(browser, await browser.visit((await atProvider(asked.left)).href))
    const first = await askedOf(new Browser(service.issuer), { max_age: '60' })
    expect([first.prompt, first.maxAge]).toEqual(['login', '60'])
    const plain = await askedOf(new Browser(service.issuer), {})
    expect([plain.prompt, plain.maxAge]).toEqual([null, null])
  })

  test('by prompt=login, and where the session that is here has not done (RFC 9470 5)', async () => {
    expect((await askedOf(await cameBefore(), { prompt: 'login' })).prompt).toBe('login')
    // Signed in meanwhile, in the same browser: from the page that waits on, the provider asks anew.
    service.other.person = somebody()
    const waits = await onSignInPage(service)
    const { url } = await onSignInPage(service)
    const page = await waits.browser.visit(url)
    await codeAfter(waits.browser, await signInAt({ browser: waits.browser, page }, 'other'))
    const { left } = await waits.browser.visit(linkTo(waits.page, 'other'))
    expect(left?.searchParams.get('prompt')).toBe('login')
  })

  test.each([
    ['max_age', { max_age: '60' }, -61],
    ['prompt=login', { prompt: 'login' }, -61],
  ])('refuses an older sign-in that it answers from: %s (OIDC Core 3.1.3.7)', async (_, parameters, age) => {
    const browser = await cameBefore()
    service.advance(61)
    const { left } = await askedOf(browser, parameters)
    const answer = await atProvider(left)
    service.other.alterToken = (body) => service.other.resign(body.id_token, { auth_time: now() + age - 60 })
    const page = await browser.visit(answer.href)
    expect([page.status, failuresOf(service).at(-1)]).toEqual([400, 'not_anew'])
    expect(page.text).toContain('answered from an older one')
    // One that is new does.
    const again = await atProvider((await askedOf(browser, parameters)).left)
    service.other.alterToken = (body) => service.other.resign(body.id_token, { auth_time: now() })
    await codeAfter(browser, await browser.visit(again.href))
  })
})
