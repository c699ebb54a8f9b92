/**
 * The keys that sign and verify tokens, as this node last read them. All nodes read them from one store and ask it often
 * whether they have changed: a key that was revoked, or put in another's place, is known everywhere within seconds. A node
 * that cannot ask neither signs, verifies nor publishes by what it knew.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Envelope, EnvelopeError } from '../../kernel/envelope.ts'
import { ConfigError, OAuthError, StoreUnavailable } from '../../kernel/errors.ts'
import { KEY_RING_SECONDS } from '../../kernel/key-times.ts'
import type { SigningAlgorithm } from '../../kernel/signing-algorithms.ts'
import type { SigningKeyStore } from '../../storage/port.ts'
import type { SigningKeyRecord } from '../../storage/records.ts'
import { openSigningKey, type PublicJwk, type SigningKey } from './signing-key.ts'

export interface KeyRing {
  /**
   * The key that signs now by `alg`, as a client registered it; without one, by the platform's own algorithm. Throws
   * OAuthError where nothing here signs by it.
   */
  current(alg?: string): SigningKey
  /** What tokens can be signed by now, the platform's own first: what discovery names and registration takes. */
  algorithms(): readonly SigningAlgorithm[]
  /**
   * The key named by a token's header. One that is not known here may have signed for another node a moment ago: it is unknown
   * once the store has been asked after this call, for all who wait and at most every `LOOK_MS`.
   */
  find(kid: string): Promise<SigningKey | undefined>
  /** As of `LOOK_MS` ago, while the store answers: whoever verifies comes for a key that it does not know. */
  publicJwks(): Promise<readonly PublicJwk[]>
  /** Another number whenever a key has gone: what was concluded from it is to be forgotten. */
  readonly generation: number
  /** False once the store could not be asked for too long, and at once where it has a key that no envelope key here opens. */
  isReady(): boolean
  /** Reads the keys anew if they have changed; asks after this call, whatever is under way. */
  refresh(): Promise<void>
}

export interface KeyRingDeps {
  readonly store: { readonly signingKeys: Pick<SigningKeyStore, 'read' | 'tag'> }
  readonly envelope: Envelope
  /** Those that are kept here, the platform's own first; absent: whatever signs. */
  readonly algorithms?: readonly SigningAlgorithm[]
  /** Time that only goes forward: how long ago the store was asked has nothing to do with the date. */
  readonly elapsedMs?: () => number
  /** Resolves so much later. */
  readonly waitMs?: (ms: number) => Promise<unknown>
}

/** Between two questions whether the keys have changed. */
export const KEY_POLL_MS = 2 * 1000

/** Between two questions for the sake of kids that nobody knows: anybody can make one up. */
export const LOOK_MS = 200

/** What is known of the keys at a time. */
interface Held {
  readonly tag: string
  readonly byKid: ReadonlyMap<string, SigningKey>
  readonly signing: ReadonlyMap<string, SigningKey>
  readonly own: SigningKey
}

