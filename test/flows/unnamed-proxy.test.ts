/**
 * A service that was told of no proxy, and one that people reach over this machine: everybody may come from one address. What one
 * attacker does there is counted against accounts and persons, and stops nobody else. Checklist 20 and 38.
 */
import { afterEach, expect, test } from 'vitest'
import { createPasswordHasher, hashGate } from '../../src/auth/user/password/hasher.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { BEHIND_PROXY, isSignedIn, visitor } from './attackers.ts'
import { post } from './requests.ts'

let service: TestService
afterEach(() => service?.close())

const CHEAP = { memoryKib: 1024, passes: 1, parallelism: 1 }
/** Of a service that believes no proxy this is no address; one that does reads it. */
const SHARED = 'unknown'

test.each([
  ['without a named proxy', {}],
  ['over loopback, past the proxy that is named', BEHIND_PROXY],
])('an attacker stops nobody else %s', async (_where, settings) => {
  const passwords = createPasswordHasher(hashGate(), CHEAP)
  service = await startAuthService({ service: { ...settings, passwords } })
  const { user, web } = service.population

  const attacker = await visitor(service, SHARED)
  const page = await attacker.open()
  const guesses = new Set<number>()
  for (let account = 0; account < 60; account++)
    guesses.add((await attacker.signIn(`nobody-${account}@example.com`, 'wrong', page)).status)
  expect(guesses).toEqual(new Set([401]))
  await service.service.threats.settled()
  expect(service.audits.filter(({ detail }) => detail?.startsWith('credential_stuffing'))).toEqual([])

  const owner = await visitor(service, SHARED)
  await owner.signIn(user.userName, user.password)
  expect(isSignedIn(owner)).toBe(true)

  // Nor does a throttle that was set by another node, or while the service was told otherwise.
  await service.service.threats.throttles.set('default', { kind: 'address', address: '127.0.0.1' }, 600, 0)
  const answer = await post(service, '/oauth/token', web, { grant_type: 'client_credentials' })
  expect(answer.status).toBe(200)

  const letters = new Set<number>()
  for (let account = 0; account < 32; account++) {
    const browser = new Browser(service.issuer)
    const form = await browser.visit(`${service.issuer}/password/forgot`)
    letters.add((await browser.submit(form, { username: `nobody-${account}@example.com` })).status)
  }
  expect(letters).toEqual(new Set([200]))
})

test('guesses at one account are counted there as elsewhere (checklist 38)', async () => {
  service = await startAuthService({ service: { passwords: createPasswordHasher(hashGate(), CHEAP) } })
  const attacker = await visitor(service, SHARED)
  const page = await attacker.open()
  const guesses: number[] = []
  for (let guess = 0; guess < 12; guess++)
    guesses.push((await attacker.signIn(service.population.user.userName, `wrong ${guess}`, page)).status)
  expect(guesses).toEqual([...Array(10).fill(401), 429, 429])
})
