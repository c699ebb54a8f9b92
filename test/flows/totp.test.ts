/** Authenticator apps and recovery codes, from the page that shows the secret to the sign-in that needs a code. Checklist 39, 40, 42. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { TENANT } from '../servers/population.ts'
import { until } from '../servers/until.ts'
import { BEHIND_PROXY } from './attackers.ts'
import { redeemCode, told } from './authorization.ts'
import {
  aBrowser,
  addTotp,
  authorizeUrl,
  codeAt,
  confirmTotp,
  type Enrolled,
  lettersIn,
  MFA_ACR,
  openOwnPage,
  PASSWORD_ACR,
  secretOn,
  signInByPassword,
} from './factors.ts'
import { answerOf } from './requests.ts'

let service: TestService
let letters: string
let offset = 0
beforeEach(async () => {
  offset = 0
  letters = mkdtempSync(join(tmpdir(), 'sallyport-letters-'))
  const mail = { from: { name: 'Sallyport', address: 'no-reply@example.com' }, directory: letters }
  service = await startAuthService({ service: { ...BEHIND_PROXY, mail } })
})
afterEach(async () => {
  await service.close()
  rmSync(letters, { recursive: true })
})

const now = () => Date.now() / 1000 + offset
/** To the middle of a later step, so that none ends while a test is at it. */
function advance(seconds: number): void {
  const target = Math.ceil((now() + seconds) / 30) * 30 + 10
  const by = Math.ceil(target - now())
  service.advance(by)
  offset += by
}

const enrol = async (): Promise<Enrolled> => {
  advance(0)
  const enrolled = await addTotp(service, aBrowser(service), now())
  advance(30)
  return enrolled
}

const events = (name: string) => service.audits.filter(({ event }) => event === name)

async function idToken(page: Awaited<ReturnType<typeof signInByPassword>>) {
  const { status, body } = await redeemCode(service, service.population.own, told(page).code)
  expect(status).toBe(200)
  return decodeJwt(String(body.id_token))
}

test('the secret is shown once, sealed in the store, and counts once a code of it was typed in (RFC 6238; checklist 40)', async () => {
  advance(0)
  const browser = aBrowser(service)
  const shown = await openOwnPage(service, browser, '/mfa/enrol/totp')
  const secret = secretOn(shown)
  expect(secret.replaceAll(' ', '')).toHaveLength(32)
  const { sub } = service.population.user
  const none = await service.store.factors.of(TENANT, sub)
  expect(none.totp).toBeUndefined()

  const wrong = await browser.submit(shown, { code: codeAt(secret, now() - 3600) })
  expect([wrong.status, secretOn(wrong)]).toEqual([401, secret])
  const { page, recoveryCodes } = await confirmTotp(browser, wrong, now())
  expect([page.status, recoveryCodes.length, new Set(recoveryCodes).size]).toEqual([200, 10, 10])
  const held = await service.store.factors.of(TENANT, sub)
  expect(held.totp?.sealed).toMatch(/^s1\./)
  expect(JSON.stringify(held)).not.toContain(secret.replaceAll(' ', ''))
  expect(held.recoveryCodes).toBe(10)
  expect(events('factor_added')).toMatchObject([{ sub, detail: 'totp' }])
  await until(
    async () => lettersIn(letters).includes('A way to sign in was added'),
    'the person is told (checklist 42)',
  )

  const again = await browser.submit(shown, { code: codeAt(secret, now()) })
  expect(again.status).toBe(400)
})

