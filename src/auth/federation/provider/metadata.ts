/**
 * A provider's metadata and keys: OIDC Discovery 4, RFC 8414 3.3. Metadata is kept for an hour, read anew in the background,
 * and serves while the provider is away; keys are read anew for a `kid` that is not among them, ten seconds apart at least.
 */
import {
  type Configuration,
  customFetch,
  discovery,
  type ExportedJWKSCache,
  getJwksCache,
  None,
  type ServerMetadata,
  setJwksCache,
} from 'openid-client'
import type { Clock } from '../../../kernel/clock.ts'
import { FederationError, federationFailure } from './failure.ts'
import type { ProviderOptions } from './options.ts'
import { libraryTimeoutSeconds, type OutgoingFetch } from './outgoing.ts'

export const METADATA_LIMITS = {
  freshMs: 60 * 60 * 1000,
  /** Between two attempts to read it anew. */
  pauseMs: 30 * 1000,
  keysFreshMs: 5 * 60 * 1000,
  keysPauseMs: 10 * 1000,
} as const

/** openid-client reads keys anew for an unknown `kid` once they are that old by its own clock. */
const LIBRARY_PAUSE_SECONDS = 60

export interface MetadataSource {
  read(): Promise<ServerMetadata>
  readonly known: ServerMetadata | undefined
}

export function metadataOf(options: ProviderOptions, fetch: OutgoingFetch, clock: Clock): MetadataSource {
  let known: ServerMetadata | undefined
  let readAtMs = -Infinity
  let triedAtMs = -Infinity
  let reading: Promise<ServerMetadata> | undefined

  const readNow = async (): Promise<ServerMetadata> => {
    triedAtMs = clock.nowMs()
    try {
      const found = await discovery(new URL(options.issuer), options.clientId, undefined, None(), {
        [customFetch]: fetch,
        timeout: libraryTimeoutSeconds(options),
      })
      const metadata = found.serverMetadata()
      if (metadata.issuer !== options.issuer)
        throw new FederationError('wrong_metadata', options.id, { detail: 'its metadata names another issuer' })
      known = metadata
      readAtMs = clock.nowMs()
      return metadata
    } catch (error) {
      throw federationFailure(options.id, error, 'wrong_metadata')
    }
  }
  /** Of many at once one reads, and all wait for it. */
  const readOnce = (): Promise<ServerMetadata> => {
    reading ??= readNow().finally(() => {
      reading = undefined
    })
    return reading
  }
  return {
    read: async () => {
      if (known === undefined) return readOnce()
      const now = clock.nowMs()
      if (now - readAtMs >= METADATA_LIMITS.freshMs && now - triedAtMs >= METADATA_LIMITS.pauseMs)
        readOnce().catch(() => undefined)
      return known
    },
    get known() {
      return known
    },
  }
}

/** The keys that were read last, handed to each exchange and taken back from it. */
export function keysOf(clock: Clock): { lend(to: Configuration): () => void } {
  let keys: ExportedJWKSCache['jwks'] | undefined
  let readAtMs = -Infinity
  return {
    lend(to) {
      const age = clock.nowMs() - readAtMs
      const nowSeconds = Math.floor(Date.now() / 1000)
      const uat = nowSeconds - (age >= METADATA_LIMITS.keysPauseMs ? LIBRARY_PAUSE_SECONDS : 0)
      const lent = keys !== undefined && age < METADATA_LIMITS.keysFreshMs
      if (lent) setJwksCache(to, { jwks: keys, uat } as ExportedJWKSCache)
      return () => {
        const after = getJwksCache(to)
        if (after === undefined || (lent && after.uat === uat)) return
        keys = after.jwks
        readAtMs = clock.nowMs()
      }
    },
  }
}
