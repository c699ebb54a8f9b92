/** For tests: a key ring over keys in memory. */
import { randomBytes } from 'node:crypto'
import { openEnvelope } from '../../kernel/envelope.ts'
import type { SigningKeyRecord } from '../../storage/records.ts'
import { type KeyRing, openKeyRing } from './key-ring.ts'
import { makeSigningKey } from './signing-key.ts'

export interface TestKeys {
  readonly keys: KeyRing
  readonly records: SigningKeyRecord[]
  /** Adds a key to the store, as another node does. */
  add(createdAt: number): Promise<SigningKeyRecord>
  /** The clock of the key ring. */
  nowMs: number
}

export async function testKeys(): Promise<TestKeys> {
  const envelope = openEnvelope(randomBytes(32))
  const records = [await makeSigningKey(envelope, 1)]
  const clock = { nowMs: 0 }
  const keys = await openKeyRing({
    store: { signingKeys: { list: async () => records } },
    envelope,
    clock: { nowMs: () => clock.nowMs },
  })
  return {
    keys,
    records,
    add: async (createdAt) => {
      const record = await makeSigningKey(envelope, createdAt)
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
