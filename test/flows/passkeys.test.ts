/**
 * Passkeys against an authenticator that does what it is told: right answers sign in, and each wrong part of one is refused.
 * WebAuthn Level 3 7.1 and 7.2; checklist 37, 39, 41 and 42. A browser's own authenticator is in `factor-pages.test.ts`.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { signedBundle, startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Attestation, Authenticator, type Behaviour, type Maker, optionsOn } from '../servers/authenticator.ts'
import type { Browser } from '../servers/browser.ts'
import { makeAuthority, makeCertificate } from '../servers/certificates.ts'
import { copyPolicies, type Edit, type PolicyFolder } from '../servers/policy-folder.ts'
import { TENANT, userRecord } from '../servers/population.ts'
import { redeemCode, told } from './authorization.ts'
import {
  aBrowser,
  addPasskey,
  authorizeUrl,
  MFA_ACR,
  openOwnPage,
  PHISHING_RESISTANT,
  signInByPasskey,
  signInByPassword,
} from './factors.ts'

const AAGUID = 'aaaaaaaa-0000-4000-8000-000000000001'

let folder: string
let maker: Maker
let stranger: Maker
let policies: PolicyFolder
let service: TestService
let version = 1

/** A certificate as WebAuthn Level 3 8.2.1 wants it, with the model in its extension. */
async function makeMaker(name: string): Promise<Maker> {
  await makeAuthority(folder, name, `/CN=${name} root`)
  const leaf = await makeCertificate(folder, `${name}-leaf`, {
    ca: name,
    subject: `/C=SE/O=${name}/OU=Authenticator Attestation/CN=${name} leaf`,
    extensions: `basicConstraints=critical,CA:FALSE\n1.3.6.1.4.1.45724.1.1.4=DER:0410${AAGUID.replaceAll('-', '')}`,
  })
  const key = createPrivateKey(readFileSync(leaf.keyFile))
  return { chain: [new X509Certificate(readFileSync(leaf.certFile)).raw], key }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-passkeys-'))
  maker = await makeMaker('maker')
  stranger = await makeMaker('stranger')
  policies = copyPolicies()
})
afterAll(() => {
  policies.remove()
  rmSync(folder, { recursive: true })
})
beforeEach(async () => {
  const passkeys = { name: 'Test', attestationRoots: [join(folder, 'maker.crt')] }
  service = await startAuthService({ service: { passkeys } })
})
afterEach(async () => {
  policies.restore()
  await service.close()
})

async function activate(...edits: readonly Edit[]): Promise<void> {
  for (const edit of edits) policies.edit(edit)
  const path = join(folder, 'bundle.tar.gz')
  writeFileSync(path, await writeArchive(await policies.compile()))
  version += 1
  await service.node.activate([await signedBundle(path, version)])
}

const events = (name: string) => service.audits.filter(({ event }) => event === name)
const held = () => service.store.factors.of(TENANT, service.population.user.sub)
const signsIn = (page: { readonly left?: URL }) =>
  page.left?.searchParams.get('code') !== undefined && page.left !== undefined

async function acrOf(page: Parameters<typeof told>[0]): Promise<unknown> {
  const { body } = await redeemCode(service, service.population.own, told(page).code)
  return decodeJwt(String(body.id_token)).acr
}

async function enrolled(how: Behaviour = {}): Promise<Authenticator> {
  const { authenticator, page } = await addPasskey(service, aBrowser(service), how)
  expect(page.status).toBe(200)
  return authenticator
}

test('a passkey is added with what it showed of itself, and signs in alone, without a name (checklist 39, 41)', async () => {
  const { authenticator, recoveryCodes } = await addPasskey(service, aBrowser(service), {
    backupEligible: true,
    backedUp: true,
  })
  expect(recoveryCodes).toHaveLength(10)
  expect((await held()).passkeys).toMatchObject([
    {
      credentialId: authenticator.credentialId,
      counter: 1,
      backupEligible: true,
      backedUp: true,
      userVerified: true,
      attestation: 'none',
      aaguid: '00000000-0000-0000-0000-000000000000',
      name: 'Key',
      transports: ['usb'],
    },
  ])
  const page = await signInByPasskey(service, aBrowser(service), authenticator, { backupEligible: true })
  expect(await acrOf(page)).toBe(PHISHING_RESISTANT)
  expect((await held()).passkeys).toMatchObject([{ counter: 2, backedUp: false }])
})

