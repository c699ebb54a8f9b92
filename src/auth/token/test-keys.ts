/** For tests: a key ring over keys in memory. */
import { randomBytes } from 'node:crypto'
import { type Envelope, openEnvelope } from '../../kernel/envelope.ts'
import { randomId } from '../../kernel/ids.ts'
import { KEY_SET_SECONDS } from '../../kernel/key-times.ts'
import type { SigningAlgorithm } from '../../kernel/signing-algorithms.ts'
import type { SigningKeyStore } from '../../storage/port.ts'
import type { SigningKeyRecord, SigningKeyState } from '../../storage/records.ts'
import { type KeyRing, openKeyRing } from './key-ring.ts'
import { makeSigningKey } from './signing-key.ts'

export interface TestKeys {
  readonly keys: KeyRing
  readonly envelope: Envelope
  readonly store: KeysInMemory
  /** Adds a key to the store, as another node does. */
  add(state: SigningKeyState, alg?: SigningAlgorithm): Promise<SigningKeyRecord>
  /** How long the key ring has been there. */
  elapsedMs: number
}

export interface KeysInMemory extends SigningKeyStore {
  records: readonly SigningKeyRecord[]
  nowSeconds: number
  /** Rejects every call while set. */
  failure?: Error
}

export function keysInMemory(records: readonly SigningKeyRecord[]): KeysInMemory {
  let tag = randomId()
  const answer = async <T>(value: T): Promise<T> => {
    if (store.failure) throw store.failure
    return value
  }
  const store: KeysInMemory = {
    get records() {
      return records
    },
    set records(changed) {
      records = changed
      tag = randomId()
    },
    nowSeconds: 1,
    read: () => answer({ tag, nowSeconds: store.nowSeconds, keys: records }),
    tag: () => answer(tag),
    replace: (from, keys) => {
      if (from.tag !== tag || store.nowSeconds - from.nowSeconds > KEY_SET_SECONDS) return answer('conflict')
      store.records = keys
      return answer('written')
    },
  }
  return store
}

export async function testKeys(algorithms: readonly SigningAlgorithm[] = ['ES256']): Promise<TestKeys> {
  const envelope = openEnvelope(randomBytes(32))
  const make = (state: SigningKeyState, alg: SigningAlgorithm) =>
    makeSigningKey(envelope, { alg, state, nowSeconds: 1 })
  const store = keysInMemory(await Promise.all(algorithms.map((alg) => make('current', alg))))
  const time = { elapsedMs: 0 }
  const waitMs = async (ms: number) => {
    time.elapsedMs += ms
  }
  const keys = await openKeyRing({ store: { signingKeys: store }, envelope, elapsedMs: () => time.elapsedMs, waitMs })
  return {
    keys,
    envelope,
    store,
    add: async (state, alg = 'ES256') => {
      const record = await make(state, alg)
      store.records = [...store.records, record]
      return record
    },
    get elapsedMs() {
      return time.elapsedMs
    },
    set elapsedMs(value) {
      time.elapsedMs = value
    },
  }
}
