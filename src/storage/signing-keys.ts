/** Signing keys as they lie in the store, read by this program whichever version wrote them. */
import { StoreUnavailable } from '../kernel/errors.ts'
import { isSigningAlgorithm } from '../kernel/signing-algorithms.ts'
import { parseRecord, type SigningKeyRecord } from './records.ts'

/** Version 1 had one key, of ES256, which signed from its making on; where it had several, the newest signed. */
type FirstVersion = Omit<SigningKeyRecord, 'v' | 'state' | 'since' | 'readyAt' | 'asked'> & { readonly v: 1 }

export function decodeSigningKeys(texts: readonly string[]): readonly SigningKeyRecord[] {
  const records = texts.map((text) => parseRecord<SigningKeyRecord | FirstVersion>(text))
  let newest: SigningKeyRecord | FirstVersion | undefined
  for (const record of records) {
    if (record.v === 1 && record.createdAt >= (newest?.createdAt ?? 0)) newest = record
  }
  return records.map((record) => {
    // Neither left out nor guessed at: whoever writes the set would lose it.
    if (!isSigningAlgorithm(record.alg))
      throw new StoreUnavailable('a signing key is of an algorithm that this program does not know')
    if (record.v === 2) return record
    if (record.v !== 1) throw new StoreUnavailable('a signing key has a version that this program does not know')
    const state = record === newest ? 'current' : 'retiring'
    return { ...record, v: 2, state, since: newest?.createdAt ?? record.createdAt, readyAt: record.createdAt }
  })
}