test('a page that is loaded again shows the secret that was scanned, for its 15 minutes and in this sign-in only (checklist 40)', async () => {
  advance(0)
  const browser = aBrowser(service)
  const shown = await openOwnPage(service, browser, '/mfa/enrol/totp')
  const secret = secretOn(shown)
  const inGerman = await browser.visit(`${shown.url}?language=de`)
  expect([secretOn(inGerman), inGerman.text.includes('lang="de"')]).toEqual([secret, true])
  const elsewhere = await openOwnPage(service, aBrowser(service), '/mfa/enrol/totp')
  expect(secretOn(elsewhere)).not.toBe(secret)

  advance(3 * 60)
  expect(secretOn(await browser.visit(shown.url))).toBe(secret)
  advance(13 * 60)
  const fresh = await openOwnPage(service, browser, '/mfa/enrol/totp')
  expect(secretOn(fresh)).toMatch(/^[A-Z2-7 ]{32,}$/)
  expect(secretOn(fresh)).not.toBe(secret)

  const { recoveryCodes } = await confirmTotp(browser, fresh, now())
  expect(recoveryCodes).toHaveLength(10)
})

test('from then on a password is not enough, and both reach mfa (RFC 8176; checklist 39)', async () => {
  const { secret } = await enrol()
  const browser = aBrowser(service)
  const asked = await signInByPassword(service, browser)
  expect(new URL(asked.url).pathname).toBe('/mfa/totp')
  expect(browser.cookies.has('sallyport_session')).toBe(false)
  const claims = await idToken(await browser.submit(asked, { code: codeAt(secret, now()) }))
  expect(claims).toMatchObject({ acr: MFA_ACR, amr: ['mfa', 'otp', 'pwd'] })
})

test('a code is used once, whoever shows it again (RFC 6238 5.2; checklist 40)', async () => {
  const { secret } = await enrol()
  const [mine, theirs] = [aBrowser(service), aBrowser(service)]
  const [asked, stolen] = [await signInByPassword(service, mine), await signInByPassword(service, theirs)]
  const code = codeAt(secret, now())
  expect((await mine.submit(asked, { code })).left?.searchParams.get('code')).toBeTruthy()
  const refused = await theirs.submit(stolen, { code })
  expect([refused.status, refused.left]).toEqual([401, undefined])
  expect(theirs.cookies.has('sallyport_session')).toBe(false)
  expect(events('factor_failed')).toMatchObject([{ detail: 'totp:replayed' }])
})

test('the code that confirmed the secret signs nobody in (checklist 40)', async () => {
  advance(0)
  const { secret } = await addTotp(service, aBrowser(service), now())
  const browser = aBrowser(service)
  const refused = await browser.submit(await signInByPassword(service, browser), { code: codeAt(secret, now()) })
  expect(refused.status).toBe(401)
})

test('one step to either side and no more (RFC 6238 5.2; checklist 40)', async () => {
  const { secret } = await enrol()
  const outcome = async (at: number) => {
    const browser = aBrowser(service)
    const page = await browser.submit(await signInByPassword(service, browser), { code: codeAt(secret, at) })
    return page.left === undefined ? page.status : 'signed in'
  }
  expect([await outcome(now() - 60), await outcome(now() + 60)]).toEqual([401, 401])
  expect(await outcome(now() - 30)).toBe('signed in')
  advance(60)
  expect(await outcome(now() + 30)).toBe('signed in')
})

test('who knows the password gets five guesses in a sign-in and ten in 15 minutes, and the owner still has another way (ASVS 6.3.1; checklist 38, 40)', async () => {
  const { secret, recoveryCodes } = await enrol()
  const guess = async (times: number) => {
    const browser = aBrowser(service)
    let page = await signInByPassword(service, browser)
    const statuses: number[] = []
    for (let n = 0; n < times; n++) {
      const answer = await browser.submit(page, { code: codeAt(secret, now() + 3600 + n * 30) })
      statuses.push(answer.status)
      if (answer.status === 401) page = answer
    }
    return { browser, page, statuses }
  }
  const first = await guess(6)
  expect(first.statuses).toEqual([401, 401, 401, 401, 401, 429])
  // Not even the right one now.
  const right = await first.browser.submit(first.page, { code: codeAt(secret, now()) })
  expect([right.status, right.left]).toEqual([429, undefined])
  expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0)

  const owner = aBrowser(service)
  const asked = await signInByPassword(service, owner)
  const recovery = await owner.visit(asked.url.replace('/mfa/totp', '/mfa/recovery'))
  expect((await owner.submit(recovery, { code: recoveryCodes[0] ?? '' })).left?.searchParams.get('code')).toBeTruthy()

  expect((await guess(5)).statuses).toEqual([401, 401, 401, 401, 401])
  expect((await guess(1)).statuses).toEqual([429])

  advance(15 * 60)
  const later = aBrowser(service)
  const page = await later.submit(await signInByPassword(service, later), { code: codeAt(secret, now()) })
  expect(page.left?.searchParams.get('code')).toBeTruthy()
})

