/** The link that stops a change of address: when it is spent, and what its person is told then. OWASP ASVS 6.3.7; checklist 42 and 45. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { StoreUnavailable } from '../../src/kernel/errors.ts'
import type { UserRecord } from '../../src/storage/records.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { newAddress, TENANT } from '../servers/population.ts'
import { bodyOf, linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { enter, newPerson, send } from './at-account.ts'

let smtp: SmtpServer
let service: TestService
beforeAll(async () => {
  smtp = await startSmtpServer()
  service = await startAuthService({ service: { mail: mailThrough(smtp) } })
})
afterAll(async () => {
  await service?.close()
  await smtp?.close()
})

/** Somebody in an account gave it another address, which was confirmed. */
async function takenOver() {
  const address = newAddress()
  const thiefs = `thief-${address}`
  const profile = { emails: [{ value: address, primary: true }], emailVerified: true }
  const person = await newPerson(service, { userName: address, profile })
  const { browser, page } = await enter(service, person, '/account/email')
  await send(browser, page, /email$/, { purpose: 'change', email: thiefs })
  const stop = linkIn(await smtp.next(address, '/email/stop'), '/email/stop')
  await press(linkIn(await smtp.next(thiefs, '/email/verify'), '/email/verify'))
  const stored = () => service.store.users.find(TENANT, person.sub)
  expect((await stored())?.profile.emails).toEqual([{ value: thiefs, primary: true }])
  return { person, profile, address, thiefs, stop, stored }
}

async function press(link: string, browser = new Browser(service.issuer)) {
  const page = await send(browser, await browser.visit(link), /./, {})
  return { page, status: page.status, path: new URL(page.url).pathname }
}

test('is lost by no death in the middle: half a minute later it can be pressed again, and all is done', async () => {
  const { profile, stop, stored } = await takenOver()
  const { devices, oneUse, limits } = service.store
  const gone = new StoreUnavailable('the process is dead')
  const hit = limits.hit.bind(limits)
  // Nothing is done any more once the account was written: neither what comes next nor what would tidy up.
  const death = [
    vi.spyOn(devices, 'list').mockRejectedValue(gone),
    vi.spyOn(oneUse, 'put').mockRejectedValue(gone),
    vi
      .spyOn(limits, 'hit')
      .mockImplementation(async (tenant, key, seconds, hits) =>
        hits === -1 ? Promise.reject(gone) : hit(tenant, key, seconds, hits),
      ),
  ]
  expect((await press(stop)).status).toBe(503)
  for (const spy of death) spy.mockRestore()
  expect((await stored())?.profile).toEqual(profile)
  expect((await press(stop)).status).toBe(503)
  service.advance(30)
  expect(await press(stop)).toMatchObject({ status: 200, path: '/password/reset' })
  expect((await stored())?.profile).toEqual(profile)
  expect((await press(stop)).status).toBe(400)
})

test('the person is told which ways in ended; whoever had the account is not', async () => {
  const { person, address, thiefs, stop } = await takenOver()
  const { factors, identities } = service.store
  const { createdAt = 0 } = (await service.store.oneUse.list(TENANT, person.sub))[0] ?? {}
  await factors.totp.add(TENANT, person.sub, { v: 1, sealed: 'of a thief', createdAt: createdAt + 1 })
  const [key, issuer] = [`of ${person.sub}`, 'https://accounts.google.com']
  const at = { subject: key, linkedAt: createdAt + 1 }
  await identities.link(TENANT, { v: 1, key, sub: person.sub, provider: 'google', issuer, ...at })
  expect((await press(stop)).status).toBe(200)
  const told = bodyOf((await smtp.next(address, 'stopped its change')).message).replaceAll('\r\n', ' ')
  expect(told).toContain('were removed: authenticator app and google.')
  expect(bodyOf((await smtp.next(thiefs, 'stopped its change')).message)).not.toContain('were removed')
})

test("in somebody else's browser it ends nothing of theirs; once its person has signed in there, theirs ends and audit says so", async () => {
  const { person, stop, stored } = await takenOver()
  const other = await newPerson(service)
  const { browser } = await enter(service, other, '/account')
  const ended = () => service.audits.filter(({ event, sub }) => event === 'session_ended' && sub === other.sub)
  const change = async (parts: Partial<UserRecord>) => {
    const { passwordHash, ...record } = (await stored()) ?? expect.fail('gone')
    const version = record.version
    expect(await service.store.users.replace(TENANT, { ...record, ...parts, version: version + 1 }, version)).toBe(
      'written',
    )
    return passwordHash
  }
  const passwordHash = await change({})
  const { page, path } = await press(stop, browser)
  expect([path, ended()]).toEqual(['/login', []])
  expect(new URL((await browser.visit(`${service.issuer}/account`)).url).pathname).toBe('/account')

  await change(passwordHash === undefined ? {} : { passwordHash })
  const { userName: username, password } = person
  const entered = await browser.submit(page, { username, password })
  expect(new URL(entered.url).pathname).toBe('/account/password')
  expect(ended()).toHaveLength(1)
})

test('in the own browser of its person no cookie is left that opens nothing', async () => {
  const { person, stop } = await takenOver()
  const { browser } = await enter(service, person, '/account')
  expect(browser.cookies.has('sallyport_session')).toBe(true)
  expect((await press(stop, browser)).path).toBe('/password/reset')
  expect(browser.cookies.has('sallyport_session')).toBe(false)
})

test('no reset brings back a password that was ended by “this wasn’t me”; one that was merely forgotten it may', async () => {
  const reset = async (userName: string, passwords: readonly string[]) => {
    const browser = new Browser(service.issuer)
    const forgot = await browser.visit(`${service.issuer}/password/forgot`)
    await browser.submit(forgot, { username: userName })
    const form = await browser.visit(linkIn(await smtp.next(userName, '/password/reset'), '/password/reset'))
    const answers = []
    for (const password of passwords) answers.push(await browser.submit(form, { new_password: password }))
    return answers
  }
  const someone = () => {
    const userName = newAddress()
    return newPerson(service, {
      userName,
      profile: { emails: [{ value: userName, primary: true }], emailVerified: true },
    })
  }
  const [person, forgetful] = [await someone(), await someone()]
  const { browser, page } = await enter(service, person, '/account/activity')
  await send(browser, page, /report$/)
  const [ended, another] = await reset(person.userName, [person.password, 'several words of mine'])
  expect([ended?.status, ended?.text]).toEqual([400, expect.stringContaining('somebody else may know it')])
  expect([another?.status, another?.text]).toEqual([200, expect.stringContaining('Your password was changed')])

  const [again] = await reset(forgetful.userName, [forgetful.password])
  expect(again?.status).toBe(200)
})
