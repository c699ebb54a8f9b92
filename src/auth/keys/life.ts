/**
 * The life of signing keys: next, current, retiring, gone. Pure: what a set of keys becomes at a moment, by rules. Each
 * algorithm has a current key that signs and a next one that is published already, so that it can take over at any time.
 */
import type { SigningAlgorithm } from '../../kernel/signing-algorithms.ts'
import type { SigningKeyRecord, SigningKeyState } from '../../storage/records.ts'
import type { KeyRules } from './rules.ts'

export interface KeyChange {
  readonly event: 'key_published' | 'key_activated' | 'key_retired' | 'key_removed' | 'key_revoked'
  readonly kid: string
  readonly alg: SigningAlgorithm
}

/** A key that has to be made. */
export interface MissingKey {
  readonly alg: SigningAlgorithm
  readonly state: 'next' | 'current'
}

/** What a set becomes: these keys, and those that are still to be made. */
export interface Step {
  readonly keys: readonly SigningKeyRecord[]
  readonly missing: readonly MissingKey[]
  readonly changes: readonly KeyChange[]
  /** Something is written, though no key changed its state. */
  readonly noted: boolean
}

class Draft {
  readonly #now: number
  readonly #changes: KeyChange[] = []
  readonly #missing: MissingKey[] = []
  #keys: readonly SigningKeyRecord[]
  #noted = false

  constructor(keys: readonly SigningKeyRecord[], now: number) {
    this.#keys = keys
    this.#now = now
  }

  get keys(): readonly SigningKeyRecord[] {
    return this.#keys
  }

  of(alg: SigningAlgorithm, state: SigningKeyState): SigningKeyRecord | undefined {
    return this.#keys.find((key) => key.alg === alg && key.state === state)
  }

  #put(key: SigningKeyRecord): void {
    this.#keys = this.#keys.map((known) => (known.kid === key.kid ? key : known))
  }

  retire(key: SigningKeyRecord): void {
    this.#put({ ...key, state: 'retiring', since: this.#now })
    this.#changes.push({ event: 'key_retired', kid: key.kid, alg: key.alg })
  }

  /** The key signs, and the one that did retires. */
  activate({ asked: _asked, ...key }: SigningKeyRecord): void {
    const before = this.of(key.alg, 'current')
    if (before) this.retire(before)
    this.#put({ ...key, state: 'current', since: this.#now })
    this.#changes.push({ event: 'key_activated', kid: key.kid, alg: key.alg })
  }

  ask(key: SigningKeyRecord): void {
    if (key.asked) return
    this.#put({ ...key, asked: true })
    this.#noted = true
  }

  remove(key: SigningKeyRecord, event: 'key_removed' | 'key_revoked'): void {
    this.#keys = this.#keys.filter(({ kid }) => kid !== key.kid)
    this.#changes.push({ event, kid: key.kid, alg: key.alg })
  }

  want(alg: SigningAlgorithm, state: MissingKey['state']): void {
    this.#missing.push({ alg, state })
  }

  /** One `next` of each algorithm that is kept. */
  done({ algorithms }: KeyRules): Step {
    for (const alg of algorithms) if (!this.of(alg, 'next')) this.want(alg, 'next')
    return { keys: this.#keys, missing: this.#missing, changes: this.#changes, noted: this.#noted }
  }
}

export const isIdle = ({ missing, changes, noted }: Step): boolean =>
  missing.length === 0 && changes.length === 0 && !noted

/** What is due now, without anybody asking. */
export function advance(keys: readonly SigningKeyRecord[], now: number, rules: KeyRules): Step {
  const draft = new Draft(keys, now)
  for (const alg of rules.algorithms) {
    const next = draft.of(alg, 'next')
    const current = draft.of(alg, 'current')
    const due = current === undefined || next?.asked === true || now >= current.since + rules.rotateSeconds
    if (next !== undefined && due && now >= next.readyAt) draft.activate(next)
  }
  dropAlgorithms(draft, now, rules)
  for (const key of keys) {
    if (key.state === 'retiring' && now >= key.since + rules.retireSeconds) draft.remove(key, 'key_removed')
  }
  return draft.done(rules)
}

/** Keys of an algorithm that is no longer kept: the signing one retires once another can sign, one that never signed goes. */
function dropAlgorithms(draft: Draft, now: number, { algorithms }: KeyRules): void {
  const kept = new Set<SigningAlgorithm>(algorithms)
  if (!algorithms.some((alg) => draft.of(alg, 'current'))) return
  for (const key of draft.keys) {
    if (kept.has(key.alg)) continue
    if (key.state === 'current') draft.retire(key)
    // Not earlier: while nodes have different configurations, one that keeps the algorithm would make another at once.
    if (key.state === 'next' && now >= key.readyAt) draft.remove(key, 'key_removed')
  }
}

/** An operator wants other keys: each next one signs now where it is ready or `force` says so, else as soon as it is. */
export function rotate(
  keys: readonly SigningKeyRecord[],
  now: number,
  rules: KeyRules,
  wish: { readonly algorithms: readonly SigningAlgorithm[]; readonly force: boolean },
): Step {
  const draft = new Draft(keys, now)
  for (const alg of wish.algorithms) {
    const next = draft.of(alg, 'next')
    if (next === undefined) continue
    if (wish.force || now >= next.readyAt) draft.activate(next)
    else draft.ask(next)
  }
  return draft.done(rules)
}

/**
 * A key that others may have: it is gone at once, and where it signed the next one signs, ready or not. `last`: nothing
 * would sign any more.
 */
export function revoke(
  keys: readonly SigningKeyRecord[],
  now: number,
  rules: KeyRules,
  kid: string,
): Step | 'missing' | 'last' {
  const revoked = keys.find((key) => key.kid === kid)
  if (revoked === undefined) return 'missing'
  const draft = new Draft(keys, now)
  draft.remove(revoked, 'key_revoked')
  const { alg } = revoked
  if (revoked.state === 'current') {
    const next = draft.of(alg, 'next')
    const kept = rules.algorithms.includes(alg)
    if (next !== undefined && kept) draft.activate(next)
    else if (kept) draft.want(alg, 'current')
    else if (!draft.keys.some(({ state }) => state === 'current')) return 'last'
  }
  return draft.done(rules)
}
