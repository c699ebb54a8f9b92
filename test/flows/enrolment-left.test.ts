/** Who does not want to add a factor: out of the sign-in that demands one, or back to the account. RFC 6749 4.1.2.1. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signedFiles, startAuthService, type TestService } from '../servers/auth-service.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { aBrowser, authorizeUrl, MFA_ACR, openOwnPage, signInByPassword } from './factors.ts'

let service: TestService

beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service.close())

test('who adds a factor from the account has no sign-in to cancel, but a way back', async () => {
  for (const path of ['/mfa/enrol/totp', '/mfa/enrol/passkey']) {
    const browser = aBrowser(service)
    const page = await openOwnPage(service, browser, path)
    expect(page.text).toContain('<a href="/account/factors">Back to your account</a>')
    expect(page.text).not.toContain('value="deny"')
    expect((await browser.submit(page, { answer: 'deny' })).status).toBe(400)
  }
})

test('who cancels where policy demands a factor goes back to the client with access_denied, at each page', async () => {
  const policies = copyPolicies()
  try {
    policies.edit({ file: 'rbac/data.yaml', from: '  user:\n', to: `  user:\n    acr: ${MFA_ACR}\n` })
    await service.node.activate([await signedFiles(await policies.compile(), 2)])
  } finally {
    policies.remove()
  }
  for (const which of ['', '/totp', '/passkey']) {
    const browser = aBrowser(service)
    const choice = await signInByPassword(service, browser)
    expect(new URL(choice.url).pathname).toBe('/mfa/enrol')
    const page = await browser.visit(choice.url.replace('/mfa/enrol', `/mfa/enrol${which}`))
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('value="deny"')])
    const { left } = await browser.submit(page, { answer: 'deny' })
    expect(left?.searchParams.get('error')).toBe('access_denied')
    expect(left?.searchParams.get('state')).toBe(new URL(authorizeUrl(service)).searchParams.get('state'))
  }
  expect(service.audits.filter(({ event }) => event === 'factor_added')).toEqual([])
})
