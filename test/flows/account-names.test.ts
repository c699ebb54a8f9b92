/**
 * Who has an account here is learned by nobody, least of all in the middle of an attack: a name that exists, signed in to from
 * the network that asks or from elsewhere, and one that nobody has are answered alike after the same work. OWASP ASVS 6.3.8.
 */
import { afterEach, expect, test } from 'vitest'
import { DEFAULT_THREAT_RULES } from '../../src/auth/threat/rules.ts'
import { createPasswordHasher, hashGate } from '../../src/auth/user/password/hasher.ts'
import { randomId } from '../../src/kernel/ids.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { signedFiles, startAuthService, type TestService } from '../servers/auth-service.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { TENANT } from '../servers/population.ts'
import { BEHIND_PROXY, isSignedIn, visitor } from './attackers.ts'
import { countedHasher, countedStore } from './counted-work.ts'

const OWNERS_NETWORK = ['192.0.2.77', '192.0.2.78'] as const
const ELSEWHERE = '203.0.113.8'
/** There are hundreds to make. */
const CHEAP = { memoryKib: 1024, passes: 1, parallelism: 1 }
/** Of an account under attack, but the last: 300 seconds. */
const WAITS = [15, 30, 60, 120]

let service: TestService
/** Calls of the store and of the hasher, in order. */
const calls: string[] = []
afterEach(() => service?.close())

/** Names of somebody who signed in from the owner's network, of somebody who signs in elsewhere, and of nobody. */
async function start() {
  service = await startAuthService({
    store: async (path, clock) => countedStore(await openSqliteStore({ path, clock }), calls),
    service: {
      ...BEHIND_PROXY,
      passwords: countedHasher(createPasswordHasher(hashGate(), CHEAP), calls),
      // Guesses at four accounts are no surge: that one refuses sources, whatever the name.
      threats: { rules: { ...DEFAULT_THREAT_RULES, surgeFloor: 10_000 } },
    },
  })
  const { population, store } = service
  const owner = await store.users.find(TENANT, population.user.sub)
  if (owner === undefined) throw new Error('no user')
  await store.users.create(TENANT, { ...owner, sub: randomId(), userName: 'elsewhere@example.com' })
  await store.users.create(TENANT, { ...owner, sub: randomId(), userName: 'gone@example.com', active: false })
  const home = await visitor(service, '192.0.2.1')
  await home.signIn(owner.userName, population.user.password)
  expect(isSignedIn(home)).toBe(true)
  return {
    owner: owner.userName,
    password: population.user.password,
    names: [owner.userName, 'elsewhere@example.com', 'gone@example.com', 'nobody@example.com'],
  }
}

/** From networks that none of the names was signed in from: as many as are free, and then until the wait is the longest. */
async function guessAt(...names: readonly string[]): Promise<void> {
  for (const host of [1, 2, 3]) {
    const guesser = await visitor(service, `198.51.100.${host}`)
    const page = await guesser.open()
    for (const name of names)
      for (let guess = 0; guess < 10; guess++)
        expect((await guesser.signIn(name, `guess ${guess}`, page)).status).toBe(401)
  }
  for (const [index, seconds] of WAITS.entries()) {
    service.advance(seconds)
    const guesser = await visitor(service, `198.51.100.${100 + index}`)
    const page = await guesser.open()
    for (const name of names) expect((await guesser.signIn(name, 'one more', page)).status).toBe(401)
  }
}

/** What somebody who tries a password learns, and what it costs; all that tells answers of two names apart is the name. */
async function tryPassword(from: string, userName: string, password: string) {
  const guesser = await visitor(service, from)
  const page = await guesser.open()
  calls.length = 0
  const { status, headers, text } = await guesser.signIn(userName, password, page)
  const work = [...calls]
  const shown = text
    .replaceAll(/nonce="[^"]*"/g, '')
    .replaceAll(/(form_token" value|interaction)=("?)[\w-]+/g, '$1=')
    .replaceAll(/<code>[\w-]+<\/code>/g, '')
    // A second may have passed; `waitsForAccount` says for whom.
    .replaceAll(/again in \d+ \w+/g, 'again in a while')
    .replaceAll(userName, 'NAME')
  // A network that tried too often waits for 30 seconds, an account under attack for as many as are left of 300.
  const waitsForAccount = Number(headers.get('retry-after')) > 30
  return { status, waitsForAccount, names: [...headers.keys()], shown, work }
}

test('under attack, from a network that an account is signed in to from too, a name that exists is answered as one that nobody has (checklist 37)', async () => {
  const { names, owner, password } = await start()
  await guessAt(...names)
  for (const from of [...OWNERS_NETWORK, ELSEWHERE]) {
    const seen = []
    for (const name of names) {
      const answers = []
      for (let guess = 0; guess < 11; guess++) answers.push(await tryPassword(from, name, `wrong ${guess}`))
      seen.push(answers)
    }
    for (const answers of seen) expect(answers).toEqual(seen[0])
    expect(seen[0]?.map(({ status }) => status)).toEqual(Array(11).fill(429))
    // Ten are checked, as from everywhere; then the network itself waits.
    expect(seen[0]?.map(({ work }) => work.filter((call) => call === 'verify').length)).toEqual([
      ...Array(10).fill(1),
      0,
    ])
  }

  // The owner is let in from there, on a device that nobody knows.
  const newDevice = await visitor(service, '192.0.2.44')
  await newDevice.signIn(owner, password)
  expect(isSignedIn(newDevice)).toBe(true)
})

test('under attack, a right password from elsewhere is answered as a wrong one after the same work (checklist 37, 38)', async () => {
  const { names, password } = await start()
  const [, name = ''] = names
  await guessAt(name)
  // Its hash is of another cost than hashes are now: it would be made anew.
  const right = await tryPassword('203.0.113.9', name, password)
  expect(right).toEqual(await tryPassword('203.0.113.10', name, 'wrong'))
  expect([right.status, right.waitsForAccount]).toEqual([429, true])
  service.advance(300)
  const later = await visitor(service, '203.0.113.9')
  await later.signIn(name, password)
  expect(isSignedIn(later)).toBe(true)
  expect(calls).toContain('hash')
})

test("whether an attempt is looked at while it should wait is for policy to say ('login.while_waiting')", async () => {
  const policies = copyPolicies()
  try {
    const { owner, password } = await start()
    await guessAt(owner)
    const decided = async (answer: string, version: number) => {
      policies.restore()
      policies.edit({
        file: 'authz/login.rego',
        from: '"while_waiting": threat.while_waiting(input.risk)',
        to: `"while_waiting": "${answer}"`,
      })
      await service.node.activate([await signedFiles(await policies.compile(), version)])
      const somebody = await visitor(service, `203.0.113.${version}`)
      const page = await somebody.open()
      calls.length = 0
      const { status } = await somebody.signIn(owner, password, page)
      return [status, calls.includes('verify'), isSignedIn(somebody)]
    }
    expect(await decided('refuse', 2)).toEqual([429, false, false])
    expect(await decided('check', 3)).toEqual([429, true, false])
    expect((await decided('admit', 4)).slice(1)).toEqual([true, true])
  } finally {
    policies.remove()
  }
})
