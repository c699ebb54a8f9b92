/** For tests: a key ring over keys in memory. */
import { randomBytes } from 'node:crypto'
import { openEnvelope } from '../../kernel/envelope.ts'
import type { SigningAlgorithm } from '../../kernel/signing-algorithms.ts'
import type { SigningKeyRecord } from '../../storage/records.ts'
import { type KeyRing, openKeyRing } from './key-ring.ts'
import { makeSigningKey } from './signing-key.ts'

export interface TestKeys {
  readonly keys: KeyRing
  readonly records: SigningKeyRecord[]
  /** Adds a key to the store, as another node does. */
  add(createdAt: number, alg?: SigningAlgorithm): Promise<SigningKeyRecord>
  /** The clock of the key ring. */
  nowMs: number
}

export async function testKeys(algorithms: readonly SigningAlgorithm[] = ['ES256']): Promise<TestKeys> {
  const envelope = openEnvelope(randomBytes(32))
  const records = await Promise.all(algorithms.map((alg) => makeSigningKey(envelope, 1, { alg })))
  const clock = { nowMs: 0 }
  const keys = await openKeyRing({
    store: { signingKeys: { list: async () => records } },
    envelope,
    clock: { nowMs: () => clock.nowMs },
  })
  return {
    keys,
    records,
    add: async (createdAt, alg = 'ES256') => {
      const record = await makeSigningKey(envelope, createdAt, { alg })
      records.push(record)
      return record
    },
    get nowMs() {
      return clock.nowMs
    },
    set nowMs(value) {
      clock.nowMs = value
    },
  }
}
