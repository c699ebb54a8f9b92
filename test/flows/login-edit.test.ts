/** Policy changes who signs in, and how, without code: `login.rego` is edited, and the next sign-in follows. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomId } from '../../src/kernel/ids.ts'
import { signedFiles, startAuthService, type TestService } from '../servers/auth-service.ts'
import { copyPolicies, type Edit, type PolicyFolder } from '../servers/policy-folder.ts'
import { TENANT } from '../servers/population.ts'
import { BEHIND_PROXY, isSignedIn, type SignInPage, visitor } from './attackers.ts'

let service: TestService
let policies: PolicyFolder
let folder: string
let version = 1
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'places-'))
  const file = join(folder, 'places.csv')
  writeFileSync(file, '192.0.2.0/24,DE\n198.51.100.0/24,NZ\n')
  policies = copyPolicies()
  service = await startAuthService({ service: { ...BEHIND_PROXY, threats: { places: { file } } } })
})
afterAll(async () => {
  await service?.close()
  policies?.remove()
  rmSync(folder, { recursive: true })
})

async function activate(...edits: readonly Edit[]): Promise<void> {
  policies.restore()
  for (const edit of edits) policies.edit(edit)
  version += 1
  await service.node.activate([await signedFiles(await policies.compile(), version)])
}

async function comeFrom(address: string, userName = service.population.user.userName): Promise<[boolean, SignInPage]> {
  const person = await visitor(service, address)
  const first = await person.open()
  if (first.status !== 200) return [false, first]
  const page = await person.signIn(userName, service.population.user.password, first)
  return [isSignedIn(person), page]
}

test('a country is blocked by one rule: nobody signs in from there, everybody else does', async () => {
  expect((await comeFrom('198.51.100.1'))[0]).toBe(true)
  await activate({
    file: 'authz/login.rego',
    from: 'country_allowed if network.country_allowed(input.tenant, input.risk.country)',
    to: 'country_allowed if input.risk.country != "NZ"',
  })
  const [entered, page] = await comeFrom('198.51.100.1')
  expect([entered, page.status]).toEqual([false, 403])
  expect((await comeFrom('192.0.2.1'))[0]).toBe(true)
  expect((await comeFrom('203.0.113.1'))[0]).toBe(true)
})

test('the tenant denies a country by data alone', async () => {
  await activate({
    file: 'rbac/data.yaml',
    from: /denied_networks: (.*)/,
    to: 'denied_networks: ["0.0.0.0/8"]\n    denied_countries: [NZ]',
  })
  expect((await comeFrom('198.51.100.1'))[0]).toBe(false)
  expect((await comeFrom('192.0.2.1'))[0]).toBe(true)
})

test('a passkey is demanded of a role by one rule: its holders are led to add one, others sign in as before', async () => {
  const alice = await service.store.users.find(TENANT, service.population.user.sub)
  if (alice === undefined) throw new Error('no user')
  const auditor = { ...alice, userName: 'auditor@example.com', sub: randomId(), roles: ['auditor'] }
  await service.store.users.create(TENANT, auditor)
  await activate()
  expect((await comeFrom('192.0.2.1', auditor.userName))[0]).toBe(true)
  await activate({
    file: 'authz/login.rego',
    from: 'sufficient if {\n',
    to: `passkey_where_demanded if not "auditor" in input.subject.roles

passkey_where_demanded if input.factors.passkey == "verified"

sufficient if {
	passkey_where_demanded
`,
  })
  const [entered, page] = await comeFrom('192.0.2.1', auditor.userName)
  expect(entered).toBe(false)
  expect(new URL(page.url).pathname).toMatch(/^\/mfa\/enrol/)
  expect((await comeFrom('192.0.2.1'))[0]).toBe(true)
})
