import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { EnvelopeError, openEnvelope } from '../../kernel/envelope.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { jwks } from '../oauth/jwks.ts'
import { openKeyRing } from './key-ring.ts'
import { makeSigningKey } from './signing-key.ts'
import { testKeys } from './test-keys.ts'

const clock = { nowMs: () => 0 }

test('JWKS has the public members of each key and never another (checklist 32)', async () => {
  const ring = await testKeys()
  for (let made = 2; made < 20; made += 1) await ring.add(made)
  ring.nowMs = 60_000
  const { body } = await jwks(ring)
  const { keys } = body as { keys: Record<string, unknown>[] }
  expect(keys).toHaveLength(19)
  for (const key of keys) {
    expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    expect(Buffer.from(String(key.x), 'base64url')).toHaveLength(32)
  }
})

test('the record holds no usable private key (design, section 6)', async () => {
  const record = await makeSigningKey(openEnvelope(randomBytes(32)), 1)
  expect(Object.keys(record.publicJwk)).not.toContain('d')
  expect(record.sealed).toMatch(/^s1\./)
})

test('the newest key signs; a key that another node added is found by its kid', async () => {
  const ring = await testKeys()
  const added = await ring.add(2)
  expect(await ring.keys.find(added.kid)).toBeUndefined()
  ring.nowMs = 10_000
  expect((await ring.keys.find(added.kid))?.kid).toBe(added.kid)
  expect(ring.keys.current().kid).toBe(added.kid)
})

test('an unknown kid makes the store be read once in ten seconds at most', async () => {
  let reads = 0
  const envelope = openEnvelope(randomBytes(32))
  const record = await makeSigningKey(envelope, 1)
  const list = async () => {
    reads += 1
    return [record]
  }
  const keys = await openKeyRing({ store: { signingKeys: { list } }, envelope, clock: { nowMs: () => 15_000 } })
  for (let asked = 0; asked < 100; asked += 1) await keys.find('nobody')
  expect(reads).toBe(1)
})

test('refuses to start on a store without keys, and with another envelope key', async () => {
  const envelope = openEnvelope(randomBytes(32))
  const record = await makeSigningKey(envelope, 1)
  const from = (records: (typeof record)[], other = envelope) =>
    openKeyRing({ store: { signingKeys: { list: async () => records } }, envelope: other, clock })
  await expect(from([])).rejects.toBeInstanceOf(ConfigError)
  await expect(from([record], openEnvelope(randomBytes(32)))).rejects.toBeInstanceOf(EnvelopeError)
  await expect(from([{ ...record, kid: 'renamed' }])).rejects.toBeInstanceOf(EnvelopeError)
})
