/**
 * Whatever an account is, and whatever was done to it before, from its owner's network and from elsewhere: whoever tries a name
 * reads what they would read of a name that nobody has, and costs the same work. OWASP ASVS 6.3.8; checklist 37.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEFAULT_THREAT_RULES } from '../../src/auth/threat/rules.ts'
import { createPasswordHasher, hashGate } from '../../src/auth/user/password/hasher.ts'
import { randomId } from '../../src/kernel/ids.ts'
import { identityKey, type UserRecord } from '../../src/storage/records.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import type { Visited } from '../servers/browser.ts'
import { TENANT } from '../servers/population.ts'
import { BEHIND_PROXY, isSignedIn, visitor } from './attackers.ts'
import { countedHasher, countedStore } from './counted-work.ts'

/** All accounts were signed in to from the first, none from the second. */
const PLACES = { "the owner's network": '192.0.2', elsewhere: '203.0.113' } as const
/** There are hundreds to make. */
const CHEAP = { memoryKib: 1024, passes: 1, parallelism: 1 }
const NOBODY = 'nobody@example.com'
/** One more than are free from one network. */
const GUESSES = 11
/** Of an account under attack, but the last: 300 seconds. */
const WAITS = [15, 30, 60, 120]

let service: TestService
/** Calls of the store and of the hasher, in order. */
const calls: string[] = []

const ACCOUNTS = {
  'with a password': async () => {},
  'without a password': (user) => keepWithoutPassword(user),
  'of a provider alone': async (user) => {
    await keepWithoutPassword(user)
    const [issuer, subject] = ['https://provider.example', randomId()]
    const identity = {
      v: 1,
      key: identityKey(issuer, subject),
      sub: user.sub,
      provider: 'google',
      issuer,
      subject,
    } as const
    expect(await service.store.identities.link(TENANT, { ...identity, linkedAt: 0 })).toBe('written')
  },
  'with a second factor': async ({ sub }) => {
    const totp = { v: 1, sealed: 'never opened here', createdAt: 0 } as const
    expect(await service.store.factors.totp.add(TENANT, sub, totp)).toBe('written')
  },
  'that is locked': (user) => keep(user, { active: false }),
} satisfies Record<string, (user: UserRecord) => Promise<void>>

const nameOf = (kind: string): string => `${kind.replaceAll(' ', '-')}@example.com`

async function keep({ version, ...user }: UserRecord, parts: Partial<UserRecord> = {}): Promise<void> {
  const next = { ...user, ...parts, version: version + 1 }
  expect(await service.store.users.replace(TENANT, next, version)).toBe('written')
}

const keepWithoutPassword = ({ passwordHash: _gone, ...user }: UserRecord): Promise<void> => keep(user)

beforeAll(async () => {
  service = await startAuthService({
    store: async (path, clock) => countedStore(await openSqliteStore({ path, clock }), calls),
    service: {
      ...BEHIND_PROXY,
      passwords: countedHasher(createPasswordHasher(hashGate(), CHEAP), calls),
      // Guesses at a few accounts are no surge: that one refuses sources, whatever the name.
      threats: { rules: { ...DEFAULT_THREAT_RULES, surgeFloor: 10_000 } },
    },
  })
  const { user, owner } = await somebody()
  for (const kind of Object.keys(ACCOUNTS)) {
    await service.store.users.create(TENANT, { ...owner, sub: randomId(), userName: nameOf(kind) })
    const home = await visitor(service, `${PLACES["the owner's network"]}.1`)
    await home.signIn(nameOf(kind), user.password)
    expect(isSignedIn(home)).toBe(true)
  }
  for (const [kind, become] of Object.entries(ACCOUNTS)) {
    const found = await service.store.users.findByUserName(TENANT, nameOf(kind))
    if (found === undefined) throw new Error('no user')
    await become(found)
  }
})
afterAll(() => service?.close())

async function somebody() {
  const { user } = service.population
  const owner = await service.store.users.find(TENANT, user.sub)
  if (owner === undefined) throw new Error('no user')
  return { user, owner }
}

