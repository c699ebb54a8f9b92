import { randomBytes } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { EnvelopeError, openEnvelope } from '../../kernel/envelope.ts'
import { ConfigError, OAuthError, StoreUnavailable } from '../../kernel/errors.ts'
import { randomId } from '../../kernel/ids.ts'
import { SIGNING_ALGORITHMS } from '../../kernel/signing-algorithms.ts'
import { jwks } from '../oauth/jwks.ts'
import { openKeyRing } from './key-ring.ts'
import { makeSigningKey, openSigningKey } from './signing-key.ts'
import { keysInMemory, testKeys } from './test-keys.ts'

const MEMBERS = {
  ES256: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
  EdDSA: ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
  PS256: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
  RS256: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
}

test('neither JWKS nor what is stored has private members, for any algorithm and state (checklist 32)', async () => {
  const ring = await testKeys(SIGNING_ALGORITHMS)
  for (const alg of SIGNING_ALGORITHMS)
    for (const state of ['next', 'retiring', 'retiring'] as const) await ring.add(state, alg)
  await ring.keys.refresh()
  const { body } = await jwks(ring)
  const { keys } = body as { keys: Record<string, unknown>[] }
  expect(keys.map(({ kid }) => kid).sort()).toEqual(ring.store.records.map(({ kid }) => kid).sort())
  const shown = [...keys, ...ring.store.records.map(({ publicJwk }) => publicJwk)]
  for (const key of shown) expect(Object.keys(key).sort()).toEqual([...MEMBERS[key.alg as keyof typeof MEMBERS]].sort())
  // By value too: no private number of any key, in any encoding that a store or an answer would have.
  const text = JSON.stringify([body, ring.store.records])
  for (const record of ring.store.records) {
    const { privateKey } = openSigningKey(ring.envelope, record)
    const { d = '', p, q, dp, dq, qi } = privateKey.export({ format: 'jwk' })
    const der = privateKey.export({ format: 'der', type: 'pkcs8' })
    for (const secret of [d, p, q, dp, dq, qi].filter((value) => value !== undefined)) {
      const bytes = Buffer.from(secret, 'base64url')
      for (const form of ['base64url', 'base64', 'hex'] as const) expect(text).not.toContain(bytes.toString(form))
    }
    expect(text).not.toContain(der.toString('base64').slice(0, 60))
  }
})

test('the current key signs, not the newest; a key that another node added is found by its kid', async () => {
  const ring = await testKeys()
  const first = ring.keys.current().kid
  const added = await ring.add('next')
  expect((await ring.keys.find(added.kid))?.kid).toBe(added.kid)
  expect(ring.keys.current().kid).toBe(first)
})

test('signs by what is kept here, and goes on by what the store has until that can sign', async () => {
  const { store, envelope, add } = await testKeys(['ES256', 'RS256'])
  const open = (algorithms: readonly ('EdDSA' | 'RS256' | 'ES256')[]) =>
    openKeyRing({ store: { signingKeys: store }, envelope, algorithms })
  expect((await open(['RS256', 'ES256'])).current().alg).toBe('RS256')
  const narrow = await open(['RS256'])
  expect(narrow.algorithms()).toEqual(['RS256'])
  expect(() => narrow.current('ES256')).toThrow(OAuthError)
  await add('next', 'EdDSA')
  expect((await open(['EdDSA'])).algorithms()).toEqual(['ES256', 'RS256'])
  await add('current', 'EdDSA')
  expect((await open(['EdDSA'])).algorithms()).toEqual(['EdDSA'])
})

