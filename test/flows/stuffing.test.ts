/**
 * Credential stuffing: an attacker with a list of 5,000 accounts and 50 addresses, while real people sign in. How many of them
 * get in, and how long it takes, is printed (docs/results).
 */
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomId } from '../../src/kernel/ids.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { TENANT } from '../servers/population.ts'
import { until } from '../servers/until.ts'
import { BEHIND_PROXY, endVisit, isSignedIn, moveTo, type Visitor, visitor } from './attackers.ts'

const ACCOUNTS = 5_000
const ADDRESSES = 50
/** Of the passwords in the list, one in so many is right: of those of every address some. */
const LEAKED = 49
const PEOPLE = 20
/** Before a person gives up: two seconds lie between two of them, so a minute. */
const TRIES = 30
/** Whose browser is known at home, and in a network of the attacker's; of new ones at home, at an attacker's address, and beside it. */
const GROUPS = 5
/** `accounts_tried` is remembered that long, and everything else of an address is over before. docs/threats.md */
const REMEMBERED_SECONDS = 60 * 60

const accountName = (index: number) => `account-${index}@example.com`
const attackAddress = (index: number) => `198.51.${100 + (index % 25)}.${10 + Math.floor(index / 25)}`
const besideAttacker = (index: number) => `198.51.${100 + (index % 25)}.200`

let service: TestService
const known: Visitor[] = []

async function createAccounts(): Promise<void> {
  const { store, population } = service
  const user = await store.users.find(TENANT, population.user.sub)
  if (user === undefined) throw new Error('no user')
  const names = Array.from({ length: ACCOUNTS }, (_, index) => accountName(index))
  const people = Array.from({ length: GROUPS * PEOPLE }, (_, index) => `person-${index}@example.com`)
  await Promise.all(
    [...names, ...people].map((userName) => store.users.create(TENANT, { ...user, userName, sub: randomId() })),
  )
}

beforeAll(async () => {
  service = await startAuthService({ service: BEHIND_PROXY })
  await createAccounts()
  // Two groups have signed in before: one at home, one in networks that the attacker has a host in.
  for (let person = 0; person < 2 * PEOPLE; person++) {
    const one = await visitor(service, `192.0.2.${person + 1}`)
    await one.signIn(`person-${person}@example.com`, service.population.user.password)
    endVisit(one)
    known.push(one)
  }
})
afterAll(() => service?.close())

interface Attack {
  tried: number
  /** By policy, with 429. */
  refused: number
  /** As many passwords were being checked as can, 503. */
  crowded: number
  taken: number
}

/** Every address its share of the list, as fast as it is answered. */
async function attack(found: Attack, address: string, accounts: readonly number[]): Promise<void> {
  const attacker = await visitor(service, address)
  const page = await attacker.open()
  for (const index of accounts) {
    const password = index % LEAKED === 0 ? service.population.user.password : `guess-${index}`
    const { status } = await attacker.signIn(accountName(index), password, page)
    found.tried += 1
    if (status === 429) found.refused += 1
    if (status === 503) found.crowded += 1
    if (!isSignedIn(attacker)) continue
    found.taken += 1
    await attack(found, address, accounts.slice(accounts.indexOf(index) + 1))
    return
  }
}

/** As people do, who try again when the page says so. */
async function come(one: Visitor, userName: string, took: number[]): Promise<boolean> {
  const began = performance.now()
  for (let attempt = 0; attempt < TRIES && !isSignedIn(one); attempt++) {
    const { status, headers } = await one.signIn(userName, service.population.user.password)
    if (status === 503) await wait(1000 * Number(headers.get('retry-after')))
  }
  took.push(performance.now() - began)
  return isSignedIn(one)
}

interface Newcomer {
  readonly address: string
  readonly userName: string
}

interface Newcomers {
  admitted: number
  /** Told to come again later, 429. */
  readonly refused: Newcomer[]
  longestWaitSeconds: number
}

const nobodyYet = (): Newcomers => ({ admitted: 0, refused: [], longestWaitSeconds: 0 })