/** Throws ConfigError on a store without keys, EnvelopeError where the envelope key does not fit. */
export async function openKeyRing(deps: KeyRingDeps): Promise<KeyRing> {
  const { signingKeys } = deps.store
  const { elapsedMs = () => performance.now(), waitMs = wait } = deps
  let held = await read(deps, new Map())
  /** When the question that was answered last began, and when the last one did. */
  let askedAtMs = elapsedMs()
  let triedAtMs = askedAtMs
  let generation = 0
  /** The keys have changed, and what they are now could not be taken: what is held may have been revoked. */
  let isOvertaken = false
  let asking: Promise<void> | undefined
  let following: Promise<void> | undefined
  let looking: Promise<void> | undefined

  async function ask(): Promise<void> {
    const beganMs = elapsedMs()
    triedAtMs = beganMs
    if ((await signingKeys.tag()) !== held.tag) {
      const known = held.byKid
      held = await read(deps, known).catch(overtaken)
      for (const kid of known.keys()) if (!held.byKid.has(kid)) generation += 1
    }
    isOvertaken = false
    askedAtMs = beganMs
  }
  /** A store that is away for a moment may be so here too; whatever else it is, no later question makes it good. */
  function overtaken(error: unknown): never {
    if (error instanceof StoreUnavailable) throw error
    if (!isOvertaken) generation += 1
    isOvertaken = true
    const isOurs = error instanceof EnvelopeError || error instanceof ConfigError
    throw isOurs ? new StoreUnavailable(`the signing keys have changed: ${error.message}`, { cause: error }) : error
  }
  function begin(): Promise<void> {
    asking = ask().finally(() => {
      asking = undefined
    })
    return asking
  }
  /** What is under way may have asked before the change that the caller knows of: another question follows, for all who wait. */
  function refresh(): Promise<void> {
    if (asking === undefined) return begin()
    following ??= asking
      .catch(() => undefined)
      .then(() => {
        following = undefined
        return asking ?? begin()
      })
    return following
  }
  const untilLookMs = () => triedAtMs + LOOK_MS - elapsedMs()
  async function untilDue(): Promise<void> {
    const ms = untilLookMs()
    if (ms > 0) await waitMs(ms)
  }
  /** A question that begins after this call, shared by all who come before it begins. */
  function look(): Promise<void> {
    looking ??= untilDue().then(() => {
      looking = undefined
      return refresh()
    })
    return looking
  }
  const isOld = () => isOvertaken || elapsedMs() - askedAtMs > KEY_RING_SECONDS * 1000

  function throwIfOld(error: unknown): void {
    if (isOld()) throw error
  }

  return {
    current(alg) {
      if (isOld())
        throw new StoreUnavailable(
          isOvertaken
            ? 'the signing keys have changed, and cannot be opened'
            : 'the signing keys could not be read for too long',
        )
      if (alg === undefined) return held.own
      const key = held.signing.get(alg)
      if (key !== undefined) return key
      throw new OAuthError('unauthorized_client', {
        detail: 'Nothing is signed here by the algorithm that this client registered.',
      })
    },
    algorithms: () => [...held.signing.values()].map(({ alg }) => alg),
    async find(kid) {
      if (!held.byKid.has(kid)) await look()
      else if (isOld()) await refresh()
      return held.byKid.get(kid)
    },
    async publicJwks() {
      if (isOld()) await refresh()
      // A store that is away is not waited for by each who comes: what is held serves until it is old.
      else if (triedAtMs === askedAtMs && untilLookMs() <= 0) await look().catch(throwIfOld)
      return [...held.byKid.values()].map((key) => key.publicJwk)
    },
    get generation() {
      return generation
    },
    isReady: () => !isOld(),
    refresh,
  }
}

/**
 * What is sealed from now on is sealed by the envelope key that the signing keys are under, which every node has: while the
 * envelope key is changed, `rewrap` moves them, and tells all nodes so.
 */
export const sealAsKeys = (envelope: Envelope, keys: readonly SigningKeyRecord[]): void =>
  envelope.sealUnder(keys[keys.length - 1]?.kekId ?? envelope.kekId)

async function read(deps: KeyRingDeps, known: ReadonlyMap<string, SigningKey>): Promise<Held> {
  const { tag, keys } = await deps.store.signingKeys.read()
  sealAsKeys(deps.envelope, keys)
  const byKid = new Map(
    keys.map((record) => [record.kid, known.get(record.kid) ?? openSigningKey(deps.envelope, record)]),
  )
  const current = keys.filter(({ state }) => state === 'current')
  const kept = deps.algorithms?.flatMap((alg) => current.filter((record) => record.alg === alg)) ?? []
  // Where none of those kept here signs yet, what the store has goes on signing.
  const signing = (kept.length > 0 ? kept : current).flatMap(({ kid }) => byKid.get(kid) ?? [])
  const [own] = signing
  if (own === undefined) throw new ConfigError('the store holds no signing key: run `sallyport init` first')
  return { tag, byKid, signing: new Map(signing.map((key) => [key.alg, key])), own }
}
