/**
 * What `consent` and `session` are told, shown by policies that ask for it: the device, the risk of the person and the levels that a
 * client asks for; the ways in which the person can prove themself. Each is true, and what is done follows it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { BundleFiles } from '../../src/policy-engine/bundle/digest.ts'
import { signedFiles, startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { copyPolicies, type Edit, type PolicyFolder } from '../servers/policy-folder.ts'
import { until } from '../servers/until.ts'
import { goThrough, parametersOf, redeemCode, told, urlOf } from './authorization.ts'
import { confirmTotp, MFA_ACR, openOwnPage, type Person, PHISHING_RESISTANT } from './factors.ts'
import { post } from './requests.ts'
import { createPersonWithoutFactors } from './use-factors.ts'
import { enter } from './with-people.ts'

const HERE = '203.0.113.7'
const ELSEWHERE = '198.51.100.1'

let service: TestService
let policies: PolicyFolder
let shipped: BundleFiles
let version = 1
beforeAll(async () => {
  service = await startAuthService({ service: { trustedProxies: ['127.0.0.0/8', '::1/128'] } })
  policies = copyPolicies()
  shipped = await policies.compile()
})
afterAll(async () => {
  policies?.remove()
  await service?.close()
})
afterEach(async () => {
  policies.restore()
  await activate(shipped)
})

async function activate(files: BundleFiles): Promise<void> {
  version += 1
  await service.node.activate([await signedFiles(files, version)])
}

async function edited(...edits: readonly Edit[]): Promise<void> {
  policies.restore()
  for (const edit of edits) policies.edit(edit)
  await activate(await policies.compile())
}

/** Behind a proxy that says where it is. */
function placed(address = HERE): Browser {
  const browser = new Browser(service.issuer)
  browser.headers['x-forwarded-for'] = address
  return browser
}

const url = (client: 'own' | 'web' | 'other', more: Readonly<Record<string, string>> = {}) =>
  urlOf(service.issuer, parametersOf(service.population[client], more))

const essential = (value: string) => ({
  claims: JSON.stringify({ id_token: { acr: { essential: true, value } } }),
})

/** Of the newest question to this decision. */
const factsOf = (decision: string) =>
  service.decisions().findLast(({ path }) => path === `authz/${decision}/decision`)?.input

describe('consent', () => {
  const where = (rule: string): Edit => ({
    file: 'authz/consent.rego',
    from: 'something_granted if count(input.granted.scopes) > 0',
    to: `something_granted if {\n\tcount(input.granted.scopes) > 0\n\t${rule}\n}`,
  })
  /** A third party's page, and yes. */
  const agree = async (browser: Browser, more: Readonly<Record<string, string>> = {}, person?: Person) => {
    const page = person ? await enter(browser, url('web', more), person) : await browser.visit(url('web', more))
    expect(new URL(page.url).pathname).toBe('/consent')
    return told(await browser.submit(page, { answer: 'allow' }))
  }

  test('a browser that nobody signed in with: the cookie of a session alone agrees to nothing', async () => {
    await edited(where('input.device.known'))
    const person = await createPersonWithoutFactors(service)
    const browser = placed()
    await enter(browser, url('own'), person)
    const copy = placed()
    copy.cookies.set('sallyport_session', browser.cookies.get('sallyport_session') ?? '')
    expect(await agree(copy)).toMatchObject({ error: 'access_denied' })
    expect(factsOf('consent')).toMatchObject({
      device: { known: false, remembered: false },
      person_risk: { new_device: true, network_known: true },
    })
    expect((await agree(browser)).code).toBeTruthy()
    expect(factsOf('consent')).toMatchObject({ device: { known: true }, person_risk: { new_device: false } })
  })

  test('what is risky about the person: a network that they never signed in from', async () => {
    await edited(where('not input.person_risk.network_changed'))
    const browser = placed()
    const person = await createPersonWithoutFactors(service)
    await enter(browser, url('own'), person)
    browser.headers['x-forwarded-for'] = ELSEWHERE
    expect(await agree(browser)).toMatchObject({ error: 'access_denied' })
    browser.headers['x-forwarded-for'] = HERE
    expect((await agree(browser)).code).toBeTruthy()
  })

  test('the levels that the client asks for', async () => {
    await edited(where(`not "${PHISHING_RESISTANT}" in object.get(input.requested, "acr_values", [])`))
    const browser = placed()
    const person = await createPersonWithoutFactors(service)
    expect(await agree(browser, { acr_values: `${MFA_ACR} ${PHISHING_RESISTANT}` }, person)).toMatchObject({
      error: 'access_denied',
    })
    expect(factsOf('consent')).toMatchObject({ requested: { acr_values: [MFA_ACR, PHISHING_RESISTANT] } })
    const { code } = await agree(browser, { acr_values: MFA_ACR })
    expect(code).toBeTruthy()
    expect(factsOf('consent')).toMatchObject({ requested: { acr_values: [MFA_ACR] } })
  })

  test('what was counted of the person: agreed to when a token of theirs came twice, it is asked for again', async () => {
    await edited({
      file: 'authz/consent.rego',
      from: 'input.client.type == "confidential"\n}',
      to: 'input.client.type == "confidential"\n\tinput.person_risk.lately.refresh_reuse == 0\n}',
    })
    const person = await createPersonWithoutFactors(service)
    const browser = placed()
    const { code } = await agree(browser, { scope: 'openid offline_access' }, person)
    expect(told(await browser.visit(url('web'))).code).toBeTruthy()
    const { body } = await redeemCode(service, service.population.web, code)
    const form = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }
    const statuses = []
    for (const _ of [1, 2]) statuses.push((await post(service, '/oauth/token', service.population.web, form)).status)
    expect(statuses).toEqual([200, 400])
    let network = 0
    await until(async () => {
      network += 1
      browser.headers['x-forwarded-for'] = `198.51.${1 + (network % 200)}.1`
      await browser.visit(`${service.issuer}/account`)
      return JSON.stringify(factsOf('session')).includes('"refresh_reuse":1')
    }, 'the token that came twice is counted')
    browser.headers['x-forwarded-for'] = HERE
    const page = await browser.visit(url('other'))
    expect(told(await browser.submit(page, { answer: 'allow' })).code).toBeTruthy()
    expect(factsOf('consent')).toMatchObject({ person_risk: { lately: { refresh_reuse: 1 } } })
    expect(new URL((await browser.visit(url('other'))).url).pathname).toBe('/consent')
  })
})

