/**
 * For tests: what people prove themselves with, are sent and bring along, used rightly, as secrets to look for: second factors,
 * links by mail, an identity provider, a device, a browser that is bound to a key.
 */
import { Authenticator, optionsOn } from '../servers/authenticator.ts'
import { Browser, formAt, formOf, type Visited } from '../servers/browser.ts'
import type { TestClient } from '../servers/population.ts'
import { bindBrowser } from './bound-browser.ts'
import type { Canaries } from './canaries.ts'
import { createWith } from './canary-walk.ts'
import { codeAt, confirmTotp, fromBase32, type Person, recoveryCodesOn } from './factors.ts'
import { atProvider, linkTo } from './federation.ts'
import { begin, discover } from './relying-party.ts'
import { post } from './requests.ts'
import { askToReset, askToVerify, DEVICE_GRANT, enter, registerDevice, type WithPeople } from './with-people.ts'

interface Walk extends WithPeople {
  readonly canaries: Canaries
  readonly admin: string
}

/** Throws where a step fails. */
export async function walkAsPeople(around: WithPeople, canaries: Canaries, admin: string): Promise<void> {
  const walk = { ...around, canaries, admin }
  await useCodes(walk, await newPerson(walk))
  await usePasskey(walk, await newPerson(walk))
  await useLetters(walk, await newPerson(walk))
  await useProvider(walk)
  await useDevice(walk, await newPerson(walk))
  await bindToKey(walk, await newPerson(walk))
}

async function newPerson({ deployment, canaries, admin }: Walk): Promise<Person> {
  const address = `${canaries.make('address')}@example.com`
  const person = { userName: address, password: canaries.make('password of a person') }
  await createWith(`${deployment.issuer}/scim/v2/Users`, admin, {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    ...person,
    emails: [{ value: address, primary: true }],
    roles: [{ value: 'user' }],
  })
  return person
}

/** What the browser holds, and what the page has for it. */
function seen({ canaries }: Walk, browser: Browser, page: Visited): Visited {
  if (page.status >= 400) throw new Error(`${page.url}: ${page.status} ${page.text.slice(0, 400)}`)
  for (const [, token = ''] of page.text.matchAll(/name="form_token" value="([^"]+)"/g))
    canaries.watch('form token', token)
  const interaction = new URL(page.url).searchParams.get('interaction')
  if (interaction !== null) canaries.watch('interaction', interaction)
  for (const [name, secret] of browser.cookies) canaries.watch(`cookie ${name}`, secret)
  return page
}

const signInUrl = async ({ deployment }: Walk): Promise<string> =>
  (await begin(await discover(deployment.issuer, deployment.population.web), 'openid')).url

/** Where a sign-in ends. */
function isIn(page: Visited): Visited {
  if (!page.url.includes('/consent') && page.left === undefined) throw new Error(`not signed in: ${page.url}`)
  return page
}

async function useCodes(walk: Walk, person: Person): Promise<void> {
  const { issuer } = walk.deployment
  const browser = new Browser(issuer)
  const shown = seen(walk, browser, await enter(browser, `${issuer}/mfa/enrol/totp`, person))
  walk.canaries.watch('id of an enrolment', formOf(shown).fields.get('enrolment') ?? '')
  const { secret, recoveryCodes } = await confirmTotp(browser, shown, Date.now() / 1000)
  const compact = secret.replaceAll(' ', '')
  for (const text of [secret, compact, fromBase32(secret).toString('hex')]) walk.canaries.watch('TOTP secret', text)
  watchRecoveryCodes(walk, recoveryCodes)

  const other = new Browser(issuer)
  const page = seen(walk, other, await enter(other, await signInUrl(walk), person))
  seen(walk, other, await other.submit(page, { code: codeAt(secret, Date.now() / 1000 + 30), remember: 'yes' }))
  if (!other.cookies.has('sallyport_devices')) throw new Error('no device is remembered')

  const third = new Browser(issuer)
  const step = await enter(third, await signInUrl(walk), person)
  const recovery = seen(walk, third, await third.visit(step.url.replace('/mfa/totp', '/mfa/recovery')))
  seen(walk, third, isIn(await third.submit(recovery, { code: recoveryCodes[0] ?? '' })))
  const list = await third.visit(`${issuer}/account/factors`)
  watchRecoveryCodes(walk, recoveryCodesOn(seen(walk, third, await third.submit(list, { action: 'recovery_codes' }))))
}

function watchRecoveryCodes({ canaries }: Walk, codes: readonly string[]): void {
  if (codes.length === 0) throw new Error('no recovery codes')
  for (const code of codes) for (const text of [code, code.replaceAll('-', '')]) canaries.watch('recovery code', text)
}

async function usePasskey(walk: Walk, person: Person): Promise<void> {
  const { issuer } = walk.deployment
  const authenticator = new Authenticator(issuer)
  const answered = (ceremony: string, credential: string): string => {
    const { response }: { response: Record<string, string> } = JSON.parse(credential)
    for (const [name, text] of Object.entries(response))
      if (typeof text === 'string') walk.canaries.watch(`${name} of a ${ceremony}`, text)
    return credential
  }
  const browser = new Browser(issuer)
  const asked = seen(walk, browser, await enter(browser, `${issuer}/mfa/enrol/passkey`, person))
  const options = optionsOn(asked.text)
  walk.canaries.watch('challenge of a registration', options.challenge)
  const credential = answered('registration', authenticator.create(options, {}, 'self'))
  const name = walk.canaries.make('name of a passkey').slice(0, 64)
  seen(walk, browser, await browser.submit(asked, { credential, name }))

  const other = new Browser(issuer)
  const login = seen(walk, other, await other.visit(await signInUrl(walk)))
  const page = seen(walk, other, await other.visit(login.url.replace('/login?', '/mfa/passkey?')))
  const wanted = optionsOn(page.text)
  walk.canaries.watch('challenge of an assertion', wanted.challenge)
  const assertion = answered('assertion', authenticator.get(wanted))
  seen(walk, other, isIn(await other.submit(page, { credential: assertion })))
}