test('who knows the password spends no tries of the owner’s device or network, and no more than strangers have together (checklist 38, 40)', async () => {
  const { secret, recoveryCodes } = await enrol()
  const at = (address: string) => {
    const browser = aBrowser(service)
    browser.headers['x-forwarded-for'] = address
    return browser
  }
  const owner = at('192.0.2.1')
  const signedIn = await owner.submit(await signInByPassword(service, owner), { code: codeAt(secret, now()) })
  expect(signedIn.left?.searchParams.get('code')).toBeTruthy()
  owner.cookies.delete('sallyport_session')

  for (const [path, wrong] of [
    ['/mfa/totp', (n: number) => codeAt(secret, now() + 3600 + n * 30)],
    ['/mfa/recovery', (n: number) => `WRONG-CODE-${n}`],
  ] as const) {
    const statuses: number[] = []
    for (const network of [1, 2, 3]) {
      const stranger = at(`198.51.${network}.7`)
      const asked = await signInByPassword(service, stranger)
      const page = await stranger.visit(asked.url.replace('/mfa/totp', path))
      for (let n = 0; n < 5; n++) statuses.push((await stranger.submit(page, { code: wrong(n) })).status)
    }
    expect(statuses).toEqual([...Array(10).fill(401), ...Array(5).fill(429)])
  }

  const [known, beside, recovering] = [owner, at('192.0.2.99'), at('192.0.2.98')]
  const moved = await signInByPassword(service, known)
  expect((await known.submit(moved, { code: codeAt(secret, now() + 30) })).left?.searchParams.get('code')).toBeTruthy()
  advance(60)
  const near = await signInByPassword(service, beside)
  expect((await beside.submit(near, { code: codeAt(secret, now()) })).left?.searchParams.get('code')).toBeTruthy()
  const asked = await signInByPassword(service, recovering)
  const recovery = await recovering.visit(asked.url.replace('/mfa/totp', '/mfa/recovery'))
  const recovered = await recovering.submit(recovery, { code: recoveryCodes[0] ?? '' })
  expect(recovered.left?.searchParams.get('code')).toBeTruthy()
})

test('codes are checked of nobody who has not proven something first: no step skips the password (checklist 39)', async () => {
  const { secret, recoveryCodes } = await enrol()
  const browser = aBrowser(service)
  const login = await browser.visit(authorizeUrl(service))
  const named = await browser.submit(login, { username: service.population.user.userName })
  for (const [path, code] of [
    ['totp', codeAt(secret, now())],
    ['recovery', recoveryCodes[0] ?? ''],
  ] as const) {
    const at = named.url.replace('/login/password', `/mfa/${path}`)
    expect(new URL((await browser.visit(at)).url).pathname).toMatch(/^\/login/)
    const body = new URLSearchParams({ form_token: 'x', code })
    const sent = await browser.visit(at, { method: 'POST', body, headers: { 'sec-fetch-site': 'same-origin' } })
    expect([sent.status, sent.left]).toEqual([403, undefined])
  }
  expect(browser.cookies.has('sallyport_session')).toBe(false)
})