/** Who is refused by policy goes; who finds no free place to be checked waits as long as the page says. */
async function comeOnNewDevice(newcomer: Newcomer, found: Newcomers): Promise<void> {
  const one = await visitor(service, newcomer.address)
  for (let attempt = 0; attempt < TRIES && !isSignedIn(one); attempt++) {
    const page = await one.open()
    const { password } = service.population.user
    const { status, headers } = page.status === 200 ? await one.signIn(newcomer.userName, password, page) : page
    const wantedSeconds = Number(headers.get('retry-after'))
    if (status === 503) await wait(1000 * wantedSeconds)
    if (status !== 429) continue
    found.refused.push(newcomer)
    found.longestWaitSeconds = Math.max(found.longestWaitSeconds, wantedSeconds)
    return
  }
  if (isSignedIn(one)) found.admitted += 1
}

/** People on new devices where the attacker is, spread over the attack. */
async function comeThroughout(attacked: Attack, addressOf: typeof attackAddress, group: number): Promise<Newcomers> {
  const found = nobodyYet()
  for (let person = 0; person < PEOPLE; person++) {
    await until(async () => attacked.tried >= (person * ACCOUNTS) / PEOPLE, 'the attack goes on', 600_000)
    const userName = `person-${group * PEOPLE + person}@example.com`
    await comeOnNewDevice({ address: addressOf(person), userName }, found)
  }
  return found
}

test('5,000 accounts from 50 addresses: most attempts are refused unchecked, and known devices and other networks get in (checklist 38)', async () => {
  const found: Attack = { tried: 0, refused: 0, crowded: 0, taken: 0 }
  const took: number[] = []
  const admitted = { known: 0, beside: 0, new: 0 }
  const attacking = Promise.all(
    Array.from({ length: ADDRESSES }, (_, index) => {
      const accounts = Array.from({ length: ACCOUNTS / ADDRESSES }, (_, n) => n * ADDRESSES + index)
      return attack(found, attackAddress(index), accounts)
    }),
  )
  const onNewDevices = Promise.all([comeThroughout(found, attackAddress, 3), comeThroughout(found, besideAttacker, 4)])
  for (let person = 0; person < PEOPLE; person++) {
    const [home, beside] = [known[person], known[PEOPLE + person]]
    if (home && (await come(home, `person-${person}@example.com`, took))) admitted.known += 1
    if (beside) moveTo(beside, attackAddress(person))
    if (beside && (await come(beside, `person-${PEOPLE + person}@example.com`, took))) admitted.beside += 1
    const fresh = await visitor(service, `203.0.${person}.7`)
    if (await come(fresh, `person-${2 * PEOPLE + person}@example.com`, took)) admitted.new += 1
  }
  await attacking
  const [atAttacker, besideIt] = await onNewDevices
  await service.service.threats.settled()
  service.advance(REMEMBERED_SECONDS + 1)
  const later = nobodyYet()
  for (const one of [...atAttacker.refused, ...besideIt.refused]) await comeOnNewDevice(one, later)

  const checked = service.audits.filter(
    ({ event, detail }) => event === 'sign_in_failed' && detail === 'wrong_credentials',
  )
  took.sort((a, b) => a - b)
  const at = (share: number) => Math.round(took[Math.floor(took.length * share)] ?? 0)
  const shown = ({ refused, ...rest }: Newcomers) => ({ ...rest, refused: refused.length })
  console.log(
    JSON.stringify({
      ...{ accounts: ACCOUNTS, addresses: ADDRESSES, ...found, checked: checked.length },
      ...{ people: GROUPS * PEOPLE, admitted, sign_in_ms: { p50: at(0.5), p95: at(0.95) } },
      ...{ new_devices: { at_attacker: shown(atAttacker), beside_it: shown(besideIt), an_hour_later: shown(later) } },
    }),
  )
  expect(admitted).toEqual({ known: PEOPLE, beside: PEOPLE, new: PEOPLE })
  // Where the attacker is, policy promises new devices nothing while it goes on, and everything once it is forgotten.
  expect(later.refused).toEqual([])
  // The surge is seen after 100 failures; from then on an address may try a few accounts.
  expect(checked.length).toBeLessThan(100 + ADDRESSES * 6)
  expect(found.refused + found.crowded).toBeGreaterThan(found.tried / 2)
  expect(found.taken).toBeLessThanOrEqual(Math.ceil(checked.length / LEAKED) + ADDRESSES / 5)
  const signals = service.audits.filter(({ event }) => event === 'risk_signal').map(({ detail }) => detail)
  expect(signals).toContain('failure_surge')
}, 600_000)