/** Opens the newest link to that path and sends its form. */
async function follow(walk: Walk, address: string, path: string, values: Readonly<Record<string, string>> = {}) {
  const link = await walk.linkFor(address, path)
  walk.canaries.watch(`link to ${path}`, new URL(link).searchParams.get('link') ?? '')
  const browser = new Browser(walk.deployment.issuer)
  seen(walk, browser, await browser.submit(seen(walk, browser, await browser.visit(link)), values))
}

async function useLetters(walk: Walk, person: Person): Promise<void> {
  const { issuer } = walk.deployment
  const { userName } = person
  const owner = new Browser(issuer)
  const page = seen(walk, owner, await enter(owner, `${issuer}/account/email`, person))
  await askToVerify(owner, issuer)
  await follow(walk, userName, '/email/verify')

  const address = `${walk.canaries.make('other address')}@example.com`
  const { action, fields } = formAt(await owner.visit(page.url), /email$/)
  for (const [name, value] of Object.entries({ purpose: 'change', email: address })) fields.set(name, value)
  seen(walk, owner, await owner.visit(action, { method: 'POST', body: fields }))
  await follow(walk, address, '/email/verify')
  await follow(walk, userName, '/email/stop')

  await askToReset(issuer, userName)
  const password = walk.canaries.make('password after a reset')
  await follow(walk, userName, '/password/reset', { new_password: password })
  const browser = new Browser(issuer)
  seen(walk, browser, isIn(await enter(browser, await signInUrl(walk), { userName, password })))
}

async function useProvider(walk: Walk): Promise<void> {
  const { provider, canaries, deployment } = walk
  canaries.watch('client secret at a provider', provider.client.secret)
  provider.alter.set('token', (body) => {
    for (const name of ['access_token', 'refresh_token', 'id_token']) {
      const token = String(body[name])
      canaries.watch(`${name} of a provider`, token)
      canaries.watch(`${name} of a provider, last part`, token.split('.').at(-1) ?? '')
    }
    return body
  })
  provider.person = {
    sub: canaries.make('subject at a provider'),
    email: `${canaries.make('address at a provider')}@example.com`,
    email_verified: true,
    name: canaries.make('name at a provider'),
  }
  const browser = new Browser(deployment.issuer)
  const page = seen(walk, browser, await browser.visit(await signInUrl(walk)))
  const { left } = await browser.visit(linkTo(page, 'own'))
  await cameBack(walk, browser, left)

  const identities = seen(walk, browser, await browser.visit(`${deployment.issuer}/account/identities`))
  if (!identities.text.includes('/account/identities/unlink')) throw new Error(`no account there: ${identities.text}`)
  // Here first, then there: the ID token goes along.
  const leaving = seen(walk, browser, await browser.visit(`${deployment.issuer}/logout`))
  const out = seen(walk, browser, await browser.submit(leaving, { answer: 'sign_out' }))
  const { left: away } = await browser.submit(out, {})
  if (away?.searchParams.has('id_token_hint') !== true) throw new Error(`not signed out there: ${away}`)
}

/** By the provider, whatever it is that the browser went there for. */
async function cameBack(walk: Walk, browser: Browser, left: URL | undefined): Promise<Visited> {
  const { canaries } = walk
  for (const name of ['state', 'nonce']) canaries.watch(`${name} for a provider`, left?.searchParams.get(name) ?? '')
  const back = await atProvider(left)
  canaries.watch('code of a provider', back.searchParams.get('code') ?? '')
  return seen(walk, browser, isIn(await browser.visit(back.href)))
}

async function useDevice(walk: Walk, person: Person): Promise<void> {
  const { canaries, deployment, admin } = walk
  const tv: TestClient = await registerDevice(deployment, admin)
  canaries.watch('secret of a device', tv.secret)
  const scope = 'openid profile offline_access'
  const { body: device } = await post(deployment, '/oauth/device_authorization', tv, { scope })
  canaries.watch('device code', String(device.device_code))
  for (const text of [String(device.user_code), String(device.user_code).replace('-', '')])
    canaries.watch('user code', text)
  const browser = new Browser(deployment.issuer)
  const page = seen(walk, browser, await enter(browser, String(device.verification_uri_complete), person))
  seen(walk, browser, await browser.submit(page, { answer: 'allow' }))
  const form = { grant_type: DEVICE_GRANT, device_code: String(device.device_code) }
  const { status, body } = await post(deployment, '/oauth/token', tv, form)
  if (status !== 200) throw new Error(`the device is answered ${status} ${JSON.stringify(body)}`)
  for (const name of ['access_token', 'refresh_token', 'id_token'])
    canaries.watch(`${name} of a device`, String(body[name]))
}

async function bindToKey(walk: Walk, person: Person): Promise<void> {
  const { issuer } = walk.deployment
  const browser = new Browser(issuer)
  seen(walk, browser, isIn(await enter(browser, await signInUrl(walk), person)))
  const bound = await bindBrowser(browser, issuer)
  const proof = await bound.proof()
  walk.canaries.watch('proof of a browser', proof.replaceAll('"', ''))
  const status = await bound.send((url) => url, proof)
  if (status !== 200) throw new Error(`the proof of a browser is answered ${status}`)
}
