/**
 * Policy changes who signs in, and how, without code: a file is saved beside a running instance, the watcher of `make run` builds and
 * signs it, the instance takes it up by itself, and the next sign-in follows.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readArchive } from '../../src/policy-engine/bundle/archive.ts'
import { Authenticator, optionsOn } from '../servers/authenticator.ts'
import { committedBundle, revisionIn } from '../servers/bundle-desk.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import {
  copyPolicies,
  type Edit,
  type PolicyFolder,
  type PolicyWatcher,
  watchPolicies,
} from '../servers/policy-folder.ts'
import type { Population } from '../servers/population.ts'
import { adminToken, createPerson } from '../servers/provision.ts'
import { until } from '../servers/until.ts'
import { isSignedIn, type SignInPage, type Visitor, visitor } from './attackers.ts'

const DE = '192.0.2.1'
const NZ = '198.51.100.1'
const NOWHERE = '203.0.113.1'

type Person = Population['user']

let folder: string
let policies: PolicyFolder
let deployment: Deployment
let watcher: PolicyWatcher
let auditor: Person
/** Of the bundle that decides. */
let revision: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'places-'))
  const places = join(folder, 'places.csv')
  writeFileSync(places, '192.0.2.0/24,DE\n198.51.100.0/24,NZ\n')
  policies = copyPolicies()
  deployment = await deploy('one-process', {
    settings: { auth: { trusted_proxies: ['127.0.0.1/32', '::1/128'] }, threats: { places_file: places } },
  })
  const { issuer, population, bundle } = deployment
  const token = await adminToken(issuer, population.admin)
  auditor = await createPerson(issuer, token, 'auditor@example.com', ['user', 'auditor'])
  revision = revisionIn(await committedBundle())
  watcher = await watchPolicies(policies, bundle)
})
afterAll(async () => {
  await watcher?.stop()
  await deployment?.stop()
  policies?.remove()
  rmSync(folder, { recursive: true })
})

/** Saves one file, and waits until every thread decides by what it says. */
async function save(edit: Edit): Promise<void> {
  const before = revision
  policies.edit(edit)
  const decides = async () => {
    const built = revisionIn(await readArchive(readFileSync(deployment.bundle.path)))
    if (built === before) return false
    const { nodes } = await deployment.status()
    revision = built
    return nodes.length > 0 && nodes.every((node) => node.revision === built)
  }
  await until(decides, `the save of ${edit.file} decides`, 60_000)
}

interface Came {
  readonly person: Visitor
  readonly page: SignInPage
}

async function comeFrom(address: string, { userName, password }: Person = deployment.population.user): Promise<Came> {
  const { issuer, population } = deployment
  const person = await visitor({ issuer, population: { own: population.web } }, address)
  const first = await person.open()
  return { person, page: first.status === 200 ? await person.signIn(userName, password, first) : first }
}

async function enters(address: string, who?: Person): Promise<boolean> {
  return isSignedIn((await comeFrom(address, who)).person)
}

test('a country is blocked by one rule: nobody signs in from there, everybody else does', async () => {
  for (const address of [DE, NZ, NOWHERE]) expect(await enters(address)).toBe(true)
  const shipped = 'country_allowed if network.country_allowed(input.tenant, input.risk.country)'
  const documented = /^country_allowed if .*"XX".*$/m.exec(readFileSync('docs/sign-in.md', 'utf8'))?.[0] ?? ''
  const edited = documented.replace('XX', 'NZ')
  expect(edited).toContain('NZ')
  await save({ file: 'authz/login.rego', from: shipped, to: edited })
  const { person, page } = await comeFrom(NZ)
  expect([isSignedIn(person), page.status]).toEqual([false, 403])
  for (const address of [DE, NOWHERE]) expect(await enters(address)).toBe(true)

  await save({ file: 'authz/login.rego', from: edited, to: shipped })
  expect(await enters(NZ)).toBe(true)
})

test('the tenant denies a country by data alone', async () => {
  await save({
    file: 'rbac/data.yaml',
    from: /denied_networks: (.*)/,
    to: 'denied_networks: ["0.0.0.0/8"]\n    denied_countries: [NZ]',
  })
  expect(await enters(NZ)).toBe(false)
  expect(await enters(DE)).toBe(true)
})

test('a passkey is demanded of a role by one rule: its holders are led to add one and sign in with it, others sign in as before', async () => {
  expect(await enters(DE, auditor)).toBe(true)
  await save({
    file: 'authz/login.rego',
    from: 'sufficient if {\n',
    to: `passkey_where_demanded if not "auditor" in input.subject.roles

passkey_where_demanded if input.factors.passkey == "verified"

sufficient if {
	passkey_where_demanded
`,
  })
  const { person, page } = await comeFrom(DE, auditor)
  expect([isSignedIn(person), new URL(page.url).pathname]).toEqual([false, '/mfa/enrol'])
  const authenticator = new Authenticator(deployment.issuer)
  const adding = await person.browser.visit(page.url.replace('/mfa/enrol?', '/mfa/enrol/passkey?'))
  await person.browser.submit(adding, { credential: authenticator.create(optionsOn(adding.text)), name: 'Key' })

  const next = await comeFrom(DE, auditor)
  expect([isSignedIn(next.person), new URL(next.page.url).pathname]).toEqual([false, '/mfa/passkey'])
  const { browser } = next.person
  await browser.submit(next.page, { credential: authenticator.get(optionsOn(next.page.text)) })
  expect(isSignedIn(next.person)).toBe(true)
  expect(await enters(DE)).toBe(true)
})
