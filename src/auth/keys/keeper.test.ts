/** On SQLite files and Redis: several nodes that carry the life of keys at once, and the move to another envelope key. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedis } from '../../../test/servers/redis.ts'
import { epochSeconds, systemClock } from '../../kernel/clock.ts'
import { type Envelope, EnvelopeError, kekIdOf, openEnvelope } from '../../kernel/envelope.ts'
import { OAuthError, Problem, StoreUnavailable } from '../../kernel/errors.ts'
import { randomId } from '../../kernel/ids.ts'
import { aClient, ManualClock } from '../../storage/conformance/subject.ts'
import type { Store } from '../../storage/port.ts'
import { openRedisStore } from '../../storage/redis/open.ts'
import { openSqliteStore } from '../../storage/sqlite/open.ts'
import { sealSecret, secretName } from '../client/sealed-secret.ts'
import { openStreamSecret, sealStreamSecret } from '../client/stream-secret.ts'
import { openKeyRing } from '../token/key-ring.ts'
import { CHECK_RECORD, openRootSecret } from '../token/root-secret.ts'
import { firstKeys, keyKeeper } from './keeper.ts'
import { rewrap } from './rewrap.ts'
import { DEFAULT_KEY_RULES, type KeyRules } from './rules.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-keeper-'))
const stores: Store[] = []
afterAll(async () => {
  for (const store of stores) await store.close()
  rmSync(folder, { recursive: true })
})

const rules: KeyRules = { ...DEFAULT_KEY_RULES, algorithms: ['ES256', 'EdDSA'] }
const clock = new ManualClock()
const kek = randomBytes(32)
let path: string
let store: Store
let envelope: Envelope

const open = async (at = path) => {
  const opened = await openSqliteStore({ path: at, clock })
  stores.push(opened)
  return opened
}
const keeperOf = (one: Store, keys = envelope) => keyKeeper({ store: one, envelope: keys, rules })
const states = async () => {
  const { keys } = await store.signingKeys.read()
  const counts: Record<string, number> = {}
  for (const { alg, state } of keys) counts[`${alg} ${state}`] = (counts[`${alg} ${state}`] ?? 0) + 1
  return counts
}

beforeEach(async () => {
  path = join(folder, `${randomId(8)}.sqlite`)
  store = await open()
  envelope = openEnvelope(kek)
  await store.platform.initialise({
    checkRecord: envelope.seal(CHECK_RECORD, randomBytes(32)),
    signingKeys: await firstKeys(envelope, rules, clock.seconds()),
  })
})

test('of twelve steps at once on three nodes one turns the keys, and none is made twice', async () => {
  const nodes = [keeperOf(store), keeperOf(await open()), keeperOf(await open())]
  clock.advance(rules.rotateSeconds)
  const kept = await Promise.all(Array.from({ length: 12 }, (_, index) => nodes[index % 3]?.advance()))
  const changes = kept.flatMap((one) => one?.changes ?? []).map(({ event, alg }) => `${event} ${alg}`)
  const each = ['key_activated', 'key_published', 'key_retired'].flatMap((event) => [
    `${event} ES256`,
    `${event} EdDSA`,
  ])
  expect(changes.sort()).toEqual(each.sort())
  expect(await states()).toEqual({
    'ES256 current': 1,
    'ES256 next': 1,
    'ES256 retiring': 1,
    'EdDSA current': 1,
    'EdDSA next': 1,
    'EdDSA retiring': 1,
  })
})

test('so it is on Redis, whose own clock tells when keys are due', async () => {
  const server = await startRedis()
  const connect = async () => {
    const opened = await openRedisStore({ nodes: [server.node], ...server.credentials, clock: systemClock })
    stores.push(opened)
    return opened
  }
  try {
    const [left, right] = [await connect(), await connect()]
    const { nowSeconds } = await left.signingKeys.read()
    expect(Math.abs(nowSeconds - epochSeconds(systemClock))).toBeLessThan(60)
    const signingKeys = await firstKeys(envelope, rules, nowSeconds - rules.rotateSeconds)
    await left.platform.initialise({ checkRecord: 'check', signingKeys })
    // Clocks of the nodes have no part in it.
    const nodes = [keeperOf(left), keeperOf(right)]
    const kept = await Promise.all(Array.from({ length: 12 }, (_, index) => nodes[index % 2]?.advance()))
    expect(kept.filter((one) => one?.changes.length === 6)).toHaveLength(1)
    expect(kept.filter((one) => one?.changes.length === 0)).toHaveLength(11)
    const { keys } = await right.signingKeys.read()
    for (const state of ['current', 'next', 'retiring'])
      expect(
        keys
          .filter((key) => key.state === state)
          .map(({ alg }) => alg)
          .sort(),
      ).toEqual(['ES256', 'EdDSA'])
    for (const key of signingKeys.filter(({ state }) => state === 'next'))
      expect(keys.find(({ kid }) => kid === key.kid)?.state).toBe('current')
    const [current] = keys.filter(({ state }) => state === 'current')
    const [first, second] = await Promise.all([
      nodes[0]?.revoke(current?.kid ?? '').then(
        () => 'revoked',
        () => 'missing',
      ),
      nodes[1]?.revoke(current?.kid ?? '').then(
        () => 'revoked',
        () => 'missing',
      ),
    ])
    expect([first, second].sort()).toEqual(['missing', 'revoked'])
  } finally {
    for (const one of stores.splice(-2)) await one.close()
    await server.stop()
  }
})

test('rotations and revocations at once leave each algorithm one key that signs and one that is next', async () => {
  const nodes = [keeperOf(store), keeperOf(await open())]
  for (let round = 0; round < 5; round++) {
    const { keys } = await store.signingKeys.read()
    const kids = keys.filter(({ state }) => state !== 'retiring').map(({ kid }) => kid)
    await Promise.all([
      ...kids.map((kid, index) =>
        nodes[index % 2]?.revoke(kid).catch((error: unknown) => expect(error).toBeInstanceOf(Problem)),
      ),
      nodes[1]?.rotate(rules.algorithms, true),
      nodes[0]?.advance(),
    ])
    expect(await states()).toMatchObject({ 'ES256 current': 1, 'ES256 next': 1, 'EdDSA current': 1, 'EdDSA next': 1 })
    for (const kid of kids) {
      const left = (await store.signingKeys.read()).keys.find((key) => key.kid === kid)
      expect(left).toBeUndefined()
    }
  }
})

test('turning keys again and again is refused before the key set grows without bound', async () => {
  const keeper = keeperOf(store)
  const turn = () => keeper.rotate(rules.algorithms, true)
  for (let keys = 4; keys + 2 <= 64; keys += 2) await turn()
  await expect(turn()).rejects.toMatchObject({ code: 'conflict', detail: expect.stringMatching(/more than 64 keys/) })
  expect((await store.signingKeys.read()).keys).toHaveLength(64)
  // Revoking goes on in any case.
  const { keys } = await store.signingKeys.read()
  const current = keys.find(({ state }) => state === 'current')
  expect((await keeper.revoke(current?.kid ?? '')).set.keys).toHaveLength(64)
  clock.advance(rules.retireSeconds)
  await keeper.advance()
  expect((await turn()).changes.length).toBeGreaterThan(0)
})

test('a key is made in the state and for the time that its rules say', async () => {
  const made = await firstKeys(envelope, { ...rules, algorithms: ['RS256'], rsaBits: 3072 }, 5)
  expect(made.map(({ alg, state, readyAt }) => [alg, state, readyAt])).toEqual([
    ['RS256', 'current', 5],
    ['RS256', 'next', 5],
  ])
  const ring = await openKeyRing({
    store: { signingKeys: { ...store.signingKeys, read: async () => ({ tag: '', nowSeconds: 5, keys: made }) } },
    envelope,
  })
  expect(ring.current().publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072)
  await keeperOf(store).rotate(['ES256'], false)
  const next = (await store.signingKeys.read()).keys.find(({ alg, state }) => alg === 'ES256' && state === 'next')
  expect(next?.readyAt).toBe(clock.seconds() + rules.publishSeconds)
})

test('an algorithm that is new in the configuration is published first, and offered when it signs', async () => {
  const wider: KeyRules = { ...rules, algorithms: ['ES256', 'RS256'] }
  const keeper = keyKeeper({ store, envelope, rules: wider })
  const ring = await openKeyRing({ store, envelope, algorithms: wider.algorithms })
  await keeper.advance()
  await ring.refresh()
  expect(ring.algorithms()).toEqual(['ES256'])
  expect((await ring.publicJwks()).filter(({ alg }) => alg === 'RS256')).toHaveLength(1)
  clock.advance(rules.publishSeconds)
  await keeper.advance()
  await ring.refresh()
  expect(ring.algorithms()).toEqual(['ES256', 'RS256'])
  // EdDSA is no longer kept: its key verifies on, and signs nothing.
  expect(() => ring.current('EdDSA')).toThrow(OAuthError)
  expect((await ring.publicJwks()).filter(({ alg }) => alg === 'EdDSA').length).toBeGreaterThan(0)
})

describe('another envelope key', () => {
  const later = randomBytes(32)
  const tenant = 'default'
  /** Nodes that are told by no poll here. */
  const heardByAll = async () => {}
  const sealedClient = async () => {
    const client = aClient(clock.seconds())
    const sealedSecrets = ['one', 'two'].map((secret) => sealSecret(envelope, tenant, client.clientId, secret))
    await store.clients.create(tenant, { ...client, sealedSecrets })
    const stream = { v: 1, streamId: streamOf(client.clientId), clientId: client.clientId, version: 1 } as const
    const sealed = sealStreamSecret(envelope, tenant, stream.streamId, 'Bearer three')
    await store.streams.create(tenant, { ...stream, pushUrl: 'https://a.example/', sealed, createdAt: 1 })
    return client.clientId
  }
  const streamOf = (clientId: string) => `stream-${clientId}`

  test('moves all that is sealed, while nodes sign, turn keys and change clients; then the old key is not needed', async () => {
    const clients = await Promise.all([sealedClient(), sealedClient(), sealedClient()])
    await store.clients.create(tenant, aClient(clock.seconds()))
    const derived = (await openRootSecret({ store, envelope }))('subject')
    const [both, elsewhere] = [openEnvelope(later, kek), openEnvelope(later, kek)]
    const second = await open()
    // As nodes do at their start: they seal as the store is sealed.
    const ring = await openKeyRing({ store, envelope: both })
    await openKeyRing({ store: second, envelope: elsewhere })
    expect(both.sealingKekId).toBe(envelope.kekId)

    const [moved] = await Promise.all([
      rewrap({ store, envelope: both, heardByAll }, tenant),
      keeperOf(second, elsewhere).rotate(rules.algorithms, true),
      keeperOf(second, elsewhere).rotate(rules.algorithms, true),
      rewrap({ store: second, envelope: elsewhere, heardByAll }, tenant),
    ])
    expect(moved.signingKeys).toBeGreaterThanOrEqual(0)
    await ring.refresh()
    expect(both.sealingKekId).toBe(both.kekId)

    const fresh = openEnvelope(later)
    for (const { kekId, sealed } of (await store.signingKeys.read()).keys)
      expect([kekId, kekIdOf(sealed)]).toEqual([fresh.kekId, fresh.kekId])
    for (const clientId of clients) {
      const client = await store.clients.find(tenant, clientId)
      const opened = client?.sealedSecrets?.map((sealed) =>
        Buffer.from(fresh.open(secretName(tenant, clientId), sealed)),
      )
      expect(opened?.map(String)).toEqual(['one', 'two'])
      const stream = await store.streams.find(tenant, streamOf(clientId))
      expect(openStreamSecret(fresh, tenant, streamOf(clientId), stream?.sealed ?? '')).toBe('Bearer three')
    }
    await openKeyRing({ store, envelope: fresh })
    // What is derived from the root secret is the same as before: subjects of pairwise clients go on.
    expect((await openRootSecret({ store, envelope: fresh }))('subject')).toEqual(derived)
    expect(await rewrap({ store, envelope: fresh, heardByAll }, tenant)).toEqual({
      signingKeys: 0,
      clients: 0,
      streams: 0,
      checkRecord: 0,
      totp: 0,
    })
  })

  test('a node with only the old key then refuses to start, and says by which key it was sealed', async () => {
    await rewrap({ store, envelope: openEnvelope(later, kek), heardByAll }, tenant)
    const said = new RegExp(`sealed by envelope key ${openEnvelope(later).kekId}, not by ${envelope.kekId}`)
    await expect(openRootSecret({ store, envelope })).rejects.toThrow(said)
    await expect(openKeyRing({ store, envelope })).rejects.toBeInstanceOf(EnvelopeError)
  })

  test('a record under neither key is told by name, and is left as it is', async () => {
    const before = await store.signingKeys.read()
    const strangers = openEnvelope(later, randomBytes(32))
    await expect(rewrap({ store, envelope: strangers, heardByAll }, tenant)).rejects.toThrow(Problem)
    await expect(rewrap({ store, envelope: strangers, heardByAll }, tenant)).rejects.toMatchObject({
      detail: expect.stringMatching(/neither by the envelope key nor by the previous one: record signing-key\//),
    })
    expect(await store.signingKeys.read()).toEqual(before)
  })

  test('once it is moved, a node with only the old key makes no keys: the others would not open them', async () => {
    await rewrap({ store, envelope: openEnvelope(later, kek), heardByAll }, tenant)
    const before = await store.signingKeys.read()
    await expect(keeperOf(store, openEnvelope(kek)).rotate(rules.algorithms, true)).rejects.toThrow(StoreUnavailable)
    expect((await store.signingKeys.read()).keys).toEqual(before.keys)
  })

  test('until it is moved, new keys are sealed as the others are: nodes that have only the old key go on', async () => {
    const both = openEnvelope(later, kek)
    await keeperOf(store, both).rotate(rules.algorithms, true)
    const { keys } = await store.signingKeys.read()
    expect(new Set(keys.map(({ kekId }) => kekId))).toEqual(new Set([envelope.kekId]))
    await openKeyRing({ store, envelope })
  })
})