test('a recovery code lets in once, its owner is told, and it is nowhere in the store (ASVS 6.5.2; checklist 40)', async () => {
  const { recoveryCodes } = await enrol()
  const [code = ''] = recoveryCodes
  const recover = async (typed: string) => {
    const browser = aBrowser(service)
    const asked = await signInByPassword(service, browser)
    expect(asked.text).toContain('/mfa/recovery')
    return browser.submit(await browser.visit(asked.url.replace('/mfa/totp', '/mfa/recovery')), { code: typed })
  }
  const claims = await idToken(await recover(code.toLowerCase().replaceAll('-', ' ')))
  expect(claims.acr).toBe(MFA_ACR)
  const again = await recover(code)
  expect([again.status, again.left]).toEqual([401, undefined])
  expect((await recover('0000-0000-0000-0000-0000-0000')).status).toBe(401)
  expect(events('recovery_code_used')).toHaveLength(1)
  expect((await service.store.factors.of(TENANT, service.population.user.sub)).recoveryCodes).toBe(9)
  await until(async () => lettersIn(letters).includes('A recovery code was used'), 'the person is told')
})

test('step-up by acr_values and by the challenge of userinfo: with the app, once (RFC 9470 4 and 5)', async () => {
  const browser = aBrowser(service)
  advance(0)
  const { secret } = await addTotp(service, browser, now())
  // This session began with the password alone.
  const url = authorizeUrl(service, { acr_values: MFA_ACR })
  advance(30)
  const asked = await browser.visit(url)
  expect(new URL(asked.url).pathname).toBe('/mfa/totp')
  const claims = await idToken(await browser.submit(asked, { code: codeAt(secret, now()) }))
  expect(claims.acr).toBe(MFA_ACR)
  expect((await browser.visit(url)).left?.searchParams.get('code')).toBeTruthy()
  expect(PASSWORD_ACR).not.toBe(claims.acr)
})

test('a change of factors wants a fresh sign-in with the factor, is told, and offers to end the other sessions (ASVS 7.5.1, 7.4.3; checklist 42)', async () => {
  const { secret } = await enrol()
  const [old, other] = [aBrowser(service), aBrowser(service)]
  for (const browser of [old, other]) {
    advance(30)
    await browser.submit(await signInByPassword(service, browser), { code: codeAt(secret, now()) })
  }
  advance(301)
  const list = await old.visit(`${service.issuer}/account/factors`)
  expect(list.text).toContain('Authenticator app')
  const removal = { action: 'remove_totp', factor: '' }
  const led = await old.submit(list, removal)
  expect(new URL(led.url).pathname).toBe('/login/password')
  expect((await service.store.factors.of(TENANT, service.population.user.sub)).totp).toBeDefined()
  expect(events('step_up_required')).toMatchObject([{ detail: 'mfa:remove' }])

  let page = await old.submit(led, { password: service.population.user.password })
  expect(new URL(page.url).pathname).toBe('/mfa/totp')
  page = await old.submit(page, { code: codeAt(secret, now()) })
  expect(new URL(page.url).pathname).toBe('/account/factors')
  expect(page.text).toContain('role="status"><p>You are confirmed: choose again what you wanted to do.')
  page = await old.submit(page, removal)
  expect(page.text).toContain('Sign out everywhere else')
  expect(await service.store.factors.of(TENANT, service.population.user.sub)).toEqual({
    passkeys: [],
    recoveryCodes: 0,
  })
  expect(events('factor_removed')).toMatchObject([{ detail: 'totp' }])
  await until(async () => lettersIn(letters).includes('A way to sign in was removed'), 'the person is told')

  expect((await other.visit(`${service.issuer}/account/factors`)).text).toContain('Sign-in methods')
  await old.submit(page, { action: 'end_other_sessions' })
  expect(new URL((await other.visit(`${service.issuer}/account/factors`)).url).pathname).toBe('/login')
  expect((await old.visit(`${service.issuer}/account/factors`)).text).toContain('Sign-in methods')
})

