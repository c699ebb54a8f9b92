/** Against the auth service with its real parts. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { signIn, silently } from '../../../test/flows/signed-in.ts'
import type { TestService } from '../../../test/servers/auth-service.ts'
import { Browser } from '../../../test/servers/browser.ts'
import { TENANT, type TestClient } from '../../../test/servers/population.ts'
import { clientToken } from '../../../test/servers/provision.ts'
import type { UserRecord } from '../../storage/records.ts'
import { runCommandLine } from '../command-line.ts'
import { type AdminDesk, openAdminDesk } from './access-fixture.ts'

let desk: AdminDesk
let service: TestService
let shop: TestClient
let browser: Browser
let said: string[]
let told: string[]

beforeAll(async () => {
  desk = await openAdminDesk()
  ;({ service, shop, said, told } = desk)
})
afterAll(() => desk?.close())
beforeEach(async () => {
  desk.listen()
  browser = new Browser(service.issuer)
  await signIn(service, browser, shop, 'openid offline_access')
})

const run = (...words: string[]) => desk.run(...words)
const person = () => service.population.user.sub
const first = (pattern: RegExp): string => pattern.exec(said.join('\n'))?.[1] ?? ''

test('sessions list shows who is signed in, and sessions end signs them out', async () => {
  expect(await run('sessions', 'list', '--user', person())).toBe(0)
  expect(said.join('\n')).toMatch(/^SESSION +USER +SIGNED IN +LAST SEEN +ENDS +BROWSER +BOUND +ACR +STATE\n\S{22} {2}/)
  const sid = first(/\n(\S{22}) /)
  expect(await run('sessions', 'end', sid)).toBe(0)
  expect(said.at(-1)).toBe(`ended ${sid}`)
  expect(await silently(service, browser, shop)).toBe('login_required')
  expect(await run('sessions', 'end', sid)).toBe(1)
  expect(told.join()).toContain('There is no session of this sid.')
})

test('sessions end --user ends all that hangs on a person', async () => {
  await signIn(service, new Browser(service.issuer), shop)
  expect(await run('sessions', 'end', '--user', person())).toBe(0)
  expect(said.at(-1)).toMatch(new RegExp(`^revoked all of ${person()}, [2-9] sessions ended$`))
  expect(await run('sessions', 'list', '--user', person())).toBe(0)
  expect(said.at(-1)).toBe('No sessions.')
})

test('grants list shows them in pages, as a table or JSON, and grants revoke ends them', async () => {
  await signIn(service, browser, shop)
  expect(await run('grants', 'list', '--client', shop.id, '--limit', '1')).toBe(0)
  expect(said.join('\n')).toMatch(/^GRANT +CLIENT +USER +SESSION +GIVEN +ENDS +STATE +SCOPES\n/)
  expect(said.at(-1)).toMatch(/^\n1 to 1 of \d+; more by --offset 1$/)
  expect(await run('grants', 'list', '--client', shop.id, '--limit', '0')).toBe(0)
  expect(said.at(-1)).toMatch(/^0 of \d+$/)
  const grantId = first(/\n([0-9a-f]{11}\S{22}) /)
  desk.listen()
  expect(await run('grants', 'revoke', grantId)).toBe(0)
  expect(await run('grants', 'list', '--user', person(), '--json')).toBe(0)
  const { grants } = JSON.parse(said.at(-1) ?? '')
  expect(grants).toContainEqual(expect.objectContaining({ grant_id: grantId, live: false }))
  expect(await run('grants', 'revoke', '--client', shop.id)).toBe(0)
  expect(said.at(-1)).toBe(`revoked all of ${shop.id}`)
})

test.each(['sessions', 'grants'])('%s list tells a person without any from one that there is not', async (what) => {
  const { userName } = service.population.user
  expect(await run(what, 'list', '--user', userName)).toBe(1)
  expect(told.join()).toContain(`no user of the sub ${userName}; the user of this name has the sub ${person()}`)
  expect(await run(what, 'list', '--user', 'a "b" \\')).toBe(1)
  expect(told.join()).toMatch(/no user of the sub a "b" .*filter=userName eq/)
  expect(said).toEqual([])
  const idle = { ...(await service.store.users.find(TENANT, person())), sub: `idle-${what}`, userName: `idle-${what}` }
  await service.store.users.create(TENANT, idle as UserRecord)
  expect(await run(what, 'list', '--user', idle.sub)).toBe(0)
  expect(said).toEqual([`No ${what}.`])
})

test('who may not ask SCIM is told how a sub is found', async () => {
  const file = join(desk.folder, 'token')
  writeFileSync(file, await clientToken(service.issuer, service.population.admin, 'admin'))
  const words = ['sessions', 'list', '--user', 'demo', '--url', service.issuer, '--token-file', file]
  expect(await runCommandLine(words)).toBe(0)
  expect(said).toEqual(['No sessions.'])
  expect(told.join()).toMatch(/cannot be told\. SUB is the id .*scope scim/)
})

test.each([
  ['grants list', /one of --user, --client and --session/],
  ['grants list --user a --client b', /one of --user, --client and --session/],
  ['grants revoke', /takes IDs/],
  ['grants revoke x --user a', /takes IDs/],
  ['sessions end', /takes SIDs/],
  ['sessions end x --user a', /takes SIDs/],
  ['sessions list --limit many', /--limit takes a whole number/],
  ['sessions list --user=', /--user must not be empty/],
  ['sessions end --user=', /--user must not be empty/],
  ['grants list --client=', /--client must not be empty/],
  ['grants revoke --client=', /--client must not be empty/],
])('%s is wrong usage', async (words, message) => {
  expect(await run(...words.split(' '))).toBe(2)
  expect(told.join()).toMatch(message)
})
