/** Carries the life of signing keys into the store: each step read, decided and written as one, so that of two nodes one wins. */
import type { Envelope } from '../../kernel/envelope.ts'
import { Problem, StoreUnavailable } from '../../kernel/errors.ts'
import type { SigningAlgorithm } from '../../kernel/signing-algorithms.ts'
import type { KeySet, SigningKeyStore } from '../../storage/port.ts'
import type { SigningKeyRecord } from '../../storage/records.ts'
import { sealAsKeys } from '../token/key-ring.ts'
import { makeSigningKey } from '../token/signing-key.ts'
import { advance, isIdle, type KeyChange, type MissingKey, revoke, rotate, type Step } from './life.ts'
import type { KeyRules } from './rules.ts'

export interface KeeperDeps {
  readonly store: { readonly signingKeys: SigningKeyStore }
  readonly envelope: Envelope
  readonly rules: KeyRules
}

/** What was done, and the set as it stands after it. */
export interface Kept {
  readonly changes: readonly KeyChange[]
  readonly set: KeySet
}

export interface KeyKeeper {
  readonly rules: KeyRules
  read(): Promise<KeySet>
  /** What is due. */
  advance(): Promise<Kept>
  /** Throws Problem `conflict` where there would be too many keys. */
  rotate(algorithms: readonly SigningAlgorithm[], force: boolean): Promise<Kept>
  /** Throws Problem: `not_found`, or `conflict` where nothing would sign any more. */
  revoke(kid: string): Promise<Kept>
}

/** Others write rarely; who loses so often in a row has met something else. */
const ATTEMPTS = 8

/** Everyone who verifies fetches the whole set: nobody lets it grow without bound, by turning keys again and again. */
const MOST_KEYS = 64

export function keyKeeper(deps: KeeperDeps): KeyKeeper {
  const { store, envelope, rules } = deps

  const make = (set: KeySet) => (missing: MissingKey) =>
    makeSigningKey(envelope, {
      ...missing,
      rsaBits: rules.rsaBits,
      nowSeconds: set.nowSeconds,
      readyAt: set.nowSeconds + (missing.state === 'next' ? rules.publishSeconds : 0),
    })

  async function keep(decide: (set: KeySet) => Step): Promise<Kept> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const set = await store.signingKeys.read()
      const step = decide(set)
      if (isIdle(step)) return { changes: [], set }
      // Who reads the set before `rewrap` moved it writes nothing, so that none is left under the key before.
      sealAsKeys(envelope, set.keys)
      // A key sealed by what the others no longer have would make all of them unavailable.
      if (step.missing.length > 0 && (set.keys.at(-1)?.kekId ?? envelope.sealingKekId) !== envelope.sealingKekId)
        throw new StoreUnavailable('the signing keys are under an envelope key that this node does not have')
      const made = await Promise.all(step.missing.map(make(set)))
      const keys = [...step.keys, ...made]
      if ((await store.signingKeys.replace(set, keys)) === 'conflict') continue
      return { changes: [...step.changes, ...made.map(born)], set: { ...set, keys } }
    }
    throw new StoreUnavailable('the signing keys were changed by others, again and again')
  }

  return {
    rules,
    read: () => store.signingKeys.read(),
    advance: () => keep(({ keys, nowSeconds }) => advance(keys, nowSeconds, rules)),
    rotate: (algorithms, force) =>
      keep(({ keys, nowSeconds }) => {
        const step = rotate(keys, nowSeconds, rules, { algorithms, force })
        if (step.keys.length + step.missing.length <= MOST_KEYS) return step
        throw new Problem('conflict', {
          detail: `There would be more than ${MOST_KEYS} keys: wait until some that retire have gone, or revoke them.`,
        })
      }),
    revoke: (kid) =>
      keep(({ keys, nowSeconds }) => {
        const step = revoke(keys, nowSeconds, rules, kid)
        if (step === 'missing') throw new Problem('not_found', { detail: 'There is no signing key of this kid.' })
        if (step === 'last') throw new Problem('conflict', { detail: 'Nothing would sign without this key.' })
        return step
      }),
  }
}

const born = ({ kid, alg, state }: SigningKeyRecord): KeyChange => ({
  event: state === 'next' ? 'key_published' : 'key_activated',
  kid,
  alg,
})

/**
 * The keys of a new instance: of each algorithm one that signs and one that is next. Nobody has fetched a key set without
 * them, so both are ready.
 */
export function firstKeys(envelope: Envelope, rules: KeyRules, nowSeconds: number): Promise<SigningKeyRecord[]> {
  const { rsaBits } = rules
  return Promise.all(
    rules.algorithms.flatMap((alg) =>
      (['current', 'next'] as const).map((state) => makeSigningKey(envelope, { alg, rsaBits, state, nowSeconds })),
    ),
  )
}