test('a passkey in a browser that the account does not know is a sign-in on a new device to policy, as any other is', async () => {
  const [owner, stranger] = [aBrowser(service), aBrowser(service)]
  const { authenticator } = await addPasskey(service, owner)
  const risks = () =>
    service
      .decisions()
      .map(({ input }) => Object(input))
      .filter(({ stage, factors }) => stage === 'factors' && factors.passkey === 'verified')
      .map(({ risk: { unguessable, new_device } }) => ({ unguessable, new_device }))
  await signInByPasskey(service, stranger, authenticator)
  expect(risks()).toEqual([{ unguessable: true, new_device: true }])
  owner.cookies.delete('sallyport_session')
  await signInByPasskey(service, owner, authenticator)
  expect(risks().at(-1)).toEqual({ unguessable: true, new_device: false })
})

test('options name no credential to whoever has proven nothing, and are the same for everybody (checklist 37)', async () => {
  await enrolled()
  const optionsFor = async (browser: Browser, userName: string) => {
    const login = await browser.visit(authorizeUrl(service))
    await browser.submit(login, { username: userName })
    const page = await browser.visit(login.url.replace('/login?', '/mfa/passkey?'))
    return { ...optionsOn(page.text), challenge: '' }
  }
  const [known, unknown] = [
    await optionsFor(aBrowser(service), service.population.user.userName),
    await optionsFor(aBrowser(service), 'nobody@example.com'),
  ]
  expect(known).toEqual(unknown)
  expect(known).toMatchObject({ rpId: 'localhost', userVerification: 'required', allowCredentials: [] })
  const browser = aBrowser(service)
  const second = await signInByPassword(service, browser)
  expect(new URL(second.url).pathname).toBe('/mfa/passkey')
  expect(optionsOn(second.text)).toMatchObject({ allowCredentials: [{ type: 'public-key', transports: ['usb'] }] })
})

