/** A link to a new password that does nothing says so when it is opened, not after a password was typed. OWASP ASVS 6.4.3. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { TENANT, userRecord } from '../servers/population.ts'
import { linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'

const ADDRESS = 'linked@example.com'
let smtp: SmtpServer
let service: TestService

beforeAll(async () => {
  smtp = await startSmtpServer()
  service = await startAuthService({ service: { mail: mailThrough(smtp) } })
  const profile = { emails: [{ value: ADDRESS, primary: true }], emailVerified: true }
  // Whoever has no password is sent no link to a new one.
  const passwordHash = '$argon2id$of some password'
  expect(await service.store.users.create(TENANT, userRecord(ADDRESS, { profile, passwordHash }))).toBe('written')
})
afterAll(async () => {
  await service?.close()
  await smtp?.close()
})

const open = (address: string) => new Browser(service.issuer).visit(address)

test('one that is invented, cut off or missing, two at once and one that is too old show no form; nothing spends the one that was sent', async () => {
  const browser = new Browser(service.issuer)
  await browser.submit(await browser.visit(`${service.issuer}/password/forgot`), { username: ADDRESS })
  const link = linkIn(await smtp.next(ADDRESS, '/password/reset'), '/password/reset')
  const { search } = new URL(link)
  const isDead = async (address: string) => {
    const page = await open(address)
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('This link works no more')])
    expect(page.text).toContain('href="/password/forgot"')
    expect(page.text).not.toContain('<form')
  }
  for (const dead of [`?link=${'A'.repeat(43)}`, search.slice(0, -1), '']) await isDead(link.replace(search, dead))
  const twice = await open(`${link}&${search.slice(1)}`)
  expect([twice.status, twice.text.includes('<form')]).toEqual([400, false])

  expect((await open(link)).text).toContain('<form')
  service.advance(20 * 60)
  await isDead(link)
})