describe('session', () => {
  const stepsUp = (rule: string): Edit => ({
    file: 'authz/session.rego',
    from: '} else := "go_on" if {\n\tsame_browser\n',
    to: `} else := "go_on" if {\n\tsame_browser\n\t${rule}\n`,
  })
  const silently = async (browser: Browser, more: Readonly<Record<string, string>> = {}) => {
    const { code, error } = told(await browser.visit(url('own', { prompt: 'none', ...more })))
    return code === undefined ? error : 'code'
  }

  test('the levels that the request which uses it asks for', async () => {
    await edited(stepsUp(`not "${MFA_ACR}" in object.get(object.get(input, "requested", {}), "acr_values", [])`))
    const browser = placed()
    await goThrough(browser, service, url('own'))
    browser.headers['x-forwarded-for'] = ELSEWHERE
    expect(await silently(browser, { acr_values: MFA_ACR })).toBe('login_required')
    expect(factsOf('session')).toMatchObject({ stage: 'continue', requested: { acr_values: [MFA_ACR] } })
    expect(await silently(browser, essential('urn:sallyport:acr:password'))).toBe('code')
    expect(factsOf('session')).toMatchObject({ requested: { essential_acr: ['urn:sallyport:acr:password'] } })
    browser.headers['x-forwarded-for'] = '192.0.2.1'
    await browser.visit(`${service.issuer}/account`)
    expect(factsOf('session')).not.toHaveProperty('requested')
  })

  test('what its person could prove themself with', async () => {
    await edited(stepsUp('not "totp" in input.enrolled'))
    const [one, other] = [await createPersonWithoutFactors(service), await createPersonWithoutFactors(service)]
    const [plain, withApp] = [placed(), placed()]
    await enter(plain, url('own'), one)
    await enter(withApp, url('own'), other)
    const page = await openOwnPage(service, withApp, '/mfa/enrol/totp', other)
    await confirmTotp(withApp, page, Date.now() / 1000)
    for (const browser of [plain, withApp]) browser.headers['x-forwarded-for'] = ELSEWHERE
    expect(await silently(withApp)).toBe('login_required')
    expect(factsOf('session')).toMatchObject({ enrolled: ['password', 'totp', 'recovery_code'] })
    expect(await silently(plain)).toBe('code')
    expect(factsOf('session')).toMatchObject({ enrolled: ['password'] })
  })

  test('is asked nothing, and nothing is read for it, where it is used as before', async () => {
    const browser = placed()
    await goThrough(browser, service, url('own'))
    const asked = () => service.decisions().filter(({ path }) => path === 'authz/session/decision').length
    const before = asked()
    expect(await silently(browser, { acr_values: MFA_ACR })).toBe('code')
    expect(asked()).toBe(before)
  })
})