describe('a kid that is not known', () => {
  test('of 1,000 at once makes the store be asked at most every 200 ms, and read only when it changed', async () => {
    const { store, envelope, add } = await testKeys()
    const askedAt: number[] = []
    let reads = 0
    const signingKeys = {
      tag: () => {
        askedAt.push(elapsedMs)
        return store.tag()
      },
      read: () => {
        reads += 1
        return store.read()
      },
    }
    let elapsedMs = 0
    const waitMs = async (ms: number) => {
      elapsedMs += ms
    }
    const keys = await openKeyRing({ store: { signingKeys }, envelope, elapsedMs: () => elapsedMs, waitMs })
    const strangers = (count: number) => Promise.all(Array.from({ length: count }, () => keys.find(randomId())))
    expect(new Set(await strangers(1000))).toEqual(new Set([undefined]))
    expect([askedAt, reads]).toEqual([[200], 1])
    for (let times = 0; times < 5; times += 1) await strangers(200)
    expect([askedAt, reads]).toEqual([[200, 400, 600, 800, 1000, 1200], 1])
    // Its question begins after all that are under way: what was added by then is found.
    const many = strangers(1000)
    const { kid } = await add('current')
    expect((await keys.find(kid))?.kid).toBe(kid)
    await many
    expect(reads).toBe(2)
  })

  test('waits for a question that began after it, though one is under way', async () => {
    const { store, envelope, add } = await testKeys()
    const answers: (() => void)[] = []
    const slow = async () => {
      const tag = await store.tag()
      await new Promise<void>((resolve) => answers.push(resolve))
      return tag
    }
    let elapsedMs = 200
    const signingKeys = { read: store.read, tag: slow }
    const waitMs = async (ms: number) => {
      elapsedMs += ms
    }
    const keys = await openKeyRing({ store: { signingKeys }, envelope, elapsedMs: () => elapsedMs, waitMs })
    const early = keys.find('nobody')
    await vi.waitFor(() => expect(answers).toHaveLength(1))
    const { kid } = await add('next')
    const late = keys.find(kid)
    answers.shift()?.()
    expect(await early).toBeUndefined()
    await vi.waitFor(() => expect(answers).toHaveLength(1))
    answers.shift()?.()
    expect((await late)?.kid).toBe(kid)
  })

  test('is unavailable, not unknown, where the store is away; and known to it again at the next question', async () => {
    const ring = await testKeys()
    const { kid } = await ring.add('next')
    ring.store.failure = new StoreUnavailable('down')
    for (let times = 0; times < 3; times += 1)
      await expect(ring.keys.find(kid)).rejects.toBeInstanceOf(StoreUnavailable)
    expect(ring.elapsedMs).toBe(600)
    // Those that are known serve on.
    expect((await ring.keys.find(ring.keys.current().kid))?.kid).toBe(ring.keys.current().kid)
    delete ring.store.failure
    expect((await ring.keys.find(kid))?.kid).toBe(kid)
  })
})

test('what is published is as of 200 ms ago at most; where the store is away, what is held', async () => {
  const ring = await testKeys()
  const published = async () => (await ring.keys.publicJwks()).map(({ kid }) => kid)
  const before = await published()
  const { kid } = await ring.add('next')
  expect(await published()).toEqual(before)
  ring.elapsedMs = 200
  expect(await published()).toEqual([...before, kid])
  ring.elapsedMs = 400
  ring.store.failure = new StoreUnavailable('down')
  const held = [...before, kid]
  for (let times = 0; times < 3; times += 1) {
    expect(await published()).toEqual(held)
    ring.elapsedMs += 200
  }
})

test('a key that has gone verifies nothing once the store was asked, and is counted', async () => {
  const ring = await testKeys()
  const { kid } = ring.keys.current()
  await ring.add('current', 'EdDSA')
  ring.store.records = ring.store.records.slice(1)
  const before = ring.keys.generation
  await ring.keys.refresh()
  expect(await ring.keys.find(kid)).toBeUndefined()
  expect(ring.keys.generation).toBeGreaterThan(before)
  expect((await ring.keys.publicJwks()).map((key) => key.kid)).not.toContain(kid)
})

test('a refresh knows of what changed before it was asked for, though another is under way', async () => {
  const { store, envelope, add } = await testKeys()
  const answers: (() => void)[] = []
  // Answers what stood when it was asked, and only when it is let go.
  const slow = async () => {
    const tag = await store.tag()
    await new Promise<void>((resolve) => answers.push(resolve))
    return tag
  }
  const keys = await openKeyRing({
    store: { signingKeys: { read: store.read, tag: slow } },
    envelope,
    elapsedMs: () => 0,
  })
  const early = keys.refresh()
  await new Promise(setImmediate)
  const { kid } = await add('next')
  const [late, later] = [keys.refresh(), keys.refresh()]
  answers.shift()?.()
  await early
  expect((await keys.publicJwks()).map((key) => key.kid)).not.toContain(kid)
  await new Promise(setImmediate)
  expect(answers).toHaveLength(1)
  answers.shift()?.()
  await Promise.all([late, later])
  expect((await keys.publicJwks()).map((key) => key.kid)).toContain(kid)
})

