/** `sallyport user export|erase`, against the auth service with its real parts. docs/privacy.md. */
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { signIn } from '../../../test/flows/signed-in.ts'
import { createPersonWithoutFactors } from '../../../test/flows/use-factors.ts'
import type { TestService } from '../../../test/servers/auth-service.ts'
import { Browser } from '../../../test/servers/browser.ts'
import { TENANT, type TestClient } from '../../../test/servers/population.ts'
import { type AdminDesk, openAdminDesk } from './access-fixture.ts'
import { HOW_TO_FIND } from './how-to-find.ts'

let desk: AdminDesk
let service: TestService
let shop: TestClient
let sub: string
let userName: string
let said: string[]
let told: string[]

beforeAll(async () => {
  desk = await openAdminDesk()
  ;({ service, shop, said, told } = desk)
})
afterAll(() => desk?.close())

/** Somebody who is signed in, and what is said from then on. */
beforeEach(async () => {
  const person = await createPersonWithoutFactors(service)
  userName = person.userName
  sub = (await service.store.users.findByUserName(TENANT, userName))?.sub ?? ''
  const population = { ...service.population, user: { ...person, sub } }
  await signIn({ ...service, population }, new Browser(service.issuer), shop)
  desk.listen()
})
afterEach(() => {
  vi.restoreAllMocks()
})

const run = (...words: string[]) => desk.run('user', ...words)
const isThere = async () => (await service.store.users.find(TENANT, sub)) !== undefined

/** Whoever sits at the terminal types this when asked; what they were asked. */
function sitAtTerminal(typed: string): () => string {
  let asked = ''
  const keyboard = Object.assign(new PassThrough(), { isTTY: true })
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(keyboard as unknown as typeof process.stdin)
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    asked += String(text)
    if (asked.endsWith('): ')) keyboard.write(`${typed}\n`)
    return true
  })
  return () => asked
}

const nobodyAtTerminal = () =>
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(new PassThrough() as unknown as typeof process.stdin)

test('user export prints all that is kept of a person, as JSON, and no secret (GDPR article 15)', async () => {
  expect(await run('export', sub)).toBe(0)
  const data = JSON.parse(said.join('\n'))
  expect(data).toMatchObject({
    account: { sub },
    sessions: [expect.objectContaining({ acr: 'urn:sallyport:acr:password' })],
    grants: [expect.objectContaining({ client_id: shop.id })],
  })
  const stored = await service.store.users.find(TENANT, sub)
  expect(said.join('\n')).not.toContain(stored?.passwordHash)
  expect(told).toEqual([])
  expect(await isThere()).toBe(true)
})

test('user erase --yes erases without a question, says what ended, and leaves nobody (GDPR article 17)', async () => {
  nobodyAtTerminal()
  expect(await run('erase', sub, '--yes')).toBe(0)
  expect(said).toEqual(['Erased. Sessions ended: 1.'])
  expect(await isThere()).toBe(false)
  const { records } = await service.store.sessions.list(TENANT, { sub }, 0, 10)
  expect(records).toEqual([])
  for (const words of [
    ['export', sub],
    ['erase', sub, '--yes'],
  ])
    expect(await run(...words)).toBe(1)
  expect(told).toEqual([
    expect.stringMatching(/nobody has the sub or user name/),
    expect.stringMatching(/nobody has the sub or user name/),
  ])
})

test('a person is also named by their user name, and whoever finds nobody is told how to', async () => {
  expect(await run('export', userName)).toBe(0)
  expect(JSON.parse(said.join('\n'))).toMatchObject({ account: { sub } })
  const asked = sitAtTerminal(userName)
  expect(await run('erase', userName)).toBe(0)
  expect(asked()).toContain(`type it again (${userName}): `)
  expect([told, await isThere()]).toEqual([[], false])
  expect(await run('export', userName)).toBe(1)
  expect(told.join()).toBe(`sallyport: nobody has the sub or user name ${userName}. ${HOW_TO_FIND}`)
})

test('user erase --json answers as the API does', async () => {
  expect(await run('erase', sub, '--yes', '--json')).toBe(0)
  expect(JSON.parse(said.join('\n'))).toEqual({ sub, sessions_ended: 1, files: 'expunged' })
  expect(await isThere()).toBe(false)
})

test('user erase says where the file of the store is still read', async () => {
  vi.spyOn(service.store, 'expunge').mockResolvedValue('blocked')
  expect(await run('erase', sub, '--yes')).toBe(0)
  expect(said).toEqual(['Erased. Sessions ended: 1.'])
  expect(told.join()).toMatch(/^sallyport: another process reads the file of the store/)
})

test('user erase without a terminal wants --yes, and erases nobody', async () => {
  nobodyAtTerminal()
  expect(await run('erase', sub)).toBe(2)
  expect(told.join()).toContain('nobody is there to be asked: give --yes')
  expect([said, await isThere()]).toEqual([[], true])
})

test('user erase asks for the name once more, and erases where it is the same', async () => {
  const asked = sitAtTerminal(sub)
  expect(await run('erase', sub)).toBe(0)
  expect(asked()).toContain(`This cannot be undone. To erase this person, type it again (${sub}): `)
  expect(said).toEqual(['Erased. Sessions ended: 1.'])
  expect(await isThere()).toBe(false)
})

test.each(['', 'y', 'yes', 'another'])('user erase erases nobody where %j is typed', async (typed) => {
  sitAtTerminal(typed)
  expect(await run('erase', sub)).toBe(1)
  expect(told.join()).toContain('that is another: nothing was erased')
  expect([said, await isThere()]).toEqual([[], true])
})

test('what is no sub reaches no other address of the API', async () => {
  for (const wrong of ['nobody', '../clients', `./${sub}/export`]) expect(await run('erase', wrong, '--yes')).toBe(1)
  expect(told.every((line) => /nobody has the sub or user name/.test(line))).toBe(true)
  expect(await isThere()).toBe(true)
})

test.each([['export'], ['erase --yes'], ['export a b'], ['erase --yes a b']])(
  'user %s is wrong usage, and says how a person is named',
  async (words) => {
    expect(await run(...words.split(' '))).toBe(2)
    expect(told.join()).toMatch(/name one person by their sub or user name/)
  },
)
