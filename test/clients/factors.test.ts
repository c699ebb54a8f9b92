/**
 * Authenticators and a generator of codes that nobody here wrote, against whole sign-ins: IBM's soft_fido2 (create and get of its own),
 * Yubico's fido2 (its encodings), oathtool. WebAuthn, RFC 6238.
 */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aBrowser, authorizeUrl, openOwnPage, secretOn, signInByPassword } from '../flows/factors.ts'
import { createPersonWithoutFactors } from '../flows/use-factors.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { optionsOn } from '../servers/authenticator.ts'
import type { Visited } from '../servers/browser.ts'
import { TENANT } from '../servers/population.ts'
import { converse, inClients, whyMissing } from './conversation.ts'

let service: TestService
beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service?.close())

interface Software {
  readonly name: string
  readonly title: string
  /** Its first count. */
  readonly counter: number
}

const AUTHENTICATORS: readonly Software[] = [
  { name: 'fido2', title: 'in the encodings of Python’s fido2', counter: 1 },
  { name: 'soft-fido2', title: 'of soft_fido2, an authenticator whole,', counter: 0 },
]

/** Says what this authenticator makes of the options of a page. */
async function startAuthenticator(name: string, userVerified = true) {
  const python = ['python3', `test/clients/${name}/authenticator.py`]
  const authenticator = converse(python, { PYTHONPATH: inClients(name) })
  authenticator.say({ origin: service.issuer, user_verified: userVerified })
  await authenticator.hear('ready')
  return {
    answer: async (ceremony: 'create' | 'get', page: Visited) => {
      authenticator.say({ [ceremony]: optionsOn(page.text) })
      return JSON.stringify(await authenticator.hear('credential'))
    },
    stop: () => authenticator.stop(),
  }
}

describe.each(AUTHENTICATORS)('$name', ({ name, title, counter }) => {
  const missing = whyMissing(name)
  const why = missing === undefined ? '' : ` (${missing})`

  test.skipIf(missing !== undefined)(
    `a passkey ${title} is added and signs in, twice (WebAuthn Level 3 7; checklist 41)${why}`,
    async () => {
      const authenticator = await startAuthenticator(name)
      try {
        const person = await createPersonWithoutFactors(service)
        const browser = aBrowser(service)
        const asked = await openOwnPage(service, browser, '/mfa/enrol/passkey', person)
        const made = await authenticator.answer('create', asked)
        expect((await browser.submit(asked, { credential: made, name })).status).toBe(200)
        const find = () => service.store.factors.passkeys.find(TENANT, JSON.parse(made).id)
        expect(await find()).toMatchObject({ attestation: 'self', counter, userVerified: true })

        for (const times of [1, 2]) {
          const other = aBrowser(service)
          const login = await other.visit(authorizeUrl(service))
          const page = await other.visit(login.url.replace('/login?', '/mfa/passkey?'))
          const credential = await authenticator.answer('get', page)
          const arrived = await other.submit(page, { credential })
          expect(arrived.left?.searchParams.get('code')).toBeTruthy()
          expect((await find())?.counter).toBe(counter + times)
          // What it answered once is good once.
          const again = await other.submit(page, { credential })
          expect(again.left).toBeUndefined()
        }
      } finally {
        authenticator.stop()
      }
    },
  )
})

const softMissing = whyMissing('soft-fido2')

test.skipIf(softMissing !== undefined)(
  `soft_fido2 adds no passkey where it verifies nobody, by the shipped policy (WebAuthn Level 3 7.1)${softMissing === undefined ? '' : ` (${softMissing})`}`,
  async () => {
    const authenticator = await startAuthenticator('soft-fido2', false)
    try {
      const person = await createPersonWithoutFactors(service)
      const browser = aBrowser(service)
      const asked = await openOwnPage(service, browser, '/mfa/enrol/passkey', person)
      const made = await authenticator.answer('create', asked)
      expect((await browser.submit(asked, { credential: made, name: 'soft' })).status).not.toBe(200)
      expect(await service.store.factors.passkeys.find(TENANT, JSON.parse(made).id)).toBeUndefined()
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