/** What is told and done; all that tells answers about two names apart is the name. */
async function answerTo(userName: string, ask: () => Promise<Visited>) {
  await service.service.threats.settled()
  const before = raised()
  calls.length = 0
  const { status, headers, text, url } = await ask()
  // What a person reads of it later is written behind the answer, for nobody as for somebody.
  const work = calls.filter((call) => !call.startsWith('activity.'))
  const shown = text
    .replaceAll(/nonce="[^"]*"/g, '')
    .replaceAll(/(form_token" value|interaction)=("?)[\w-]+/g, '$1=')
    .replaceAll(/<code>[\w-]+<\/code>/g, '')
    // A second may have passed; `waitsFor` says for whom.
    .replaceAll(/again in \d+ \w+/g, 'again in a while')
    .replaceAll(userName, 'NAME')
  const wait = Number(headers.get('retry-after') ?? 0)
  return {
    status,
    path: new URL(url).pathname,
    names: [...headers.keys()],
    shown,
    // A network that tried too often waits for 30 seconds, an account under attack for as many as are left of 300.
    waitsFor: wait === 0 ? 'nothing' : wait > 30 ? 'the account' : 'the network',
    // A signal is answered behind the request that raised it.
    ...(raised() === before && { work }),
  }
}

const raised = (): number => service.audits.filter(({ event }) => event === 'risk_signal').length

/** The name alone, then guesses at its password until they have to wait, from an address that nobody else comes from. */
async function tryAt(address: string, userName: string) {
  const guesser = await visitor(service, address)
  const open = await guesser.open()
  const named = await answerTo(userName, () => guesser.browser.submit(open, { username: userName }))
  const guesses = []
  for (let guess = 0; guess < GUESSES; guess++)
    guesses.push(await answerTo(userName, () => guesser.signIn(userName, `guess ${guess}`, open)))
  return { named, guesses }
}

/** Answers what is read of a name that nobody has, which is what is read of any account. */
async function compare(place: string, firstHost: number) {
  const ofNobody = await tryAt(`${place}.${firstHost}`, NOBODY)
  for (const [index, kind] of Object.keys(ACCOUNTS).entries())
    expect(await tryAt(`${place}.${firstHost + 1 + index}`, nameOf(kind)), kind).toEqual(ofNobody)
  return ofNobody
}

/** From a network that none of them was signed in from: what is free there, and then until the wait is the longest. */
async function guessAtAll(): Promise<void> {
  for (const [index, name] of [NOBODY, ...Object.keys(ACCOUNTS).map(nameOf)].entries()) {
    const guesser = await visitor(service, `198.51.100.${1 + index}`)
    const page = await guesser.open()
    for (let guess = 0; guess < 10; guess++)
      expect((await guesser.signIn(name, `guess ${guess}`, page)).status).toBe(401)
  }
  for (const [round, seconds] of WAITS.entries()) {
    service.advance(seconds)
    for (const [index, name] of [NOBODY, ...Object.keys(ACCOUNTS).map(nameOf)].entries()) {
      const guesser = await visitor(service, `198.51.100.${100 + 10 * round + index}`)
      expect((await guesser.signIn(name, 'one more')).status).toBe(401)
    }
  }
}

type Seen = Awaited<ReturnType<typeof compare>>
const told = ({ guesses }: Seen) => guesses.map(({ status, waitsFor }) => [status, waitsFor])
const hashes = ({ guesses }: Seen) => guesses.map(({ work }) => work?.filter((call) => call === 'verify').length)
const tenThen = <T>(most: T, last: T): T[] => [...Array<T>(GUESSES - 1).fill(most), last]

test('accounts of every kind are answered as a name that nobody has: while nothing is wrong, where a network waits, and under attack (checklist 37)', async () => {
  for (const place of Object.values(PLACES)) {
    const seen = await compare(place, 10)
    expect([seen.named.status, seen.named.path]).toEqual([200, '/login/password'])
    expect(told(seen)).toEqual(tenThen([401, 'nothing'], [429, 'the network']))
    expect(seen.guesses.at(-1)?.work).not.toContain('verify')
  }
  await guessAtAll()
  for (const place of Object.values(PLACES)) {
    const seen = await compare(place, 110)
    expect([seen.named.status, seen.named.path]).toEqual([200, '/login/password'])
    expect(told(seen).slice(0, -1)).toEqual(Array(GUESSES - 1).fill([429, 'the account']))
    expect(hashes(seen)).toEqual(tenThen(1, 0))
  }
}, 180_000)

test('their owner comes in all the while, from their own network and on a new device (checklist 38)', async () => {
  const { user } = await somebody()
  const owner = await visitor(service, `${PLACES["the owner's network"]}.200`)
  await owner.signIn(nameOf('with a password'), user.password)
  expect(isSignedIn(owner)).toBe(true)
})
