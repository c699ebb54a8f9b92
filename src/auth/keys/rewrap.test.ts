/** Another envelope key, over many clients on real stores: what is reported as moved has moved, whatever goes on meanwhile. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { kekIdOf, openEnvelope } from '../../kernel/envelope.ts'
import { randomId } from '../../kernel/ids.ts'
import { aClient, aUser, ManualClock } from '../../storage/conformance/subject.ts'
import type { Store } from '../../storage/port.ts'
import { openRedisStore } from '../../storage/redis/open.ts'
import { openSqliteStore } from '../../storage/sqlite/open.ts'
import { sealSecret } from '../client/sealed-secret.ts'
import { openStreamSecret, sealStreamSecret } from '../client/stream-secret.ts'
import { CHECK_RECORD } from '../token/root-secret.ts'
import { sealTotpSecret, withTotpSecret } from '../user/totp-secret.ts'
import { firstKeys } from './keeper.ts'
import { rewrap } from './rewrap.ts'
import { DEFAULT_KEY_RULES } from './rules.ts'

const TENANT = 'default'
const MANY = 250
const clock = new ManualClock()
const folder = mkdtempSync(join(tmpdir(), 'sallyport-rewrap-'))
let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(async () => {
  await redis.stop()
  rmSync(folder, { recursive: true })
})

const heardByAll = async () => {}

describe.each([
  ['SQLite', () => openSqliteStore({ path: join(folder, `${randomId()}.db`), clock })],
  ['Redis', () => openRedisStore({ nodes: [redis.node], ...redis.credentials, clock, keyPrefix: `${randomId(6)}:` })],
] as const)('%s', (_name, open) => {
  async function instance() {
    const [before, after] = [randomBytes(32), randomBytes(32)]
    const old = openEnvelope(before)
    const store = await open()
    const signingKeys = await firstKeys(old, DEFAULT_KEY_RULES, clock.seconds())
    await store.platform.initialise({ checkRecord: old.seal(CHECK_RECORD, randomBytes(32)), signingKeys })
    const node = () => {
      const both = openEnvelope(after, before)
      both.sealUnder(old.kekId)
      return both
    }
    const put = (clientId: string, envelope = old, expiresAt?: number) =>
      store.clients.create(TENANT, {
        ...aClient(clock.seconds(), { clientId }),
        sealedSecrets: [sealSecret(envelope, TENANT, clientId, clientId)],
        ...(expiresAt !== undefined && { expiresAt }),
      })
    const kekOf = async (clientId: string) =>
      (await store.clients.find(TENANT, clientId))?.sealedSecrets?.map((sealed) => kekIdOf(sealed))
    const checkedBy = async () => kekIdOf((await store.platform.checkRecord()) ?? '')
    return { store, node, put, kekOf, checkedBy }
  }

  test('moves the secrets of all clients where some have ended, over several pages', async () => {
    const { store, node, put, kekOf } = await instance()
    const ends = clock.seconds() + 60
    await put('never-used', undefined, ends)
    for (let index = 0; index < MANY; index++) await put(`c${index}`)
    clock.advance(120)
    const envelope = node()
    expect((await rewrap({ store, envelope, heardByAll }, TENANT)).clients).toBe(MANY)
    for (let index = 0; index < MANY; index++) expect(await kekOf(`c${index}`)).toEqual([envelope.kekId])
    await store.close()
  })

  test('misses none where clients are deleted between two pages', async () => {
    const { store, node, put, kekOf } = await instance()
    for (let index = 0; index < MANY; index++) await put(`c${index}`)
    const envelope = node()
    let deleted = 0
    // The real store, on which somebody deletes the oldest client before each page is read.
    const list: Store['clients']['list'] = async (...page) => {
      await store.clients.delete(TENANT, `c${deleted++}`)
      return store.clients.list(...page)
    }
    const clients = { ...store.clients, list }
    await rewrap({ store: { ...store, clients }, envelope, heardByAll }, TENANT)
    expect(deleted).toBeGreaterThan(2)
    for (let index = deleted; index < MANY; index++) expect(await kekOf(`c${index}`)).toEqual([envelope.kekId])
    await store.close()
  })

  test('moves the TOTP secrets of people, over several pages, and what is spent stays spent (checklist 40)', async () => {
    const { store, node } = await instance()
    const old = node()
    const secret = Buffer.from('12345678901234567890')
    const subs: string[] = []
    for (let index = 0; index < MANY; index++) {
      const user = aUser(clock.seconds())
      subs.push(user.sub)
      await store.users.create(TENANT, user)
      const sealed = sealTotpSecret(old, TENANT, user.sub, secret)
      await store.factors.totp.add(TENANT, user.sub, { v: 1, sealed, createdAt: 1 })
      if (index === 0) await store.factors.totp.useStep(TENANT, user.sub, { sealed, step: 9, usedAt: 1 })
    }
    const envelope = node()
    expect((await rewrap({ store, envelope, heardByAll }, TENANT)).totp).toBe(MANY)
    const [first = ''] = subs
    for (const sub of subs) {
      const sealed = (await store.factors.of(TENANT, sub)).totp?.sealed ?? ''
      expect(kekIdOf(sealed)).toBe(envelope.kekId)
      withTotpSecret(envelope, TENANT, sub, sealed, (opened) => expect(Buffer.from(opened)).toEqual(secret))
      expect(() => withTotpSecret(envelope, TENANT, `${sub}x`, sealed, () => 0)).toThrow('sealed under another name')
      if (sub !== first) continue
      expect(await store.factors.totp.useStep(TENANT, sub, { sealed, step: 9, usedAt: 2 })).toBe('replayed')
    }
    expect((await rewrap({ store, envelope, heardByAll }, TENANT)).totp).toBe(0)
    await store.close()
  })

  test('moves the credentials of event streams, and what is sent along stays the same', async () => {
    const { store, node, put } = await instance()
    const old = node()
    await put('shop')
    const sealed = sealStreamSecret(old, TENANT, 'stream', 'Bearer one')
    const stream = { v: 1, streamId: 'stream', clientId: 'shop', pushUrl: 'https://a.example/', createdAt: 1 } as const
    await store.streams.create(TENANT, { ...stream, sealed, version: 1 })
    await store.streams.create(TENANT, { ...stream, streamId: 'open', version: 1 })
    const envelope = node()
    expect((await rewrap({ store, envelope, heardByAll }, TENANT)).streams).toBe(1)
    const moved = (await store.streams.find(TENANT, 'stream'))?.sealed ?? ''
    expect(kekIdOf(moved)).toBe(envelope.kekId)
    expect(openStreamSecret(envelope, TENANT, 'stream', moved)).toBe('Bearer one')
    expect(() => openStreamSecret(envelope, TENANT, 'open', moved)).toThrow('sealed under another name')
    expect((await rewrap({ store, envelope, heardByAll }, TENANT)).streams).toBe(0)
    await store.close()
  })

  test('moves what a node sealed by the key before, until it heard of the change', async () => {
    const { store, node, put, kekOf, checkedBy } = await instance()
    const [one, two] = [node(), node()]
    await put('early')
    const late = async () => {
      expect(await checkedBy()).toBe(two.sealingKekId)
      await put('late', two)
    }
    expect((await rewrap({ store, envelope: one, heardByAll: late }, TENANT)).clients).toBe(2)
    expect([await kekOf('late'), await kekOf('early')]).toEqual([[one.kekId], [one.kekId]])
    expect(await checkedBy()).toBe(one.kekId)
    // Nothing is under way any more: nobody waits.
    const never = () => Promise.reject(new Error('waited'))
    expect((await rewrap({ store, envelope: one, heardByAll: never }, TENANT)).clients).toBe(0)
    await store.close()
  })
})
