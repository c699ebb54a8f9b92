/**
 * An attacker who never stops, from ever new networks: the account's owner, who has nothing but their password and mailbox, on a new
 * device in a new network, gets in by a link all the same. Checklist 38 and 39; docs/threats.md.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPasswordHasher, hashGate } from '../../src/auth/user/password/hasher.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { TENANT, userRecord } from '../servers/population.ts'
import { linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { BEHIND_PROXY, isSignedIn, type Visitor, visitor } from './attackers.ts'

const OWNER = 'owner@example.com'
const [OLD, NEW] = ['correct horse battery', 'several words of mine']
const passwords = createPasswordHasher(hashGate(), { memoryKib: 1024, passes: 1, parallelism: 1 })

let smtp: SmtpServer
let service: TestService
beforeAll(async () => {
  smtp = await startSmtpServer()
  service = await startAuthService({ service: { ...BEHIND_PROXY, passwords, mail: mailThrough(smtp) } })
  const owner = userRecord(OWNER, {
    passwordHash: await passwords.hash(OLD),
    profile: { emails: [{ value: OWNER, primary: true }], emailVerified: true },
  })
  expect(await service.store.users.create(TENANT, owner)).toBe('written')
})
afterAll(async () => {
  await service?.close()
  await smtp?.close()
})

let networks = 0
const newNetwork = () => {
  networks += 1
  return `100.${64 + Math.floor(networks / 250)}.${networks % 250}.7`
}

/** Guesses a password on, each nine times from a network of its own: none waits for itself. */
function attack(): () => Promise<number> {
  let used = 9
  let guesser: Visitor
  let page: Awaited<ReturnType<Visitor['open']>>
  return async () => {
    if (used === 9) {
      guesser = await visitor(service, newNetwork())
      page = await guesser.open()
      used = 0
    }
    used += 1
    return (await guesser.signIn(OWNER, `wrong ${used}`, page)).status
  }
}

async function askForLetter({ browser }: Pick<Visitor, 'browser'>, username = OWNER): Promise<number> {
  const page = await browser.visit(`${service.issuer}/password/forgot`)
  return (await browser.submit(page, { username })).status
}

async function strangerAsks(address = newNetwork(), username = OWNER): Promise<number> {
  const browser = new Browser(service.issuer)
  browser.headers['x-forwarded-for'] = address
  return askForLetter({ browser }, username)
}

test('while guesses and letters that strangers ask for go on without end, a link lets the owner in, and asking brings no flood (checklist 38, 39)', {
  timeout: 180_000,
}, async () => {
  const guess = attack()
  const aMinute = async () => {
    for (let time = 0; time < 6; time++) {
      service.advance(10)
      await guess()
    }
  }
  for (let first = 0; first < 31; first++) await guess()
  const asked: number[] = []
  for (let stranger = 0; stranger < 25; stranger++) asked.push(await strangerAsks())
  expect(asked).toEqual([...Array(20).fill(200), ...Array(5).fill(429)])
  for (let letter = 0; letter < 20; letter++) await smtp.next(OWNER, '/password/reset')

  const owner = await visitor(service, '203.0.113.9')
  await aMinute()
  expect([(await owner.signIn(OWNER, OLD)).status, isSignedIn(owner)]).toEqual([429, false])
  expect(await askForLetter(owner)).toBe(429)

  const full = '198.51.100.1'
  for (let stranger = 0; stranger < 30; stranger++) await strangerAsks(full, `nobody-${stranger}`)
  // The attacker takes each turn: what they ask for reaches the owner. Once in a quarter of an hour, whoever asks.
  const links: string[] = []
  for (let minute = 0; minute < 31; minute++) {
    await aMinute()
    expect(await strangerAsks(full)).toBe(429)
    if ((await strangerAsks()) === 200) links.push(linkIn(await smtp.next(OWNER, '/password/reset'), '/password/reset'))
  }
  expect(links).toHaveLength(2)

  const done = await owner.browser.submit(await owner.browser.visit(links[1] ?? ''), { new_password: NEW })
  expect(done.status).toBe(200)
  expect(isSignedIn(owner)).toBe(false)
  await guess()
  await owner.signIn(OWNER, NEW)
  expect(isSignedIn(owner)).toBe(true)

  // Another new device in a network that nobody signed in from still waits.
  const other = await visitor(service, '192.0.2.77')
  expect([(await other.signIn(OWNER, NEW)).status, isSignedIn(other)]).toEqual([429, false])
})
