/** Opening the embedded store: file modes, schema, and what it refuses. */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../kernel/clock.ts'
import { ConfigError, StoreUnavailable } from '../../kernel/errors.ts'
import { aClient, anAccessToken, aUser } from '../conformance/subject.ts'
import { openSqliteStore } from './open.ts'
import { migrateSchema } from './schema.ts'

const now = Math.floor(systemClock.nowMs() / 1000)
let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-open-'))
  path = join(folder, 'new', 'store.db')
})
afterEach(() => rm(folder, { recursive: true }))

const open = () => openSqliteStore({ path, clock: systemClock })
const raw = (run: (db: DatabaseSync) => void) => {
  const db = new DatabaseSync(path)
  run(db)
  db.close()
}

describe('opening the embedded store', () => {
  it('makes files that only their owner can read', async () => {
    const store = await open()
    await store.clients.create('t', aClient(now))
    for (const end of ['', '-wal', '-shm']) expect((await stat(path + end)).mode & 0o777).toBe(0o600)
    await store.close()
  })

  it('keeps what was written over close and open', async () => {
    const first = await open()
    const client = aClient(now)
    const unawaited = first.clients.create('t', client)
    await first.close()
    expect(await unawaited).toBe('written')
    const second = await open()
    expect(await second.clients.find('t', client.clientId)).toEqual(client)
    await second.close()
  })

  it('reads a client as it is after any write, of this or of another process on the file', async () => {
    const [store, other] = [await open(), await open()]
    const client = aClient(now)
    const { clientId } = client
    await store.clients.create('t', client)
    for (const writer of [store, other, store]) {
      const before = await store.clients.find('t', clientId)
      expect(await other.clients.find('t', clientId)).toEqual(before)
      expect(await writer.clients.revokeAll('t', clientId)).toBe('written')
      const after = await store.clients.find('t', clientId)
      expect(after?.revocationEpoch).toBe((before?.revocationEpoch ?? Number.NaN) + 1)
      expect(await other.clients.find('t', clientId)).toEqual(after)
    }
    expect(await other.clients.delete('t', clientId)).toBe('written')
    expect(await store.clients.find('t', clientId)).toBeUndefined()
    await store.close()
    await other.close()
  })

  it('refuses the schema of a newer version, and what is no database, in one line', async () => {
    await (await open()).close()
    raw((db) => db.exec('PRAGMA user_version = 999'))
    await expect(open()).rejects.toThrow(ConfigError)
    await expect(open()).rejects.toThrow(/newer version \(schema 999\)/)
    await writeFile(path, 'no database, but long enough to be taken for the header of one'.repeat(20))
    await expect(open()).rejects.toThrow(ConfigError)
  })

  it('is unavailable, not empty, on a record that this version does not know', async () => {
    const store = await open()
    const client = aClient(now)
    await store.clients.create('t', client)
    raw((db) => db.exec(`UPDATE clients SET body = json_set(body, '$.v', 2)`))
    await expect(store.clients.find('t', client.clientId)).rejects.toThrow(StoreUnavailable)
    raw((db) => db.exec(`UPDATE clients SET body = 'canary{'`))
    await expect(store.clients.find('t', client.clientId)).rejects.toThrow(/^a record is not JSON$/)
    await store.close()
  })

  it('indexes the verified addresses of people who are there: of two with one address the first keeps it', async () => {
    await mkdir(dirname(path))
    const profile = (value: string) => ({ profile: { emails: [{ value }], emailVerified: true } })
    const people = ['Ada@example.com', 'ada@example.com', 'bob@example.com'].map((value) => aUser(now, profile(value)))
    raw((db) => {
      migrateSchema(db, path, 18)
      const insert = db.prepare('INSERT INTO users (tenant, sub, name_key, body) VALUES (?, ?, ?, ?)')
      for (const user of people) insert.run('t', user.sub, user.userName, JSON.stringify(user))
    })
    const { users, close } = await open()
    const [ada, second, bob] = people
    expect(await users.findByVerifiedEmail('t', 'ada@example.com')).toEqual(ada)
    expect(await users.findByVerifiedEmail('t', 'bob@example.com')).toEqual(bob)
    expect(await users.find('t', second?.sub ?? '')).toEqual({
      ...second,
      profile: { emails: [{ value: 'ada@example.com' }] },
    })
    await close()
  })

  it('fails one write without failing its neighbours in the same commit', async () => {
    const store = await open()
    const [a, b, c] = [anAccessToken(now), anAccessToken(now), anAccessToken(now)]
    const results = await Promise.allSettled([
      store.accessTokens.put('t', a),
      store.accessTokens.put('t', b),
      store.accessTokens.put('t', b),
      store.accessTokens.put('t', c),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    for (const { jti, clientId } of [a, b, c]) {
      expect((await store.accessTokens.state('t', { jti, clientId })).token?.jti).toBe(jti)
    }
    const [, , refused] = results
    expect(refused?.status === 'rejected' && refused.reason).toBeInstanceOf(StoreUnavailable)
    expect(String(refused?.status === 'rejected' && refused.reason)).not.toContain(b.jti)
    await store.close()
  })

  it('is unavailable while another process holds the file, waits once for all, and recovers', async () => {
    const store = await open()
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const began = performance.now()
    const writes = Array.from({ length: 10 }, () => store.accessTokens.put('t', anAccessToken(now)))
    const results = await Promise.allSettled(writes)
    expect(performance.now() - began).toBeLessThan(20_000)
    for (const result of results) {
      expect(result.status === 'rejected' && result.reason).toBeInstanceOf(StoreUnavailable)
    }
    other.exec('ROLLBACK')
    other.close()
    const token = anAccessToken(now)
    await store.accessTokens.put('t', token)
    expect((await store.accessTokens.state('t', { ...token, clientId: 'c' })).token?.jti).toBe(token.jti)
    await store.close()
  })
})
