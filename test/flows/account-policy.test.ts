/**
 * `account` decides: each obligation, flipped in a copy of the Rego, changes what a person meets; and what is sensitive needs a
 * fresh sign-in, by every factor that the account has (checklist 42, OWASP ASVS 7.5.1).
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { signedBundle, startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formAt } from '../servers/browser.ts'
import { copyPolicies, type Edit } from '../servers/policy-folder.ts'
import { until } from '../servers/until.ts'

let service: TestService
const letters = mkdtempSync(join(tmpdir(), 'account-letters-'))
beforeAll(async () => {
  const mail = { from: { name: '', address: 'accounts@auth.example' }, directory: letters }
  service = await startAuthService({ service: { mail } })
})
afterAll(async () => {
  await service?.close()
  rmSync(letters, { recursive: true })
})

let version = 1
async function activate(...edits: readonly Omit<Edit, 'file'>[]): Promise<void> {
  const policies = copyPolicies()
  const folder = mkdtempSync(join(tmpdir(), 'account-policy-'))
  try {
    for (const one of edits) policies.edit({ file: 'authz/account.rego', ...one })
    const file = join(folder, 'bundle.tar.gz')
    writeFileSync(file, await writeArchive(new Map(await policies.compile())))
    version += 1
    await service.node.activate([await signedBundle(file, version)])
  } finally {
    policies.remove()
    rmSync(folder, { recursive: true })
  }
}

async function signedIn(path = '/account') {
  const browser = new Browser(service.issuer)
  const { userName: username, password } = service.population.user
  const login = await browser.visit(`${service.issuer}${path}`)
  return { browser, page: await browser.submit(login, { username, password }) }
}

const where = (url: string): string => new URL(url).pathname

describe('obligations are obeyed (checklist 42)', () => {
  let browser: Browser
  beforeEach(async () => {
    await activate()
    browser = (await signedIn()).browser
    // A sign-in is of a second, and its age of whole ones.
    service.advance(2)
  })
  const at = async (path: string) => browser.visit(`${service.issuer}${path}`)

  test('account.visible', async () => {
    expect((await at('/account')).text).toContain('alice@example.com</bdi> (')
    await activate({ from: '"visible": sort(visible)', to: '"visible": []' })
    const { text } = await at('/account')
    expect(text).not.toContain('alice@example.com</bdi> (')
    expect(text).not.toContain('Alice Doe')
  })

  test('account.writable', async () => {
    expect((await at('/account/profile')).text).toContain('name="displayName"')
    await activate({ from: '"writable": sort(writable)', to: '"writable": ["locale"]' })
    const { text } = await at('/account/profile')
    expect(text).not.toContain('name="displayName"')
    expect(text).toContain('name="locale"')
  })

  test('account.step_up', async () => {
    expect(where((await at('/account')).url)).toBe('/account')
    await activate(
      { from: 'default step_up := "none"', to: 'default step_up := "required"' },
      { from: 'any_age_seconds := 34560000', to: 'any_age_seconds := 1' },
    )
    expect(where((await at('/account')).url)).toBe('/login/password')
  })

  test('account.max_age_seconds', async () => {
    await activate({ from: 'any_age_seconds := 34560000', to: 'any_age_seconds := 60' })
    expect(where((await at('/account')).url)).toBe('/account')
    service.advance(61)
    const asked = await at('/account')
    expect(where(asked.url)).toBe('/login/password')
    const { password } = service.population.user
    expect(where((await browser.submit(asked, { password })).url)).toBe('/account')
  })

  test('account.acr', async () => {
    await activate({
      from: '} else := rbac.level("urn:sallyport:acr:password")',
      to: '} else := rbac.level("urn:sallyport:acr:mfa")',
    })
    // What is missing is to be added, by who proves anew who they are.
    const asked = await at('/account')
    expect(where(asked.url)).toBe('/login/password')
    const { password } = service.population.user
    expect(where((await browser.submit(asked, { password })).url)).toBe('/mfa/enrol')
  })

  test('account.least_password_characters', async () => {
    const tooShort = async () => {
      const { action, fields } = formAt(await at('/account/password'), /password$/)
      fields.set('password', service.population.user.password)
      fields.set('new_password', 'zq9vt4mwx2')
      const answer = await browser.visit(action, { method: 'POST', body: fields })
      return answer.status
    }
    await activate({
      from: 'passwords.least_characters(input.subject.roles)',
      to: 'passwords.least_characters(input.subject.roles) + 40',
    })
    expect(await tooShort()).toBe(400)
    expect((await at('/account/password')).status).toBe(200)
  })

  test('account.notify', async () => {
    const told = () => {
      const files = readdirSync(letters).map((name) => readFileSync(join(letters, name), 'utf8'))
      return files.filter((text) => /^Subject: You were signed out/m.test(text)).length
    }
    const endOthers = async () => {
      await signedIn()
      const { action, fields } = formAt(await at('/account/sessions'), /end-others$/)
      expect((await browser.visit(action, { method: 'POST', body: fields })).status).toBe(200)
    }
    await endOthers()
    await activate({ from: 'default notify := false', to: 'default notify := true' })
    await endOthers()
    // Letters leave in their order: had the first one been told of, it would be here too.
    await until(async () => told() > 0, 'the person is told')
    expect(told()).toBe(1)
  })
})
