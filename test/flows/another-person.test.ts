/**
 * Another person signs in with the same browser: the session before ends as at a sign-out. Its clients are told, what was given
 * in it is dead, and policy says what outlives it. OIDC Back-Channel Logout 1.0 2.7; checklist 31 and 44.
 */
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { signedBundle, signedFiles, startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { copyPolicies, type Edit } from '../servers/policy-folder.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { openRelyingSite, type RelyingSite } from '../servers/relying-site.ts'
import { until } from '../servers/until.ts'
import { newPerson, type Person } from './at-account.ts'
import { bindBrowser } from './bound-browser.ts'
import { begin, discover } from './relying-party.ts'
import { codeFor, isActive, post } from './requests.ts'
import { addClient, signIn, silently } from './signed-in.ts'

const PROMPTS = ['login', 'select_account', 'login select_account'] as const
const ONLINE = 'openid orders:read'

let service: TestService
let site: RelyingSite
let shop: TestClient
let mail: TestClient
let other: Person
beforeAll(async () => {
  site = await openRelyingSite()
  service = await startAuthService({
    service: {
      clientsReach: { allow: ['127.0.0.1'], unlisted: 'public' },
      backChannel: { idleMs: 20, backOffMs: 5, attempts: 5 },
    },
  })
  shop = await addClient(service.store, 'shop', { backchannel_logout_uri: `${site.origin}/shop` })
  mail = await addClient(service.store, 'mail', { backchannel_logout_uri: `${site.origin}/mail` })
  other = await newPerson(service)
})
afterAll(async () => {
  await service?.close()
  await site?.close()
})
beforeEach(() => {
  site.told.length = 0
  service.audits.length = 0
})

/** The first person with what two clients hold, and a code that waits. */
async function firstPerson() {
  const browser = new Browser(service.issuer)
  const online = await signIn(service, browser, shop, ONLINE)
  const offline = await signIn(service, browser, mail, 'openid offline_access orders:read')
  const code = await codeFor(service, shop, ONLINE, browser)
  const at = (client: TestClient) =>
    site.told
      .filter(({ logoutToken }) => decodeJwt(logoutToken).aud === client.id)
      .map(({ logoutToken }) => logoutToken)
  const refreshed = async () => {
    const form = { grant_type: 'refresh_token', refresh_token: String(offline.refresh_token) }
    return (await post(service, '/oauth/token', mail, form)).status
  }
  return { browser, online, offline, code, at, refreshed }
}

async function signInAs(person: Person, browser: Browser, more: Readonly<Record<string, string>>) {
  return browser.authorize((await begin(await discover(service.issuer, shop), ONLINE, more)).url, person)
}

const audited = (event: string) => service.audits.filter((one) => one.event === event)
const allTold = () => until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'all clients are told')

describe('another person signs in with the browser', () => {
  test.each(PROMPTS)('where the client asks by prompt=%s: who was signed in is signed out', async (prompt) => {
    const { browser, online, offline, code, at, refreshed } = await firstPerson()
    const answer = await signInAs(other, browser, { prompt })
    expect(answer.searchParams.has('code')).toBe(true)

    expect(await isActive(service, online.access_token)).toBe(false)
    expect(await isActive(service, offline.access_token)).toBe(false)
    expect((await post(service, '/oauth/token', shop, code.form)).body.error).toBe('invalid_grant')
    // As the shipped policy has it at a sign-out.
    expect(await refreshed()).toBe(200)
    expect(audited('session_ended')).toEqual([
      expect.objectContaining({ sub: service.population.user.sub, detail: 'online' }),
    ])
    await allTold()
    expect(at(mail)).toHaveLength(1)
    const [token = ''] = at(shop)
    expect(at(shop)).toHaveLength(1)
    expect(decodeJwt(token).sid).toBe(decodeJwt(String(online.id_token)).sid)
    expect(await silently(service, browser, shop)).toBe('code')
  })

  test('at a page of ours, which another tab began before: likewise', async () => {
    const browser = new Browser(service.issuer)
    const tab = await browser.visit(`${service.issuer}/account`)
    const { access_token } = await signIn(service, browser, shop, ONLINE)
    const { url } = await browser.submit(tab, { username: other.userName, password: other.password })
    expect(url).toBe(`${service.issuer}/account`)
    expect(await isActive(service, access_token)).toBe(false)
    expect(audited('session_ended')).toHaveLength(1)
  })

  test('the same person who signs in anew goes on: nothing of theirs ends, and nobody is told', async () => {
    const { browser, online, code } = await firstPerson()
    await signInAs(service.population.user, browser, { prompt: 'login' })
    expect(await isActive(service, online.access_token)).toBe(true)
    expect((await post(service, '/oauth/token', shop, code.form)).status).toBe(200)
    expect(audited('session_ended')).toEqual([])
    await allTold()
    expect(site.told).toEqual([])
  })

  test('a sign-in that fails ends nothing', async () => {
    const { browser, online } = await firstPerson()
    await expect(signInAs({ ...other, password: 'not theirs' }, browser, { prompt: 'login' })).rejects.toThrow(/401/)
    expect(await isActive(service, online.access_token)).toBe(true)
    expect(await silently(service, browser, shop)).toBe('code')
  })
})

test('a bound session whose proof is missing does not go on where its person signs in anew: it ends, and clients are told', async () => {
  const { browser, online, at } = await firstPerson()
  expect((await bindBrowser(browser, service.issuer)).registered.status).toBe(200)
  browser.cookies.delete('sallyport_bound')
  service.advance(61)
  await signInAs(service.population.user, browser, { prompt: 'login' })
  expect(await isActive(service, online.access_token)).toBe(false)
  expect(audited('session_ended')).toHaveLength(1)
  await allTold()
  expect([at(shop).length, at(mail).length]).toEqual([1, 1])
})

describe('what policy says of it', () => {
  const policies = copyPolicies()
  afterAll(() => policies.remove())
  afterEach(async () => {
    policies.restore()
    await service.node.activate([await signedBundle(undefined, ++version)])
  })

  let version = 1
  async function activate(edit: Edit): Promise<void> {
    policies.edit(edit)
    await service.node.activate([await signedFiles(await policies.compile(), ++version)])
  }

  test('where all grants end with a session, those for offline access do', async () => {
    const revokes = { from: 'revoke_grants := "online"', to: 'revoke_grants := "all"' }
    await activate({ file: 'authz/session.rego', ...revokes })
    const { browser, refreshed } = await firstPerson()
    await signInAs(other, browser, { prompt: 'login' })
    expect(await refreshed()).toBe(400)
  })

  test('where it denies, nobody else signs in, and who is signed in stays so (failure denies)', async () => {
    const ofOther = async () => (await service.store.sessions.list(TENANT, { sub: other.sub }, 0, 100)).total
    const sessions = await ofOther()
    const { browser, online, refreshed } = await firstPerson()
    const denies = { from: '\tclient_active\n\ttenant_allowed\n', to: '\tclient_active\n\tinput.stage != "sign_out"\n' }
    await activate({ file: 'authz/session.rego', ...denies })
    await expect(signInAs(other, browser, { prompt: 'login' })).rejects.toThrow(/403/)
    expect(audited('sign_in')).toHaveLength(1)
    expect(audited('session_ended')).toEqual([])
    expect(await isActive(service, online.access_token)).toBe(true)
    expect(await refreshed()).toBe(200)
    expect(await silently(service, browser, shop)).toBe('code')
    expect(await ofOther()).toBe(sessions)
  })
})