test('a code on an old session is no fresh sign-in, though auth_time is new (OIDC Core 2; ASVS 7.5.1; checklist 42)', async () => {
  const browser = aBrowser(service)
  advance(0)
  const { secret } = await addTotp(service, browser, now())
  advance(700)
  const asked = await browser.visit(authorizeUrl(service, { acr_values: MFA_ACR }))
  expect(new URL(asked.url).pathname).toBe('/mfa/totp')
  const claims = await idToken(await browser.submit(asked, { code: codeAt(secret, now()) }))
  expect(claims).toMatchObject({ acr: MFA_ACR, auth_time: expect.closeTo(now(), -1) })
  const removal = await browser.visit(`${service.issuer}/account/factors`)
  expect(new URL((await browser.submit(removal, { action: 'remove_totp', factor: '' })).url).pathname).toBe(
    '/login/password',
  )
  const led = await browser.visit(`${service.issuer}/account/password`)
  expect(new URL(led.url).pathname).toBe('/login/password')

  const { password } = service.population.user
  advance(30)
  const second = await browser.submit(led, { password })
  expect(new URL(second.url).pathname).toBe('/mfa/totp')
  const there = await browser.submit(second, { code: codeAt(secret, now()) })
  expect(there.url).toBe(`${service.issuer}/account/password`)
})

test('new recovery codes end the old ones, after a fresh sign-in (checklist 42)', async () => {
  const { secret, recoveryCodes } = await enrol()
  const browser = aBrowser(service)
  await browser.submit(await signInByPassword(service, browser), { code: codeAt(secret, now()) })
  const list = await browser.visit(`${service.issuer}/account/factors`)
  const made = await browser.submit(list, { action: 'recovery_codes' })
  const codes = [...made.text.matchAll(/<li><code>([0-9A-Z-]{29})/g)].map(([, code]) => code)
  expect(codes).toHaveLength(10)
  expect(codes).not.toContain(recoveryCodes[0])
  const later = aBrowser(service)
  const asked = await signInByPassword(service, later)
  const recovery = await later.visit(asked.url.replace('/mfa/totp', '/mfa/recovery'))
  expect((await later.submit(recovery, { code: recoveryCodes[0] ?? '' })).status).toBe(401)
  await until(async () => lettersIn(letters).includes('New recovery codes were made'), 'the person is told')
})

test('who knows only the password adds no factor of their own beside the owner’s (checklist 39)', async () => {
  await enrol()
  const thief = aBrowser(service)
  const asked = await signInByPassword(service, thief)
  for (const path of ['/mfa/enrol', '/mfa/enrol/totp', '/mfa/enrol/passkey']) {
    const refused = await thief.visit(asked.url.replace('/mfa/totp', path))
    expect([path, refused.status]).toEqual([path, 403])
  }
  const outside = await thief.visit(`${service.issuer}/mfa/enrol/passkey`)
  expect(new URL(outside.url).pathname).toBe('/login')
})

test('a form of another person, session or sign-in changes nothing (checklist 12)', async () => {
  const browser = aBrowser(service)
  await signInByPassword(service, browser)
  for (const [path, fields] of [
    ['/account/factors', { action: 'end_other_sessions' }],
    ['/mfa/enrol/totp', { enrolment: 'x', code: '123456' }],
    ['/mfa/enrol/passkey', { credential: '{}' }],
  ] as const) {
    const body = new URLSearchParams({ ...fields, form_token: 'forged' })
    const headers = { 'sec-fetch-site': 'same-origin' }
    expect((await browser.visit(`${service.issuer}${path}`, { method: 'POST', body, headers })).status).toBe(403)
  }
  const { status } = await answerOf(await fetch(`${service.issuer}/account/factors`, { redirect: 'manual' }))
  expect(status).toBe(303)
})
