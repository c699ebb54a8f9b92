import { beforeEach, expect, test } from 'vitest'
import type { HttpRequest } from '../../http/message.ts'
import { noParams } from '../../http/params.ts'
import type { InteractionRecord } from '../../storage/interaction-records.ts'
import {
  findInteraction,
  type InteractionDeps,
  startInteraction,
  takeInteraction,
  updateInteraction,
} from './interaction.ts'

const kept = new Map<string, InteractionRecord>()
const interactions: InteractionDeps['store']['interactions'] = {
  put: async (_tenant, digest, record) => void kept.set(digest, record),
  find: async (_tenant, digest) => kept.get(digest),
  replace: async (_tenant, digest, record) => {
    if (!kept.has(digest)) return 'missing'
    kept.set(digest, record)
    return 'written'
  },
  take: async (_tenant, digest) => {
    const record = kept.get(digest)
    kept.delete(digest)
    return record
  },
  list: async () => [],
}
const deps = (issuer: string): InteractionDeps => ({ issuer, store: { interactions } })
const HTTP = deps('http://localhost:8080')

const request = (cookies: Record<string, string> = {}): HttpRequest => ({
  id: 'r',
  method: 'GET',
  path: '/',
  route: {},
  query: noParams,
  form: noParams,
  json: undefined,
  headers: {},
  cookies,
  origin: { address: '::1', time: { epoch_seconds: 0, minute_of_day: 0, weekday: 4 } },
  tenant: 'default',
})
const pending = { v: 1, clientId: 'c', redirectUri: 'https://c/', scopes: [], resources: [], createdAt: 100 } as const

const cookieOf = (setCookie: string): Record<string, string> => {
  const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(setCookie) ?? []
  return { [name]: value }
}

beforeEach(() => kept.clear())

test('neither the id nor the cookie lies in the store, only their digests', async () => {
  const { id, cookie } = await startInteraction(HTTP, request(), pending)
  const stored = JSON.stringify([...kept])
  expect(stored).not.toContain(id)
  expect(stored).not.toContain(Object.values(cookieOf(cookie))[0])
})

test('goes on in the browser that began it, and in no other (RFC 9700 4.7)', async () => {
  const { id, cookie } = await startInteraction(HTTP, request(), pending)
  expect(await findInteraction(HTTP, request(cookieOf(cookie)), id)).toMatchObject(pending)
  const stranger = cookieOf((await startInteraction(HTTP, request(), pending)).cookie)
  for (const cookies of [{}, stranger, { sallyport_browser: 'x' }])
    expect(await findInteraction(HTTP, request(cookies), id)).toBeUndefined()
})

test('another browser cannot end it', async () => {
  const { id, cookie } = await startInteraction(HTTP, request(), pending)
  expect(await takeInteraction(HTTP, request(), id)).toBeUndefined()
  expect(await takeInteraction(HTTP, request(cookieOf(cookie)), id)).toMatchObject(pending)
  expect(await takeInteraction(HTTP, request(cookieOf(cookie)), id)).toBeUndefined()
})

test('one that was taken is not brought back by what is written late', async () => {
  const { id, cookie } = await startInteraction(HTTP, request(), pending)
  const mine = request(cookieOf(cookie))
  const found = await findInteraction(HTTP, mine, id)
  if (found === undefined) throw new Error('none')
  expect(await updateInteraction(HTTP, mine, id, { ...found, state: 'changed' })).toBe(true)
  expect(await takeInteraction(HTTP, mine, id)).toMatchObject({ state: 'changed' })
  expect(await updateInteraction(HTTP, mine, id, found)).toBe(false)
  expect(await findInteraction(HTTP, mine, id)).toBeUndefined()
})

test('all tabs of one browser share its cookie', async () => {
  const first = await startInteraction(HTTP, request(), pending)
  const second = await startInteraction(HTTP, request(cookieOf(first.cookie)), pending)
  expect(cookieOf(second.cookie)).toEqual(cookieOf(first.cookie))
  expect(await findInteraction(HTTP, request(cookieOf(second.cookie)), first.id)).toBeDefined()
})

test('the cookie is HttpOnly and Lax, and where the issuer is https Secure and __Host- (RFC 6265bis 4.1.3)', async () => {
  const plain = (await startInteraction(HTTP, request(), pending)).cookie
  const secure = (await startInteraction(deps('https://id.example'), request(), pending)).cookie
  expect(plain).toMatch(/^sallyport_browser=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/)
  expect(secure).toMatch(/^__Host-sallyport_browser=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
})

test('a cookie that is no secret of ours is replaced, never bound to (session fixation)', async () => {
  const { cookie } = await startInteraction(HTTP, request({ sallyport_browser: 'chosen' }), pending)
  expect(Object.values(cookieOf(cookie))[0]).toMatch(/^[A-Za-z0-9_-]{43}$/)
})

test('what was typed for a name, which may be a password, lies in the store sealed under the id', async () => {
  const { id, cookie } = await startInteraction(HTTP, request(), pending)
  const mine = request(cookieOf(cookie))
  const found = await findInteraction(HTTP, mine, id)
  if (found === undefined) throw new Error('none')
  const progress = { userName: 'hunter2', factors: [], next: 'password' }
  expect(await updateInteraction(HTTP, mine, id, { ...found, progress })).toBe(true)
  expect(JSON.stringify([...kept])).not.toContain('hunter2')
  expect((await findInteraction(HTTP, mine, id))?.progress).toEqual(progress)
  // Of another interaction it does not open.
  const other = await startInteraction(HTTP, mine, pending)
  const [sealed, begun] = [...kept.values()]
  const [, digest = ''] = [...kept.keys()]
  if (sealed?.sealed === undefined || begun === undefined) throw new Error('none')
  kept.set(digest, { ...begun, sealed: sealed.sealed })
  expect((await findInteraction(HTTP, mine, other.id))?.progress).toBeUndefined()
  expect((await takeInteraction(HTTP, mine, id))?.progress).toEqual(progress)
})

test('of a page of ours the store has the path alone: what its query opens lies sealed under the id', async () => {
  const page = '/device/confirm?user_code=WDJB-MJHT'
  const { id, cookie } = await startInteraction(HTTP, request(), { ...pending, page, onlySub: 'ada' })
  const mine = request(cookieOf(cookie))
  expect([...kept.values()]).toMatchObject([{ page: '/device/confirm', onlySub: 'ada' }])
  expect(JSON.stringify([...kept])).not.toContain('WDJB')
  const found = await findInteraction(HTTP, mine, id)
  expect(found).toMatchObject({ page, onlySub: 'ada' })
  if (found === undefined) throw new Error('none')
  expect(await updateInteraction(HTTP, mine, id, { ...found, askSignIn: true })).toBe(true)
  expect(JSON.stringify([...kept])).not.toContain('WDJB')
  expect(await takeInteraction(HTTP, mine, id)).toMatchObject({ page, askSignIn: true })
})

test('whom a client names, by an address or by a claim, lies in the store sealed under the id, from the beginning', async () => {
  const named = { loginHint: 'ada@example.com', claims: { userinfo: { email: { values: ['ada@example.org'] } } } }
  const { id, cookie } = await startInteraction(HTTP, request(), { ...pending, ...named })
  const mine = request(cookieOf(cookie))
  expect(JSON.stringify([...kept])).not.toMatch(/ada@/)
  const found = await findInteraction(HTTP, mine, id)
  expect(found).toMatchObject({ ...pending, ...named })
  expect(found).not.toHaveProperty('sealed')
  expect(found).not.toHaveProperty('progress')
  expect(await takeInteraction(HTTP, mine, id)).toEqual(found)
})
