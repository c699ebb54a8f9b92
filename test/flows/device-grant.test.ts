/** The device grant: a device without a browser, a person with one, and whoever would like to be the one or the other. RFC 8628. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formOf } from '../servers/browser.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { BEHIND_PROXY } from './attackers.ts'
import type { Person } from './factors.ts'
import { type Answer, basic, isActive, post } from './requests.ts'
import { addClient } from './signed-in.ts'
import { createPersonWithoutFactors } from './use-factors.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
let service: TestService
let tv: TestClient
beforeAll(async () => {
  service = await startAuthService()
  tv = await addClient(service.store, 'tv', {}, { grantTypes: [GRANT, 'refresh_token'], redirectUris: [] })
})
afterAll(() => service?.close())

const ask = (client = tv, scope = 'openid profile') => post(service, '/oauth/device_authorization', client, { scope })
const poll = (device: Answer['body'], client = tv) =>
  post(service, '/oauth/token', client, { grant_type: GRANT, device_code: String(device.device_code) })
const errorOf = async (device: Answer['body'], client = tv) => {
  const { status, body } = await poll(device, client)
  return [status, body.error]
}
/** Signs in where asked, and arrives at what waits under the code. */
async function confirmPage(browser: Browser, device: Answer['body'], person: Person = service.population.user) {
  const { userName, password } = person
  let page = await browser.visit(String(device.verification_uri_complete))
  if (page.url.includes('/login?')) page = await browser.submit(page, { username: userName })
  if (page.url.includes('/login/password')) page = await browser.submit(page, { password })
  return page
}