test('without its store it is unavailable after a minute: it neither signs, verifies nor publishes (docs/request-flow.md)', async () => {
  const ring = await testKeys()
  const { kid } = ring.keys.current()
  ring.store.failure = new StoreUnavailable('down')
  ring.elapsedMs = 60_000
  await expect(ring.keys.refresh()).rejects.toBeInstanceOf(StoreUnavailable)
  expect(ring.keys.current().kid).toBe(kid)
  expect(ring.keys.isReady()).toBe(true)
  ring.elapsedMs = 60_001
  expect(ring.keys.isReady()).toBe(false)
  expect(() => ring.keys.current()).toThrow(StoreUnavailable)
  await expect(ring.keys.find(kid)).rejects.toBeInstanceOf(StoreUnavailable)
  await expect(ring.keys.publicJwks()).rejects.toBeInstanceOf(StoreUnavailable)
  delete ring.store.failure
  expect((await ring.keys.find(kid))?.kid).toBe(kid)
  expect(ring.keys.current().kid).toBe(kid)
})

test('where the keys have changed and one cannot be opened it is unavailable at once: a revoked key verifies nothing (checklist 30)', async () => {
  const ring = await testKeys()
  const { kid } = ring.keys.current()
  const before = ring.store.records
  const alien = await makeSigningKey(openEnvelope(randomBytes(32)), { alg: 'ES256', state: 'current', nowSeconds: 1 })
  const generation = ring.keys.generation
  ring.store.records = [alien]
  await expect(ring.keys.refresh()).rejects.toThrow(/have changed: record .* was sealed by envelope key/)
  expect(ring.keys.isReady()).toBe(false)
  expect(ring.keys.generation).toBeGreaterThan(generation)
  expect(() => ring.keys.current()).toThrow(StoreUnavailable)
  await expect(ring.keys.find(kid)).rejects.toBeInstanceOf(StoreUnavailable)
  await expect(ring.keys.publicJwks()).rejects.toBeInstanceOf(StoreUnavailable)
  ring.store.records = []
  await expect(ring.keys.refresh()).rejects.toThrow(/no signing key/)
  expect(ring.keys.isReady()).toBe(false)
  ring.store.records = before
  await ring.keys.refresh()
  expect([ring.keys.isReady(), ring.keys.current().kid]).toEqual([true, kid])
})

test('a store that is away just when the changed keys are read changes nothing for a minute', async () => {
  const { store, envelope, add } = await testKeys()
  const read = async () => {
    if (reads++ > 0) throw new StoreUnavailable('down')
    return store.read()
  }
  let reads = 0
  const signingKeys = { tag: store.tag, read }
  const keys = await openKeyRing({ store: { signingKeys }, envelope, elapsedMs: () => 0 })
  await add('next')
  await expect(keys.refresh()).rejects.toBeInstanceOf(StoreUnavailable)
  expect([keys.isReady(), keys.current().kid]).toEqual([true, store.records[0]?.kid])
})

test('refuses to start on a store without keys, and with another envelope key', async () => {
  const { envelope, store } = await testKeys()
  const [record] = store.records
  if (record === undefined) throw new Error('no key')
  const from = (records: (typeof record)[], other = envelope) =>
    openKeyRing({ store: { signingKeys: keysInMemory(records) }, envelope: other })
  await expect(from([])).rejects.toBeInstanceOf(ConfigError)
  await expect(from([record], openEnvelope(randomBytes(32)))).rejects.toBeInstanceOf(EnvelopeError)
  await expect(from([{ ...record, kid: 'renamed' }])).rejects.toBeInstanceOf(EnvelopeError)
})
