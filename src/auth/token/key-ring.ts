/**
 * The keys that sign and verify tokens. All nodes read them from one store, so a key that another node added is found:
 * at JWKS by age, at verification by its unknown `kid`. The newest signs.
 */
import type { Clock } from '../../kernel/clock.ts'
import type { Envelope } from '../../kernel/envelope.ts'
import { ConfigError, OAuthError } from '../../kernel/errors.ts'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../kernel/signing-algorithms.ts'
import type { SigningKeyStore } from '../../storage/port.ts'
import { openSigningKey, type PublicJwk, type SigningKey } from './signing-key.ts'

export interface KeyRing {
  /**
   * The key that signs now by `alg`, as a client registered it; without one, by the platform's own algorithm. Throws
   * OAuthError where nothing here signs by it.
   */
  current(alg?: string): SigningKey
  /** What tokens can be signed by now, the platform's own first: what discovery names and registration takes. */
  algorithms(): readonly SigningAlgorithm[]
  /** The key named by a token's header, read anew from the store (at most every ten seconds) when it is not known. */
  find(kid: string): Promise<SigningKey | undefined>
  publicJwks(): Promise<readonly PublicJwk[]>
}

export interface KeyRingDeps {
  readonly store: { readonly signingKeys: SigningKeyStore }
  readonly envelope: Envelope
  readonly clock: Clock
}

const UNKNOWN_KID_MS = 10 * 1000
const JWKS_AGE_MS = 60 * 1000

/** Throws ConfigError on a store without keys, EnvelopeError where the envelope key does not fit. */
export async function openKeyRing(deps: KeyRingDeps): Promise<KeyRing> {
  let keys = new Map<string, SigningKey>()
  let newest: SigningKey | undefined
  let byAlgorithm = new Map<string, SigningKey>()
  let readAtMs = 0

  async function read(): Promise<SigningKey> {
    const records = await deps.store.signingKeys.list()
    const opened = records.map((record) => keys.get(record.kid) ?? openSigningKey(deps.envelope, record))
    opened.sort((left, right) => left.createdAt - right.createdAt)
    const newestOf = new Map<string, SigningKey>(opened.map((key) => [key.alg, key]))
    const first = SIGNING_ALGORITHMS.map((alg) => newestOf.get(alg)).find((key) => key !== undefined)
    if (first === undefined) throw new ConfigError('the store holds no signing key: run `sallyport init` first')
    keys = new Map(opened.map((key) => [key.kid, key]))
    byAlgorithm = newestOf
    newest = first
    readAtMs = deps.clock.nowMs()
    return first
  }
  const readIfOlder = async (ageMs: number) => {
    if (deps.clock.nowMs() - readAtMs >= ageMs) await read()
  }

  const first = await read()
  return {
    current(alg) {
      if (alg === undefined) return newest ?? first
      const key = byAlgorithm.get(alg)
      if (key !== undefined) return key
      throw new OAuthError('unauthorized_client', {
        detail: 'Nothing is signed here by the algorithm that this client registered.',
      })
    },
    algorithms: () => SIGNING_ALGORITHMS.filter((alg) => byAlgorithm.has(alg)),
    async find(kid) {
      if (!keys.has(kid)) await readIfOlder(UNKNOWN_KID_MS)
      return keys.get(kid)
    },
    async publicJwks() {
      await readIfOlder(JWKS_AGE_MS)
      return [...keys.values()].map((key) => key.publicJwk)
    },
  }
}
