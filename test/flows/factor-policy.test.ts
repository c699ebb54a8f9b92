/** The obligations of `mfa`, and of `login` for second factors, are obeyed: each one, flipped in a copy of the Rego, changes what a person meets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../../src/kernel/ids.ts'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { signedBundle, startAuthService, type TestService } from '../servers/auth-service.ts'
import { optionsOn } from '../servers/authenticator.ts'
import { copyPolicies, type PolicyFolder } from '../servers/policy-folder.ts'
import { TENANT } from '../servers/population.ts'
import { aBrowser, codeAt, confirmTotp, openOwnPage, signInByPassword } from './factors.ts'
import { createPersonWithoutFactors } from './use-factors.ts'

let service: TestService
let policies: PolicyFolder
let folder: string
let version = 1
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-factor-policy-'))
  policies = copyPolicies()
  service = await startAuthService()
})
afterAll(async () => {
  policies.remove()
  rmSync(folder, { recursive: true })
  await service.close()
})

async function activate(edit?: readonly [from: string, to: string], file = 'authz/mfa.rego'): Promise<void> {
  policies.restore()
  if (edit) policies.edit({ file, from: edit[0], to: edit[1] })
  const path = join(folder, 'bundle.tar.gz')
  writeFileSync(path, await writeArchive(await policies.compile()))
  version += 1
  await service.node.activate([await signedBundle(path, version)])
}

const pathOf = (page: { readonly url: string }) => new URL(page.url).pathname

/** Of someone who signed in by password just now and has no factor. */
async function asked(path: string) {
  const person = await createPersonWithoutFactors(service)
  const browser = aBrowser(service)
  await signInByPassword(service, browser, {}, person)
  return { browser, person, page: await openOwnPage(service, browser, path, person) }
}

const passkeyOptions = async () => Object(optionsOn((await asked('/mfa/enrol/passkey')).page.text))
const codesMade = async () => {
  const { browser, page } = await asked('/mfa/enrol/totp')
  return (await confirmTotp(browser, page, Date.now() / 1000 + moved)).recoveryCodes.length
}
/** Where a change leads whose sign-in did without the factor that was added since. */
const afterAdding = async () => {
  const { browser, page } = await asked('/mfa/enrol/totp')
  await confirmTotp(browser, page, Date.now() / 1000 + moved)
  return browser.visit(`${service.issuer}/mfa/enrol/passkey`)
}
const levelWanted = async () => {
  const id = new URL((await afterAdding()).url).searchParams.get('interaction') ?? ''
  return (await service.store.interactions.find(TENANT, digestOf(id)))?.acrValues
}
/** Where somebody comes to by password alone, in a browser that they had remembered. */
const secondSignIn = async () => {
  const { browser, person, page } = await asked('/mfa/enrol/totp')
  const { secret } = await confirmTotp(browser, page, Date.now() / 1000 + moved)
  browser.cookies.delete('sallyport_session')
  const step = await signInByPassword(service, browser, {}, person)
  await browser.submit(step, { code: codeAt(secret, Date.now() / 1000 + moved + 30), remember: 'yes' })
  browser.cookies.delete('sallyport_session')
  const { url } = await signInByPassword(service, browser, {}, person)
  return url.includes('/mfa/totp') ? 'asked for a code' : 'signed in'
}
/** Seconds that the service's clock was moved on. */
let moved = 0
const afterTenSeconds = async () => {
  const { browser, page } = await asked('/mfa/enrol/totp')
  await confirmTotp(browser, page, Date.now() / 1000 + moved)
  service.advance(10)
  moved += 10
  return pathOf(await browser.visit(`${service.issuer}/mfa/enrol/passkey`))
}

const FLIPS: readonly (readonly [string, () => Promise<unknown>, unknown, readonly [string, string], unknown])[] = [
  [
    'mfa.step_up',
    async () => pathOf(await afterAdding()),
    '/mfa/totp',
    ['"step_up": step_up', '"step_up": "none"'],
    '/mfa/enrol/passkey',
  ],
  [
    'mfa.step_up_acr',
    levelWanted,
    ['urn:sallyport:acr:mfa'],
    ['"step_up_acr": step_up_acr', '"step_up_acr": "urn:sallyport:acr:phishing_resistant"'],
    ['urn:sallyport:acr:phishing_resistant'],
  ],
  [
    'mfa.step_up_max_age_seconds',
    afterTenSeconds,
    '/mfa/totp',
    ['"step_up_max_age_seconds": max_age_seconds', '"step_up_max_age_seconds": 5'],
    '/login/password',
  ],
  [
    'mfa.user_verification',
    async () => (await passkeyOptions()).authenticatorSelection.userVerification,
    'required',
    ['"user_verification": user_verification', '"user_verification": "discouraged"'],
    'discouraged',
  ],
  [
    'mfa.attestation',
    async () => (await passkeyOptions()).attestation,
    'none',
    ['"attestation": attestation,', '"attestation": "direct",'],
    'direct',
  ],
  [
    'login.remember_device_seconds',
    secondSignIn,
    'signed in',
    ['"remember_device_seconds": remember_device_seconds', '"remember_device_seconds": 0'],
    'asked for a code',
  ],
  ['mfa.recovery_codes', codesMade, 10, ['recovery_codes_made := 10', 'recovery_codes_made := 3'], 3],
]

test.each(FLIPS)('%s', async (field, look, before, edit, after) => {
  await activate()
  expect(await look()).toEqual(before)
  await activate(edit, `authz/${field.split('.')[0]}.rego`)
  expect(await look()).toEqual(after)
})