test.each<[string, Behaviour]>([
  ['another origin', { origin: 'http://evil.example' }],
  ['the same host on another port', { origin: 'http://localhost:1' }],
  ['another RP ID', { rpId: 'evil.example' }],
  ['a frame of another origin', { crossOrigin: true }],
  ['another challenge', { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
  ['another ceremony', { type: 'webauthn.create' }],
  ['nobody present', { userPresent: false }],
  ['a user who was not verified', { userVerified: false }],
  ['another person', { userHandle: Buffer.from('somebody').toString('base64url') }],
  ['a passkey that says to be another kind', { backupEligible: true }],
  ['the counter of its last use', { counter: 1 }],
  ['a counter that went back', { counter: 0 }],
])('an answer with %s signs nobody in (WebAuthn Level 3 7.2; checklist 41)', async (_what, how) => {
  const authenticator = await enrolled()
  const browser = aBrowser(service)
  const refused = await signInByPasskey(service, browser, authenticator, how)
  expect([refused.status, refused.left]).toEqual([401, undefined])
  expect(browser.cookies.has('sallyport_session')).toBe(false)
  expect((await held()).passkeys).toMatchObject([{ counter: 1 }])
  expect(signsIn(await signInByPasskey(service, aBrowser(service), authenticator, { counter: 9 }))).toBe(true)
})

test.each<[string, Behaviour, string]>([
  ['a counter that went back', { counter: 3 }, 'passkey:counter_regressed'],
  ['another word on backups', { counter: 8, backupEligible: true }, 'passkey:backup_changed'],
])('%s is told: two may hold the key (WebAuthn Level 3 7.2; checklist 41)', async (_what, how, detail) => {
  const authenticator = await enrolled({ counter: 7 })
  await signInByPasskey(service, aBrowser(service), authenticator, how)
  expect(events('factor_failed')).toMatchObject([{ sub: service.population.user.sub, detail }])
})

test('an answer is taken once, and in the browser that asked (WebAuthn Level 3 13.4.3; checklist 41)', async () => {
  const authenticator = await enrolled()
  const [mine, theirs] = [aBrowser(service), aBrowser(service)]
  const at = async (browser: Browser) => {
    const login = await browser.visit(authorizeUrl(service))
    return browser.visit(login.url.replace('/login?', '/mfa/passkey?'))
  }
  const [first, second] = [await at(mine), await at(theirs)]
  const stolen = authenticator.get(optionsOn(first.text))
  expect((await theirs.submit(second, { credential: stolen })).status).toBe(401)
  expect(signsIn(await mine.submit(first, { credential: stolen }))).toBe(true)
  const again = await at(aBrowser(service))
  expect((await aBrowser(service).submit(again, { credential: stolen })).status).toBe(400)
  // Even in the browser that it was made in, for a sign-in that is under way.
  const fresh = await mine.visit(authorizeUrl(service, { prompt: 'login' }))
  const replay = await mine.visit(fresh.url.replace('/login?', '/mfa/passkey?'))
  const replayed = await mine.submit(replay, { credential: stolen })
  expect([replayed.status, replayed.left]).toEqual([401, undefined])

  const late = aBrowser(service)
  const page = await at(late)
  const slow = authenticator.get(optionsOn(page.text))
  service.advance(301)
  expect((await late.submit(page, { credential: slow })).status).toBe(401)
})

test('suggestions of a browser ask with the form’s own token, and nobody else gets options (checklist 12)', async () => {
  const authenticator = await enrolled()
  const browser = aBrowser(service)
  const login = await browser.visit(authorizeUrl(service))
  const [, form = ''] = login.text.split('data-passkey="autofill"')
  const token = /name="form_token" value="([^"]+)"/.exec(form)?.[1] ?? ''
  const ask = (form_token: string) =>
    browser.visit(login.url.replace('/login?', '/mfa/passkey/options?'), {
      method: 'POST',
      body: new URLSearchParams({ form_token }),
      headers: { 'sec-fetch-site': 'same-origin' },
    })
  const refused = await ask('forged')
  expect([refused.status, JSON.parse(refused.text).error]).toEqual([403, 'access_denied'])
  const options = JSON.parse((await ask(token)).text)
  const body = new URLSearchParams({ form_token: token, credential: authenticator.get(options) })
  const headers = { 'sec-fetch-site': 'same-origin' }
  const page = await browser.visit(login.url.replace('/login?', '/mfa/passkey?'), { method: 'POST', body, headers })
  expect(signsIn(page)).toBe(true)
})

test('after a password the passkey of another person does not do (checklist 39)', async () => {
  const authenticator = await enrolled()
  await service.store.users.create(TENANT, userRecord('other@example.com', { sub: 'other' }))
  const [stored] = (await held()).passkeys
  if (stored === undefined) throw new Error('no passkey')
  await service.store.factors.passkeys.remove(TENANT, stored.sub, stored.credentialId)
  await service.store.factors.passkeys.add(TENANT, { ...stored, sub: 'other' })
  // The person of the population has another one, so that the step is asked for.
  await service.store.factors.passkeys.add(TENANT, { ...stored, credentialId: 'another' })
  const browser = aBrowser(service)
  const asked = await signInByPassword(service, browser)
  const credential = authenticator.get(optionsOn(asked.text), {
    userHandle: Buffer.from('other').toString('base64url'),
  })
  const refused = await browser.submit(asked, { credential })
  expect([refused.status, refused.left]).toEqual([401, undefined])
})

test('without user verification, where policy does without it, a key is a second factor and no more (checklist 41)', async () => {
  await activate({ file: 'rbac/data.yaml', from: 'user_verification: required', to: 'user_verification: preferred' })
  const authenticator = await enrolled({ userVerified: false })
  const browser = aBrowser(service)
  const asked = await signInByPassword(service, browser)
  const credential = authenticator.get(optionsOn(asked.text), { userVerified: false })
  expect(await acrOf(await browser.submit(asked, { credential }))).toBe(MFA_ACR)
  const alone = await signInByPasskey(service, aBrowser(service), authenticator, { userVerified: false })
  expect(alone.left === undefined || (await acrOf(alone)) !== PHISHING_RESISTANT).toBe(true)
})

