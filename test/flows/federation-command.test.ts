/** `sallyport federation test`, as an operator runs it: what is fit, what is wrong, which pins to set. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type Certificates, makeCertificates } from '../servers/certificates.ts'
import { type GithubSite, openGithubSite } from '../servers/github-site.ts'
import { type OpenIdSite, openOpenIdSite } from '../servers/openid-site.ts'
import { startSallyport } from '../servers/sallyport.ts'
import { pinIn } from '../servers/secure-site.ts'
import { NO_PIN } from './federation.ts'

let folder: string
let certificates: Certificates
let site: OpenIdSite
let github: GithubSite
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'federation-command-'))
  certificates = await makeCertificates(folder)
  site = await openOpenIdSite(certificates, { redirectUris: ['https://auth.example/federation/callback/own'] })
  github = await openGithubSite(certificates, { redirectUri: 'https://auth.example/federation/callback/github' })
})
afterAll(async () => {
  await site.close()
  await github.close()
  rmSync(folder, { recursive: true })
})

async function run(words: readonly string[], more: object = {}) {
  const common = { client_id: 'c', client_secret: 's', ca_file: certificates.caFile, allow: ['localhost'], ...more }
  const providers = [
    { id: 'own', kind: 'oidc', issuer: site.issuer, ...common },
    { id: 'github', kind: 'github', issuer: github.issuer, api_url: github.apiUrl, ...common },
  ]
  writeFileSync(join(folder, 'sallyport.yaml'), stringify({ federation: { providers } }))
  const command = startSallyport(['federation', 'test', ...words], { cwd: folder })
  return { code: await command.ended, said: command.said }
}

test('what is fit is said to be, with the pins to set where there are none, and the redirect URI to register', async () => {
  const { code, said } = await run([])
  expect([code, said]).toEqual([0, said])
  const pin = pinIn(certificates.certFile)
  expect(said).toMatch(
    new RegExp(`own +note +keys of localhost:\\d+ +not pinned; from its own up: ${RegExp.escape(pin)}`),
  )
  expect(said).toMatch(/own +ok +metadata/)
  expect(said).toMatch(/own +ok +keys that verify its tokens/)
  expect(said).toMatch(/github +note +keys of localhost/)
  expect(said).toContain('/federation/callback/own')
})

test('the pinned keys are told from those that are not; a wrong pin is an error', async () => {
  const pin = pinIn(certificates.certFile)
  const right = await run(['own'], { pins: [pin, NO_PIN] })
  expect([right.code, right.said]).toEqual([0, expect.stringContaining(`${pin} (pinned)`)])
  const wrong = await run(['own'], { pins: [NO_PIN, `${'B'.repeat(43)}=`] })
  expect(wrong.code).toBe(1)
  expect(wrong.said).toContain(`none is pinned; from its own up: ${pin}`)
})

test('a private address that is not allowed, an unknown authority and an unknown name are said', async () => {
  const denied = await run(['own'], { allow: [] })
  expect([denied.code, denied.said]).toEqual([1, expect.stringContaining('wrong')])
  const stranger = await run(['own'], { ca_file: certificates.certFile })
  expect([stranger.code, stranger.said]).toEqual([1, expect.stringContaining('TLS failed')])
  const unknown = await run(['nobody'])
  expect([unknown.code, unknown.said]).toEqual([2, expect.stringContaining('there are own, github')])
})
