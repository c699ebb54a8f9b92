/** Ids that begin with a dash, as one of 64 does, given to the real command in a process of its own. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addClient } from '../../../test/flows/signed-in.ts'
import { newAddress, TENANT, userRecord } from '../../../test/servers/population.ts'
import { epochSeconds, systemClock } from '../../kernel/clock.ts'
import { randomId } from '../../kernel/ids.ts'
import { aSession } from '../../storage/conformance/sessions.ts'
import { aCode, aGrant } from '../../storage/conformance/subject.ts'
import { type AdminDesk, openAdminDesk } from './access-fixture.ts'

const MAIN = join(import.meta.dirname, '../../main.ts')
/** As the generator makes them, but for the beginning. */
const dashed = (begins: string) => `${begins}${randomId()}`.slice(0, 22)
/** The worst: what ends all flags, a letter that is a flag, the name of one. */
const BEGINNINGS = ['-', '--', '-h', '--yes', '---']

let desk: AdminDesk
beforeAll(async () => {
  desk = await openAdminDesk()
})
afterAll(() => desk?.close())

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

const sallyport = (...words: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const env = { PATH: process.env.PATH }
    const options = { cwd: desk.folder, env, timeout: 60_000 }
    execFile(process.execPath, [MAIN, ...words], options, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err }),
    )
  })
const access = () => ['--url', desk.service.issuer, '--credentials', join(desk.folder, 'admin.json')]

/** Somebody of that sub, with a session of that sid and a grant to that client. */
async function begin(begins: string) {
  const { store } = desk.service
  const now = epochSeconds(systemClock)
  const [sub, sid, clientId] = [dashed(begins), dashed(begins), dashed(begins)]
  await store.users.create(TENANT, userRecord(newAddress(), { sub }))
  await store.sessions.put(TENANT, randomId(32), aSession(now, { sid, sub, expiresAt: now + 600 }))
  await addClient(store, clientId)
  await store.codes.issue(TENANT, aGrant(now, { sub, sid, clientId }), randomId(32), aCode(now))
  return { sub, sid, clientId }
}

const live = async (sub: string) => (await desk.service.store.sessions.list(TENANT, { sub }, 0, 10)).total

test.each(BEGINNINGS)('commands take ids that begin with %j, as operand and as value', async (begins) => {
  const { store } = desk.service
  const { sub, sid, clientId } = await begin(begins)
  const [exported, listed, granted] = await Promise.all([
    sallyport('user', 'export', sub, ...access()),
    sallyport('sessions', 'list', '--user', sub, ...access()),
    sallyport('grants', 'list', '--client', clientId, ...access()),
  ])
  expect([exported.err, JSON.parse(exported.out).account.sub]).toEqual(['', sub])
  expect([listed.err, listed.out.includes(sid)]).toEqual(['', true])
  expect([granted.err, granted.code]).toEqual(['', 0])

  const ended = await sallyport('sessions', 'end', sid, ...access())
  expect([ended.err, ended.out, await live(sub)]).toEqual(['', `ended ${sid}\n`, 0])
  const revoked = await sallyport('grants', 'revoke', '--client', clientId, ...access())
  expect([revoked.err, revoked.out]).toEqual(['', `revoked all of ${clientId}\n`])
  expect((await store.clients.find(TENANT, clientId))?.revocationEpoch).toBe(8)
  const erased = await sallyport('user', 'erase', '--yes', ...access(), '--', sub)
  expect([erased.err, erased.out]).toEqual(['', 'Erased. Sessions ended: 0.\n'])
  expect(await store.users.find(TENANT, sub)).toBeUndefined()
})

test.each([
  [
    ['user', 'export', '-short'],
    /'-s'; put -- before a word that begins with a dash\nsallyport: see: sallyport user export --help\n$/,
  ],
  [['user', 'erase', '--yess', 'someone'], /'--yess'; put -- before a word that begins with a dash/],
  [['audit', 'verify', '-log'], /'-l'; put -- before a word that begins with a dash/],
  [['sessions', 'list', '--user', '--limit', '5'], /'--user' argument is ambiguous/],
  [['sessions', 'list', '--user'], /'--user <value>' argument missing/],
  [['sessions', 'list', dashed('-x')], /Unknown option '-x'\n/],
])('%j is wrong usage, and says how the word is given', async (words, message) => {
  const { code, out, err } = await sallyport(...words)
  expect([code, out]).toEqual([2, ''])
  expect(err).toMatch(message)
})