test('a level that the client would like, and the key cannot show, is tried once in a session (OIDC Core 3.1.2.1)', async () => {
  await activate({ file: 'rbac/data.yaml', from: 'user_verification: required', to: 'user_verification: preferred' })
  const browser = aBrowser(service)
  const { authenticator } = await addPasskey(service, browser, { userVerified: false })
  const url = authorizeUrl(service, { acr_values: PHISHING_RESISTANT })
  const asked = await browser.visit(url)
  const credential = authenticator.get(optionsOn(asked.text), { userVerified: false })
  expect(await acrOf(await browser.submit(asked, { credential }))).toBe(MFA_ACR)
  expect(await acrOf(await browser.visit(url))).toBe(MFA_ACR)
})

test('step-up by acr_values: the session goes on with the passkey (RFC 9470 5)', async () => {
  const browser = aBrowser(service)
  const { authenticator } = await addPasskey(service, browser)
  const url = authorizeUrl(service, { acr_values: PHISHING_RESISTANT })
  const asked = await browser.visit(url)
  expect(new URL(asked.url).pathname).toBe('/mfa/passkey')
  const credential = authenticator.get(optionsOn(asked.text))
  expect(await acrOf(await browser.submit(asked, { credential }))).toBe(PHISHING_RESISTANT)
  expect(signsIn(await browser.visit(url))).toBe(true)
})

test('a passkey is renamed, and removed after a fresh sign-in; then it signs nobody in (checklist 42)', async () => {
  const authenticator = await enrolled()
  const browser = aBrowser(service)
  const asked = await signInByPassword(service, browser)
  await browser.submit(asked, { credential: authenticator.get(optionsOn(asked.text)) })
  const { credentialId: factor } = authenticator
  let page = await browser.visit(`${service.issuer}/account/factors`)
  page = await browser.submit(page, { action: 'rename', factor, name: ' Wörk\u202e <b>key</b> ' })
  expect(page.text).toContain('Wörk &lt;b&gt;key&lt;/b&gt;')
  expect((await held()).passkeys).toMatchObject([{ name: 'Wörk <b>key</b>' }])
  const blank = await browser.submit(page, { action: 'rename', factor, name: ' \u200b ' })
  expect([blank.status, blank.text.includes('aria-describedby="name-0-fault"')]).toEqual([400, true])
  page = await browser.submit(blank, { action: 'remove_passkey', factor })
  expect((await held()).passkeys).toEqual([])
  expect(events('factor_removed')).toMatchObject([{ detail: 'passkey' }])
  const refused = await signInByPasskey(service, aBrowser(service), authenticator)
  expect([refused.status, refused.left]).toEqual([401, undefined])
})

