/**
 * Sessions over HTTP, on the real policies: idle and absolute ends, copied cookies, binding to a device key, known devices and
 * the letter that tells of a new one; and what an edit of the policy makes of it. Checklist 44 and 45; OWASP ASVS 7.2, 7.3.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { signedBundle, startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { makeDeviceKey } from '../servers/device-key.ts'
import { copyPolicies, type Edit } from '../servers/policy-folder.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { until } from '../servers/until.ts'
import { bindBrowser } from './bound-browser.ts'
import { begin, discover } from './relying-party.ts'
import { isActive } from './requests.ts'
import { addClient, signIn, silently } from './signed-in.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const SAFARI = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1'
const HERE = '203.0.113.7'
const ELSEWHERE = '198.51.100.1'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-sessions-'))
const letters = join(folder, 'letters')
let service: TestService
let shop: TestClient

beforeAll(async () => {
  const mail = { from: { name: 'Sallyport', address: 'no-reply@sallyport.example' }, directory: letters }
  service = await startAuthService({ service: { trustedProxies: ['127.0.0.0/8', '::1/128'], mail } })
  shop = await addClient(service.store, 'shop')
})
afterAll(async () => {
  await service?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A browser that says who it is, behind a proxy that says where. */
function placed(agent = FIREFOX, address = HERE): Browser {
  const browser = new Browser(service.issuer)
  Object.assign(browser.headers, { 'user-agent': agent, 'x-forwarded-for': address })
  return browser
}

async function signedIn(): Promise<Browser> {
  const browser = placed()
  await signIn(service, browser, shop)
  return browser
}
/** Somebody else has the session's cookie, and whatever else is named. */
function thiefOf(browser: Browser, also: readonly string[] = [], agent = FIREFOX, address = HERE): Browser {
  const thief = placed(agent, address)
  for (const name of ['sallyport_session', ...also]) thief.cookies.set(name, browser.cookies.get(name) ?? '')
  return thief
}
const isSignedIn = async (browser: Browser) => (await silently(service, browser, shop)) === 'code'
const audited = (event: string) => service.audits.filter((one) => one.event === event)
const lastDetail = (event: string) => audited(event).at(-1)?.detail

describe('how long a session lasts (checklist 45)', () => {
  test('one that nobody uses ends after the idle time that login gave', async () => {
    const browser = await signedIn()
    service.advance(7200)
    expect(await silently(service, browser, shop)).toBe('login_required')
  })

  test('one that is used goes on past it, and ends at its absolute end', async () => {
    const browser = await signedIn()
    for (let used = 0; used < 7; used += 1) {
      service.advance(3600)
      expect(await isSignedIn(browser)).toBe(true)
    }
    service.advance(3600)
    expect(await silently(service, browser, shop)).toBe('login_required')
  })

  test('each sign-in rotates the cookie, and the one before opens nothing (checklist 44)', async () => {
    const browser = await signedIn()
    const before = thiefOf(browser)
    const { url } = await begin(await discover(service.issuer, shop), 'openid', { prompt: 'login' })
    await browser.authorize(url, service.population.user)
    expect(browser.cookies.get('sallyport_session')).not.toBe(before.cookies.get('sallyport_session'))
    expect(await isSignedIn(browser)).toBe(true)
    expect(await isSignedIn(before)).toBe(false)
  })
})

describe('a copied cookie (checklist 44)', () => {
  test('in another browser asks for a sign-in, and leaves its owner signed in', async () => {
    const browser = await signedIn()
    const thief = thiefOf(browser, [], SAFARI)
    expect(await isSignedIn(thief)).toBe(false)
    expect(lastDetail('session_changed')).toBe('browser:step_up')
    expect(await isSignedIn(browser)).toBe(true)
  })

  test('in another browser from elsewhere ends the session for everybody', async () => {
    const browser = await signedIn()
    const thief = thiefOf(browser, [], SAFARI, ELSEWHERE)
    expect(await isSignedIn(thief)).toBe(false)
    expect(lastDetail('session_changed')).toBe('browser_and_network:end')
    expect(await isSignedIn(browser)).toBe(false)
  })

  test('who moves to another network goes on, and no decision is asked where nothing changed', async () => {
    const browser = await signedIn()
    const asked = () => service.decisions().filter(({ path }) => path === 'authz/session/decision').length
    const before = asked()
    browser.headers['x-forwarded-for'] = ELSEWHERE
    expect(await isSignedIn(browser)).toBe(true)
    expect(asked()).toBe(before + 1)
    for (let used = 0; used < 3; used += 1) expect(await isSignedIn(browser)).toBe(true)
    expect(asked()).toBe(before + 1)
  })
})

