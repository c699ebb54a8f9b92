/**
 * The secret that all nodes of an instance share from its making on: 32 random bytes, sealed in the store as its check
 * record. What must be the same on every node, and after a change of the envelope key, is derived from it.
 */
import { createSecretKey, hkdfSync } from 'node:crypto'
import { type Envelope, EnvelopeError } from '../../kernel/envelope.ts'
import { ConfigError } from '../../kernel/errors.ts'
import type { PlatformStore } from '../../storage/port.ts'

/** The name under which it is sealed. */
export const CHECK_RECORD = 'check-record'

/** 32 bytes for one purpose, RFC 5869; the caller zeroizes them once they are in a key object. */
export type DeriveKey = (purpose: string) => Uint8Array

/** Throws ConfigError on a store that was never initialised, or one that another envelope key sealed. */
export async function openRootSecret(deps: {
  readonly store: { readonly platform: Pick<PlatformStore, 'checkRecord'> }
  readonly envelope: Envelope
}): Promise<DeriveKey> {
  const sealed = await deps.store.platform.checkRecord()
  if (sealed === undefined) throw new ConfigError('the store is empty: run `sallyport init` first')
  try {
    const bytes = deps.envelope.open(CHECK_RECORD, sealed)
    const root = createSecretKey(bytes)
    bytes.fill(0)
    return (purpose) => new Uint8Array(hkdfSync('sha256', root, '', `sallyport ${purpose}`, 32))
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error
    throw new ConfigError(`the envelope key does not fit this store: ${error.message}`, { cause: error })
  }
}