describe('registration', () => {
  const register = async (how: Behaviour = {}, attestation: Attestation = 'none', aaguid?: string) => {
    const browser = aBrowser(service)
    const asked = await openOwnPage(service, browser, '/mfa/enrol/passkey')
    const authenticator = new Authenticator(service.issuer, aaguid)
    const credential = authenticator.create(optionsOn(asked.text), how, attestation)
    return { browser, asked, credential, answer: await browser.submit(asked, { credential }) }
  }

  test.each<[string, Behaviour]>([
    ['another origin', { origin: 'http://evil.example' }],
    ['another RP ID', { rpId: 'evil.example' }],
    ['another challenge', { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['another ceremony', { type: 'webauthn.get' }],
    ['a frame of another origin', { crossOrigin: true }],
    ['nobody present', { userPresent: false }],
  ])('with %s adds nothing (WebAuthn Level 3 7.1; checklist 41)', async (_what, how) => {
    expect((await register(how)).answer.status).toBe(400)
    expect((await held()).passkeys).toEqual([])
  })

  test('without user verification is refused, and says what to do (checklist 41)', async () => {
    const { answer } = await register({ userVerified: false })
    expect(answer.status).toBe(403)
    expect(answer.text).toContain('did not check that it is you')
    expect((await held()).passkeys).toEqual([])
  })

  test('is answered once: a challenge that was used is none (checklist 41)', async () => {
    const { browser, asked } = await register({ userVerified: false })
    const credential = new Authenticator(service.issuer).create(optionsOn(asked.text))
    expect((await browser.submit(asked, { credential })).status).toBe(400)
    expect((await held()).passkeys).toEqual([])
  })

  test('keeps an attestation for what it proves: a root of ours, itself, or nothing (WebAuthn Level 3 6.5.4; checklist 41)', async () => {
    await register({}, maker, AAGUID)
    expect((await held()).passkeys.map(({ attestation, aaguid }) => [attestation, aaguid])).toEqual([
      ['verified', AAGUID],
    ])
    for (const [attestation, kind] of [
      [stranger, 'untrusted'],
      ['self', 'self'],
      ['none', 'none'],
    ] as const) {
      const { passkeys } = await held()
      for (const { credentialId, sub } of passkeys)
        await service.store.factors.passkeys.remove(TENANT, sub, credentialId)
      await register({}, attestation, AAGUID)
      expect((await held()).passkeys.map(({ attestation: kept }) => kept)).toEqual([kind])
    }
  })

  test('a list of models lets in whoever proves to be of one, and nobody who says so (keycloak#48404; checklist 41)', async () => {
    await activate({ file: 'rbac/data.yaml', from: 'allowed_aaguids: []', to: `allowed_aaguids: [${AAGUID}]` })
    for (const attestation of ['none', 'self', stranger] as const) {
      const { asked, answer } = await register({}, attestation, AAGUID)
      expect(optionsOn(asked.text)).toMatchObject({ attestation: 'direct' })
      expect([answer.status, (await held()).passkeys]).toEqual([403, []])
    }
    expect((await register({}, maker, AAGUID)).answer.status).toBe(200)
    expect((await held()).passkeys).toMatchObject([{ attestation: 'verified' }])
  })

  test('an attestation whose certificate is of another model proves nothing (WebAuthn Level 3 8.2; checklist 41)', async () => {
    expect((await register({}, maker, 'bbbbbbbb-0000-4000-8000-000000000002')).answer.status).toBe(400)
  })

  test('a model on the deny list is refused (checklist 41)', async () => {
    await activate({ file: 'rbac/data.yaml', from: 'denied_aaguids: []', to: `denied_aaguids: [${AAGUID}]` })
    const { answer } = await register({}, maker, AAGUID)
    expect([answer.status, answer.text.includes('does not allow this kind')]).toEqual([403, true])
    expect(events('factor_failed')).toMatchObject([{ detail: 'passkey:authenticator_not_allowed' }])
  })
})

describe('policy demands', () => {
  test('a passkey for a role, by an edit of login’s data: the next sign-in adds one first (checklist 39)', async () => {
    await activate({
      file: 'rbac/data.yaml',
      from: '  user:\n    permissions',
      to: `  user:\n    acr: ${PHISHING_RESISTANT}\n    permissions`,
    })
    const browser = aBrowser(service)
    const choice = await signInByPassword(service, browser)
    expect(new URL(choice.url).pathname).toBe('/mfa/enrol')
    expect(choice.text).not.toContain('/mfa/enrol/totp')
    const asked = await browser.visit(choice.url.replace('/mfa/enrol', '/mfa/enrol/passkey'))
    const authenticator = new Authenticator(service.issuer)
    const codes = await browser.submit(asked, { credential: authenticator.create(optionsOn(asked.text)) })
    expect(codes.text).toContain('Keep these recovery codes')
    for (const whose of [new URL(service.issuer).host, service.population.user.userName])
      expect(codes.text).toContain(`<bdi>${whose}</bdi>`)
    const onward = /class="onward"><a href="([^"]+)"/.exec(codes.text)?.[1] ?? ''
    const page = await browser.visit(new URL(onward, service.issuer).href)
    expect(await acrOf(page)).toBe(PHISHING_RESISTANT)
  })
})