describe('a session bound to a key of its device (Device Bound Session Credentials; checklist 44)', () => {
  test('a copied cookie is no session without the key, and the device goes on', async () => {
    const browser = await signedIn()
    const bound = await bindBrowser(browser, service.issuer)
    expect(bound.registered.status).toBe(200)
    service.advance(61)
    expect(await isSignedIn(browser)).toBe(true)
    expect(await isSignedIn(thiefOf(browser))).toBe(false)
    expect(lastDetail('session_changed')).toBe('proof_missing:step_up')
    expect(await isSignedIn(browser)).toBe(true)
  })

  test('a copy of all cookies is of use until the proof runs out, and no longer', async () => {
    const browser = await signedIn()
    const bound = await bindBrowser(browser, service.issuer)
    service.advance(61)
    const thief = thiefOf(browser, ['sallyport_bound'])
    expect(await isSignedIn(thief)).toBe(true)
    service.advance(600)
    expect(await isSignedIn(thief)).toBe(false)
    expect((await bound.refresh()).status).toBe(200)
    expect(await isSignedIn(browser)).toBe(true)
    expect(await isSignedIn(thief)).toBe(false)
  })

  test('a wrong proof ends it for everybody', async () => {
    const browser = await signedIn()
    const bound = await bindBrowser(browser, service.issuer)
    service.advance(61)
    expect((await bound.refresh(makeDeviceKey())).status).toBe(400)
    expect(await isSignedIn(browser)).toBe(false)
    expect(lastDetail('session_changed')).toBe('proof_failed:end')
  })

  test('refreshes do not keep an idle session alive (checklist 45)', async () => {
    const browser = await signedIn()
    const bound = await bindBrowser(browser, service.issuer)
    for (let minutes = 0; minutes < 110; minutes += 10) {
      service.advance(600)
      expect((await bound.refresh()).status).toBe(200)
    }
    service.advance(600)
    expect((await bound.challenge()).status).toBe(400)
    expect(await isSignedIn(browser)).toBe(false)
  })

  test('after a sign-out the key opens nothing', async () => {
    const browser = await signedIn()
    const bound = await bindBrowser(browser, service.issuer)
    const thief = thiefOf(browser, ['sallyport_bound'])
    await browser.submit(await browser.visit(`${service.issuer}/logout`), { answer: 'sign_out' })
    expect((await bound.challenge()).status).toBe(400)
    expect(await isSignedIn(thief)).toBe(false)
  })
})

describe('known devices', () => {
  const user = () => service.population.user
  const told = () => readdirSync(letters).filter((file) => file.endsWith('.eml'))
  const devices = () => service.store.devices.list(TENANT, user().sub)

  test('a sign-in with a new one is an event and a letter to its person; the next one with it is neither', async () => {
    // Nobody else here signs in with this browser: letters of the tests before may still be on their way.
    const browser = placed(SAFARI)
    const lettersOfIt = () => told().filter((file) => /Safari on/.test(readFileSync(join(letters, file), 'utf8')))
    const before = audited('device_added').length
    await signIn(service, browser, shop)
    await until(async () => lettersOfIt().length > 0, 'the letter is there')
    const [letter = ''] = lettersOfIt()
    expect(readFileSync(join(letters, letter), 'utf8')).toMatch(/^To: .*alice@example\.com/m)
    const { url } = await begin(await discover(service.issuer, shop), 'openid', { prompt: 'login' })
    await browser.authorize(url, user())
    expect(audited('device_added')).toHaveLength(before + 1)
    expect(lettersOfIt()).toHaveLength(1)
  })

  test('the store has its digest alone', async () => {
    const browser = await signedIn()
    const secret = browser.cookies.get('sallyport_devices') ?? ''
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(JSON.stringify(await devices())).not.toContain(secret)
    expect(browser.lifetimes.get('sallyport_devices')).toBe(400 * 24 * 3600)
  })

  test('they are bounded, and go with the person', async () => {
    for (let count = 0; count < 25; count += 1) await signedIn()
    expect(await devices()).toHaveLength(20)
  })
})

describe('an edit of the policy is obeyed by the next request', () => {
  const policies = copyPolicies()
  afterAll(() => policies.remove())
  afterEach(() => policies.restore())

  let version = 1
  async function activate(...edits: readonly Edit[]): Promise<void> {
    for (const edit of edits) policies.edit(edit)
    const path = join(folder, 'edited.tar.gz')
    writeFileSync(path, await writeArchive(new Map(await policies.compile())))
    version += 1
    await service.node.activate([await signedBundle(path, version)])
  }

  test('another network alone is enough for a sign-in anew', async () => {
    const browser = await signedIn()
    await activate({
      file: 'authz/session.rego',
      from: 'same_browser if input.seen.browser_changed == false',
      to: 'same_browser if {\n\tinput.seen.browser_changed == false\n\tinput.seen.network_changed == false\n}',
    })
    browser.headers['x-forwarded-for'] = ELSEWHERE
    expect(await isSignedIn(browser)).toBe(false)
    browser.headers['x-forwarded-for'] = HERE
    expect(await isSignedIn(browser)).toBe(true)
  })

  test('sessions are idle for a minute at most', async () => {
    await activate({
      file: 'authz/login.rego',
      from: /session_idle_seconds := \d+/,
      to: 'session_idle_seconds := 60',
    })
    const browser = await signedIn()
    service.advance(40)
    expect(await isSignedIn(browser)).toBe(true)
    service.advance(60)
    expect(await isSignedIn(browser)).toBe(false)
  })

  test('no session is bound', async () => {
    await activate(
      {
        file: 'authz/session.rego',
        from: 'device_held if input.seen.device_bound == false',
        to: 'device_held if {\n\tinput.seen.device_bound == false\n\tinput.stage != "bind"\n}',
      },
      {
        file: 'authz/session.rego',
        from: 'device_held if key_proven',
        to: 'device_held if {\n\tkey_proven\n\tinput.stage != "bind"\n}',
      },
    )
    const browser = await signedIn()
    expect((await bindBrowser(browser, service.issuer)).registered.status).toBe(403)
    expect(await isSignedIn(browser)).toBe(true)
  })
})

test('an access token of a session that policy ended is dead with it (checklist 30)', async () => {
  await service.node.activate([await signedBundle(undefined, 50)])
  const browser = placed()
  const tokens = await signIn(service, browser, shop)
  expect(await isActive(service, tokens.access_token)).toBe(true)
  const thief = thiefOf(browser, [], SAFARI, ELSEWHERE)
  expect(await isSignedIn(thief)).toBe(false)
  expect(await isActive(service, tokens.access_token)).toBe(false)
})