test('a person types the code in another browser, sees client, place and scopes, and the device gets tokens (RFC 8628 3, checklist 28)', async () => {
  const { status, body: device } = await ask()
  expect(status).toBe(200)
  expect(device).toEqual({
    device_code: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    user_code: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
    verification_uri: `${service.issuer}/device`,
    verification_uri_complete: `${service.issuer}/device?user_code=${device.user_code}`,
    expires_in: 600,
    interval: 5,
  })
  expect(await errorOf(device)).toEqual([400, 'authorization_pending'])

  const browser = new Browser(service.issuer)
  const typed = await browser.visit(`${service.issuer}/device`)
  expect(typed.status).toBe(200)
  const page = await confirmPage(browser, device)
  expect(page.url).toContain('/device/confirm')
  for (const shown of [
    String(device.user_code),
    '127.0.0.1',
    'your name and profile',
    service.population.user.userName,
  ])
    expect(page.text).toContain(shown)
  const done = await browser.submit(page, { answer: 'allow' })
  expect([done.status, done.text.includes('Your device is connected')]).toEqual([200, true])

  service.advance(5)
  const { status: redeemed, body: tokens } = await poll(device)
  expect([redeemed, tokens.token_type, tokens.scope]).toEqual([200, 'Bearer', 'openid profile'])
  const userinfo = await fetch(`${service.issuer}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  expect(await userinfo.json()).toMatchObject({ sub: service.population.user.sub })
})

test('a code is redeemed once: 20 polls at once bring one set of tokens, and the second use ends it (RFC 6749 4.1.2)', async () => {
  const { body: device } = await ask()
  const browser = new Browser(service.issuer)
  await browser.submit(await confirmPage(browser, device), { answer: 'allow' })
  const answers = await Promise.all(Array.from({ length: 20 }, () => poll(device)))
  const won = answers.filter(({ status }) => status === 200)
  expect(won).toHaveLength(1)
  expect(new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body.error))).toEqual(
    new Set(['invalid_grant']),
  )
  expect(await isActive(service, won[0]?.body.access_token)).toBe(false)
})

test('polling too fast is told so, each time for five seconds longer (RFC 8628 3.5)', async () => {
  const { body: device } = await ask()
  expect(await errorOf(device)).toEqual([400, 'authorization_pending'])
  expect(await errorOf(device)).toEqual([400, 'slow_down'])
  service.advance(9)
  expect(await errorOf(device)).toEqual([400, 'slow_down'])
  service.advance(15)
  expect(await errorOf(device)).toEqual([400, 'authorization_pending'])
})

test('refused, too late, another client’s, unknown: each in the words of RFC 8628 3.5', async () => {
  const { body: refused } = await ask()
  const browser = new Browser(service.issuer)
  const page = await confirmPage(browser, refused)
  const done = await browser.submit(page, { answer: 'deny' })
  expect(done.text).toContain('It gets no access to your account.')
  expect(await errorOf(refused)).toEqual([400, 'access_denied'])
  // An answer is given once.
  expect((await browser.submit(page, { answer: 'allow' })).status).toBe(400)
  expect(await errorOf(refused)).toEqual([400, 'access_denied'])

  const { body: late } = await ask()
  const open = await confirmPage(browser, late)
  service.advance(601)
  expect(await errorOf(late)).toEqual([400, 'expired_token'])
  expect((await browser.submit(open, { answer: 'allow' })).status).toBe(400)
  expect(await errorOf(late)).toEqual([400, 'expired_token'])

  const other = await addClient(service.store, 'other-tv', {}, { grantTypes: [GRANT], redirectUris: [] })
  const { body: theirs } = await ask()
  expect(await errorOf(theirs, other)).toEqual([400, 'invalid_grant'])
  expect(await errorOf({ device_code: 'x'.repeat(43) })).toEqual([400, 'invalid_grant'])
  const asCode = {
    grant_type: 'authorization_code',
    code: String(theirs.device_code),
    redirect_uri: 'https://x.example',
  }
  expect((await post(service, '/oauth/token', tv, asCode)).status).toBe(400)
})

test('a client that is not registered for it, and scopes that it may not have, are refused before any code is made', async () => {
  const { status, body } = await ask(service.population.web)
  expect([status, body.error]).toEqual([400, 'unauthorized_client'])
  expect((await ask(tv, 'openid admin')).body.error).toBe('invalid_scope')
  const wrong = await post(service, '/oauth/device_authorization', { ...tv, secret: 'wrong' }, { scope: 'openid' })
  expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client'])
})

test('whoever guesses codes is stopped long before they find one, and it costs nobody else (RFC 8628 5.1, checklist 28)', async () => {
  const { body: device } = await ask()
  const guesser = new Browser(service.issuer)
  expect((await confirmPage(guesser, device)).status).toBe(200)
  const guess = (code: string) => guesser.visit(`${service.issuer}/device?user_code=${code}`)
  const statuses: number[] = []
  for (const letter of 'BCDFGHJKLMNP') statuses.push((await guess(letter.repeat(8))).status)
  expect(statuses.slice(0, 8)).toEqual(Array(8).fill(400))
  expect(statuses.slice(-2)).toEqual([429, 429])
  expect((await guess(String(device.user_code))).status).toBe(429)
  service.advance(16 * 60)
  const { body: again } = await ask()
  expect((await confirmPage(guesser, again)).status).toBe(200)
})

test('a guesser stops neither others in their network, nor, where everybody may come from one address, anybody (RFC 8628 5.1, checklist 38)', async () => {
  for (const [settings, address] of [
    [BEHIND_PROXY, '198.51.100.1'],
    [{}, 'nobody is believed'],
  ] as const) {
    const here = await startAuthService({ service: settings })
    try {
      const set = await addClient(here.store, 'tv', {}, { grantTypes: [GRANT], redirectUris: [] })
      const { body: device } = await post(here, '/oauth/device_authorization', set, { scope: 'openid' })
      const browser = () => {
        const one = new Browser(here.issuer)
        one.headers['x-forwarded-for'] = address
        return one
      }
      const guesser = browser()
      expect((await confirmPage(guesser, device, here.population.user)).status).toBe(200)
      const guesses: number[] = []
      for (const letter of 'BCDFGHJKLMNP')
        guesses.push((await guesser.visit(`${here.issuer}/device?user_code=${letter.repeat(8)}`)).status)
      expect(guesses).toEqual([...Array(10).fill(400), 429, 429])
      const page = await confirmPage(browser(), device, await createPersonWithoutFactors(here))
      expect([page.status, page.url]).toEqual([200, expect.stringContaining('/device/confirm')])
    } finally {
      await here.close()
    }
  }
})

test('the answer comes from our own page, in the browser it was shown in, about what it showed (checklist 12)', async () => {
  const { body: device } = await ask()
  const { body: another } = await ask()
  const browser = new Browser(service.issuer)
  const page = await confirmPage(browser, device)
  const { action, fields } = formOf(page)
  const send = (values: Record<string, string>, headers: Record<string, string> = {}) =>
    browser.visit(action, {
      method: 'POST',
      body: new URLSearchParams({ ...Object.fromEntries(fields), answer: 'allow', ...values }),
      headers: { 'sec-fetch-site': 'same-origin', ...headers },
    })
  expect((await send({ form_token: '' })).status).toBe(403)
  expect((await send({ user_code: String(another.user_code) })).status).toBe(403)
  expect((await send({}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  for (const one of [device, another]) expect((await errorOf(one))[1]).toBe('authorization_pending')
  expect((await send({})).status).toBe(200)
})

test('the page names the country that the device asks from, in the reader’s language, where places are known (RFC 8628 5.4)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'places-'))
  const file = join(folder, 'places.csv')
  writeFileSync(file, '198.51.100.0/24,NZ\n')
  const here = await startAuthService({ service: { ...BEHIND_PROXY, threats: { places: { file } } } })
  try {
    const set = await addClient(here.store, 'tv', {}, { grantTypes: [GRANT], redirectUris: [] })
    const shownFrom = async (address: string) => {
      const headers = { 'x-forwarded-for': address, authorization: basic(set) }
      const body = new URLSearchParams({ scope: 'openid' })
      const asked = await fetch(`${here.issuer}/oauth/device_authorization`, { method: 'POST', headers, body })
      const device = (await asked.json()) as Answer['body']
      const browser = new Browser(here.issuer)
      browser.headers['accept-language'] = 'de'
      const { userName, password } = here.population.user
      let page = await browser.visit(String(device.verification_uri_complete))
      page = await browser.submit(page, { username: userName })
      return (await browser.submit(page, { password })).text
    }
    expect(await shownFrom('198.51.100.7')).toContain('<bdi>198.51.100.7</bdi>, Neuseeland (ein anderes Netz')
    expect(await shownFrom('203.0.113.7')).toContain('<bdi>203.0.113.7</bdi> (ein anderes Netz')
  } finally {
    await here.close()
    rmSync(folder, { recursive: true })
  }
})

test('sign-out, and an account that was disabled, end what was approved and not yet fetched (checklist 45)', async () => {
  const { body: device } = await ask()
  const browser = new Browser(service.issuer)
  await browser.submit(await confirmPage(browser, device), { answer: 'allow' })
  await browser.submit(await browser.visit(`${service.issuer}/logout`), { answer: 'sign_out' })
  expect(await errorOf(device)).toEqual([400, 'invalid_grant'])

  const person = await createPersonWithoutFactors(service)
  const [approved, fetched] = [(await ask()).body, (await ask()).body]
  const theirs = new Browser(service.issuer)
  for (const one of [approved, fetched])
    await theirs.submit(await confirmPage(theirs, one, person), { answer: 'allow' })
  const { status, body: tokens } = await poll(fetched)
  expect(status).toBe(200)
  const user = await service.store.users.findByUserName(TENANT, person.userName)
  if (user === undefined) throw new Error('nobody to disable')
  await service.store.users.replace(TENANT, { ...user, active: false, version: user.version + 1 }, user.version)
  const [refused, error] = await errorOf(approved)
  expect([refused, error]).toEqual([400, 'invalid_grant'])
  expect(await isActive(service, tokens.access_token)).toBe(false)
  // Nor is there anybody who could approve another.
  const { body: another } = await ask()
  expect((await confirmPage(new Browser(service.issuer), another, person)).status).toBe(401)
  expect(await errorOf(another)).toEqual([400, 'authorization_pending'])
})

test('discovery names the endpoint and the grant type (RFC 8628 4)', async () => {
  const answer = await fetch(`${service.issuer}/.well-known/openid-configuration`)
  expect(await answer.json()).toMatchObject({
    device_authorization_endpoint: `${service.issuer}/oauth/device_authorization`,
    grant_types_supported: expect.arrayContaining([GRANT]),
  })
})
