/**
 * Facts of risk reach `session`, `mfa` and `federation`: what the shipped policy makes of them is obeyed, and so is an edit.
 * docs/threats.md; checklist 44 (sessions), 42 (factors), 43 (providers).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { DEFAULT_THREAT_RULES } from '../../src/auth/threat/rules.ts'
import { randomId } from '../../src/kernel/ids.ts'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { identityKey } from '../../src/storage/records.ts'
import { signedBundle, startAuthService, type TestService } from '../servers/auth-service.ts'
import { copyPolicies, type Edit, type PolicyFolder } from '../servers/policy-folder.ts'
import { newAddress, TENANT } from '../servers/population.ts'
import { BEHIND_PROXY, isSignedIn, moveTo, visitor } from './attackers.ts'
import { onSignInPage, signInAt, startFederated } from './federation.ts'

const BERLIN = '192.0.2.1'
const AUCKLAND = '198.51.100.5'
const SURGE_FLOOR = 3

let folder: string
let policies: PolicyFolder
let close: (() => Promise<void>) | undefined
let version: number
beforeAll(() => {
  policies = copyPolicies()
  return () => policies.remove()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'risk-facts-'))
  version = 1
})
afterEach(async () => {
  await close?.()
  close = undefined
  rmSync(folder, { recursive: true })
})

function settings() {
  const file = join(folder, 'places.csv')
  writeFileSync(file, '192.0.2.0/24,DE,52.5,13.4\n198.51.100.0/24,NZ,-36.9,174.8\n')
  const rules = { ...DEFAULT_THREAT_RULES, surgeFloor: SURGE_FLOOR }
  return { ...BEHIND_PROXY, threats: { places: { file }, rules } }
}

async function activate(service: Pick<TestService, 'node'>, ...edits: readonly Edit[]): Promise<void> {
  policies.restore()
  for (const edit of edits) policies.edit(edit)
  const file = join(folder, 'bundle.tar.gz')
  writeFileSync(file, await writeArchive(await policies.compile()))
  version += 1
  await service.node.activate([await signedBundle(file, version)])
}

const SESSIONS_TRAVEL: Edit = {
  file: 'authz/session.rego',
  from: 'owner_likely if threat.owner_likely(input.risk)',
  to: 'owner_likely if threat.owner_likely(object.union(input.risk, {"impossible_travel": false}))',
}
/** So that a sign-in over there does not end the sessions behind the test's back. */
const NO_ALARM: Edit = {
  file: 'authz/threat.rego',
  from: 'input.signal == "impossible_travel"',
  to: 'input.signal == "failure_surge"',
}
const FACTORS_TRAVEL: Edit = {
  file: 'authz/mfa.rego',
  from: 'far_away if input.risk.impossible_travel',
  to: 'far_away if input.risk.surge',
}

async function startHere(): Promise<TestService> {
  const service = await startAuthService({ service: settings() })
  close = () => service.close()
  return service
}

/** Signed in in Berlin, and on the other side of the Earth with the same cookies. */
async function farAway(service: TestService) {
  const person = await visitor(service, BERLIN)
  const { userName, password } = service.population.user
  await person.signIn(userName, password)
  expect(isSignedIn(person)).toBe(true)
  moveTo(person, AUCKLAND)
  return person
}

const pathOf = ({ url }: { readonly url: string }) => new URL(url).pathname

test('session: a session that is where nobody can be by now signs in anew, unless policy lets it travel (checklist 44)', async () => {
  const service = await startHere()
  const stolen = await farAway(service)
  expect((await stolen.open()).url).toContain('/login')

  await activate(service, SESSIONS_TRAVEL)
  const travels = await farAway(service)
  expect((await travels.open()).url).not.toContain('/login')
  const asked = service.decisions().filter(({ path }) => path === 'authz/session/decision')
  expect(new Set(asked.map(({ input }) => Object(input).risk.impossible_travel))).toEqual(new Set([true]))
})

test('mfa: a factor is added from where nobody can be by now after a sign-in from there alone, unless policy does without (checklist 42)', async () => {
  const service = await startHere()
  await activate(service, SESSIONS_TRAVEL, NO_ALARM)
  const thief = await farAway(service)
  const wanted = await thief.browser.visit(`${service.issuer}/mfa/enrol/totp`)
  expect(pathOf(wanted)).toBe('/login')
  const { userName: username, password } = service.population.user
  const signedIn = await thief.browser.submit(wanted, { username, password })
  expect(pathOf(signedIn)).toBe('/mfa/enrol/totp')

  await activate(service, SESSIONS_TRAVEL, NO_ALARM, FACTORS_TRAVEL)
  moveTo(thief, BERLIN)
  const goesOn = await thief.browser.visit(`${service.issuer}/mfa/enrol/totp`)
  expect(pathOf(goesOn)).toBe('/mfa/enrol/totp')
  const [first, , last] = service.decisions().filter(({ path }) => path === 'authz/mfa/decision')
  expect(first?.input).toMatchObject({ device: { known: true }, risk: { impossible_travel: true } })
  expect(last?.input).toMatchObject({ device: { known: true }, risk: { impossible_travel: true } })
})

test('federation: while sign-ins fail everywhere nobody new gets an account, unless policy gives them one (checklist 43)', async () => {
  const service = await startFederated({ service: settings() })
  close = () => service.close()
  const comes = async () => {
    const person = { sub: randomId(), email: newAddress(), email_verified: true }
    service.google.person = { ...service.google.person, ...person }
    const open = await onSignInPage(service)
    const { status } = await signInAt(open, 'google')
    const key = identityKey(service.google.issuer, person.sub)
    const made = (await service.store.identities.find(TENANT, key)) !== undefined
    return { made, signedIn: open.browser.cookies.has('sallyport_session'), status }
  }
  expect(await comes()).toMatchObject({ made: true, signedIn: true })

  for (let host = 1; host <= SURGE_FLOOR + 1; host++)
    await (await visitor(service, `203.0.113.${host}`)).signIn(`somebody-${host}@example.com`, 'wrong')
  // As long as a node believes what it knows of the surge.
  service.advance(5)
  expect(await comes()).toEqual({ made: false, signedIn: false, status: 403 })

  await activate(service, {
    file: 'authz/federation.rego',
    from: 'input.risk.surge',
    to: 'input.risk.impossible_travel',
  })
  expect(await comes()).toMatchObject({ made: true, signedIn: true })
})
