/** An authenticator and a generator of codes that nobody here wrote: Yubico's fido2 and oathtool, against whole sign-ins. WebAuthn, RFC 6238. */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBrowser, authorizeUrl, openOwnPage, secretOn, signInByPassword } from '../flows/factors.ts'
import { createPersonWithoutFactors } from '../flows/use-factors.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { optionsOn } from '../servers/authenticator.ts'
import { TENANT } from '../servers/population.ts'
import { converse, inClients, whyMissing } from './conversation.ts'

let service: TestService
beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service?.close())

const missing = whyMissing('fido2')

test.skipIf(missing !== undefined)(
  `a passkey of Python’s fido2 is added and signs in (WebAuthn Level 3 7; checklist 41)${missing === undefined ? '' : ` (${missing})`}`,
  async () => {
    const python = ['python3', 'test/clients/fido2/authenticator.py']
    const authenticator = converse(python, { PYTHONPATH: inClients('fido2') })
    try {
      authenticator.say({ origin: service.issuer })
      await authenticator.hear('ready')
      const person = await createPersonWithoutFactors(service)
      const browser = aBrowser(service)
      const asked = await openOwnPage(service, browser, '/mfa/enrol/passkey', person)
      authenticator.say({ create: optionsOn(asked.text) })
      const made = JSON.stringify(await authenticator.hear('credential'))
      expect((await browser.submit(asked, { credential: made, name: 'fido2' })).status).toBe(200)
      const stored = await service.store.factors.passkeys.find(TENANT, JSON.parse(made).id)
      expect(stored).toMatchObject({ attestation: 'self', counter: 1, userVerified: true })

      const other = aBrowser(service)
      const login = await other.visit(authorizeUrl(service))
      const page = await other.visit(login.url.replace('/login?', '/mfa/passkey?'))
      authenticator.say({ get: optionsOn(page.text) })
      const credential = JSON.stringify(await authenticator.hear('credential'))
      const arrived = await other.submit(page, { credential })
      expect(arrived.left?.searchParams.get('code')).toBeTruthy()
    } finally {
      authenticator.stop()
    }
  },
)

const oathtool = (secret: string, atSeconds: number): string =>
  execFileSync('oathtool', ['--totp', '--base32', `--now=@${Math.floor(atSeconds)}`, secret.replaceAll(' ', '')])
    .toString()
    .trim()

test('codes of oathtool confirm an app and sign in (RFC 6238; checklist 40)', async () => {
  const person = await createPersonWithoutFactors(service)
  const browser = aBrowser(service)
  const shown = await openOwnPage(service, browser, '/mfa/enrol/totp', person)
  const secret = secretOn(shown)
  expect((await browser.submit(shown, { code: oathtool(secret, Date.now() / 1000) })).status).toBe(200)
  const other = aBrowser(service)
  const asked = await signInByPassword(service, other, {}, person)
  const arrived = await other.submit(asked, { code: oathtool(secret, Date.now() / 1000 + 30) })
  expect(arrived.left?.searchParams.get('code')).toBeTruthy()
})
