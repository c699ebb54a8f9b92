/** For tests: every page of second factors, used once, rightly, by a person of their own. */
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import type { TestService } from '../servers/auth-service.ts'
import { Authenticator, optionsOn } from '../servers/authenticator.ts'
import { Browser, type Visited } from '../servers/browser.ts'
import { newAddress, TENANT, userRecord } from '../servers/population.ts'
import {
  authorizeUrl,
  codeAt,
  confirmTotp,
  openOwnPage,
  type Person,
  PHISHING_RESISTANT,
  recoveryCodesOn,
  signInByPassword,
} from './factors.ts'

const PASSWORD = 'a long enough password of theirs'
let hash: Promise<string> | undefined

export async function createPersonWithoutFactors({ store }: Pick<TestService, 'store'>): Promise<Person> {
  hash ??= createPasswordHasher().hash(PASSWORD)
  const userName = newAddress()
  const user = userRecord(userName, { passwordHash: await hash, profile: {} })
  const written = await store.users.create(TENANT, user)
  if (written !== 'written') throw new Error(`user: ${written}`)
  return { userName, password: PASSWORD }
}

const NEEDS_A_PASSKEY = JSON.stringify({ id_token: { acr: { essential: true, values: [PHISHING_RESISTANT] } } })

const done = (page: Visited): Visited => {
  if (page.status >= 400) throw new Error(`${page.url}: ${page.status} ${page.text}`)
  return page
}

export async function useFactors(service: TestService): Promise<void> {
  await useApp(service, await createPersonWithoutFactors(service))
  await usePasskey(service, await createPersonWithoutFactors(service))
}

const now = () => Date.now() / 1000

async function useApp(service: TestService, person: Person): Promise<void> {
  const browser = new Browser(service.issuer)
  await signInByPassword(service, browser, {}, person)
  const shown = done(await openOwnPage(service, browser, '/mfa/enrol/totp', person))
  await browser.visit(shown.url, { method: 'HEAD' })
  const { secret, recoveryCodes } = await confirmTotp(browser, shown, now())

  const asked = done(await signInByPassword(service, new Browser(service.issuer), {}, person))
  if (!asked.url.includes('/mfa/totp')) throw new Error(`no second step at ${asked.url}`)
  const other = new Browser(service.issuer)
  const page = done(await signInByPassword(service, other, {}, person))
  await other.visit(page.url, { method: 'HEAD' })
  // The step that confirmed the secret is spent.
  done(await other.submit(page, { code: codeAt(secret, now() + 30) }))

  const third = new Browser(service.issuer)
  const step = done(await signInByPassword(service, third, {}, person))
  const recovery = done(await third.visit(step.url.replace('/mfa/totp', '/mfa/recovery')))
  await third.visit(recovery.url, { method: 'HEAD' })
  done(await third.submit(recovery, { code: recoveryCodes[0] ?? '' }))
  await third.visit(`${service.issuer}/account/factors`, { method: 'HEAD' })
  const list = done(await third.visit(`${service.issuer}/account/factors`))
  if (recoveryCodesOn(done(await third.submit(list, { action: 'recovery_codes' }))).length === 0)
    throw new Error('no new recovery codes')
}

async function usePasskey(service: TestService, person: Person): Promise<void> {
  const { issuer } = service
  const authenticator = new Authenticator(issuer)
  const browser = new Browser(issuer)
  const choice = done(await signInByPassword(service, browser, { claims: NEEDS_A_PASSKEY }, person))
  if (!choice.url.includes('/mfa/enrol')) throw new Error(`nothing to add at ${choice.url}`)
  await browser.visit(choice.url, { method: 'HEAD' })
  const asked = done(await browser.visit(choice.url.replace('/mfa/enrol', '/mfa/enrol/passkey')))
  await browser.visit(asked.url, { method: 'HEAD' })
  done(await browser.submit(asked, { credential: authenticator.create(optionsOn(asked.text)), name: 'Key' }))

  const other = new Browser(issuer)
  const login = await other.visit(authorizeUrl(service))
  const [, form = ''] = login.text.split('data-passkey="autofill"')
  const form_token = /name="form_token" value="([^"]+)"/.exec(form)?.[1] ?? ''
  const headers = { 'sec-fetch-site': 'same-origin' }
  const optionsAt = login.url.replace('/login?', '/mfa/passkey/options?')
  done(await other.visit(optionsAt, { method: 'POST', body: new URLSearchParams({ form_token }), headers }))
  const page = done(await other.visit(login.url.replace('/login?', '/mfa/passkey?')))
  await other.visit(page.url, { method: 'HEAD' })
  done(await other.submit(page, { credential: authenticator.get(optionsOn(page.text)) }))
  const list = done(await other.visit(`${issuer}/account/factors`))
  done(await other.submit(list, { action: 'rename', factor: authenticator.credentialId, name: 'Mine' }))
}
