/** A long life of keys on several nodes whose clocks differ and whose knowledge is late. Time is simulated; keys, nodes and signatures are real. */
import { randomBytes } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { openEnvelope } from '../../kernel/envelope.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'
import {
  JWKS_MAX_AGE_SECONDS,
  KEY_RING_SECONDS,
  KEY_SET_SECONDS,
  LEAST_PUBLISH_SECONDS,
} from '../../kernel/key-times.ts'
import type { SigningAlgorithm } from '../../kernel/signing-algorithms.ts'
import { signJwt, verifyJwt } from '../token/jws.ts'
import { type KeyRing, openKeyRing } from '../token/key-ring.ts'
import type { PublicJwk } from '../token/signing-key.ts'
import { keysInMemory } from '../token/test-keys.ts'
import { firstKeys, type KeyKeeper, keyKeeper } from './keeper.ts'
import type { KeyRules } from './rules.ts'

const TOKEN_SECONDS = 20 * 60
/** Clocks of two nodes differ by twice that at most. */
const SKEW_SECONDS = 5 * 60
const ALGORITHMS = ['ES256', 'EdDSA'] as const satisfies readonly SigningAlgorithm[]

const RULES: KeyRules = {
  algorithms: ALGORITHMS,
  rsaBits: 2048,
  rotateSeconds: 3600,
  publishSeconds: LEAST_PUBLISH_SECONDS,
  retireSeconds: TOKEN_SECONDS + KEY_SET_SECONDS + KEY_RING_SECONDS + 2 * SKEW_SECONDS,
}

/** mulberry32: the same life again for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

interface Node {
  readonly ring: KeyRing
  readonly keeper: KeyKeeper
  readonly skewSeconds: number
  asksAt: number
}
interface Issued {
  readonly jwt: string
  readonly kid: string
  readonly at: number
  /** By the clock that is furthest behind. */
  readonly endsAt: number
}
interface Copy {
  readonly at: number
  readonly kids: ReadonlySet<string>
  readonly keys: readonly PublicJwk[]
}

interface Life {
  readonly violations: readonly string[]
  readonly issued: number
  readonly unavailable: number
  readonly signers: number
}

async function live(seed: number, rules: KeyRules, seconds: number): Promise<Life> {
  const pick = random(seed)
  const kek = randomBytes(32)
  const store = keysInMemory([])
  store.nowSeconds = 1_000_000
  store.records = await firstKeys(openEnvelope(kek), rules, store.nowSeconds)
  /** Between reading and writing goes some time. */
  const late = {
    ...store,
    read: async () => ({ ...(await store.read()), nowSeconds: store.nowSeconds - pick(KEY_SET_SECONDS + 1) }),
  }
  const makeNode = async (index: number): Promise<Node> => {
    const envelope = openEnvelope(kek)
    const elapsedMs = () => store.nowSeconds * 1000
    return {
      ring: await openKeyRing({ store: { signingKeys: store }, envelope, algorithms: rules.algorithms, elapsedMs }),
      keeper: keyKeeper({ store: { signingKeys: late }, envelope, rules }),
      skewSeconds: index === 0 ? 0 : pick(2 * SKEW_SECONDS + 1) - SKEW_SECONDS,
      asksAt: store.nowSeconds,
    }
  }
  const nodes = await Promise.all([0, 1, 2, 3].map(makeNode))
  const any = (): Node => nodes[pick(nodes.length)] ?? Object.assign(nodes[0] ?? {})
  const violations: string[] = []
  const signers = new Set<string>()
  let live: Issued[] = []
  let copies: Copy[] = []
  let [issued, unavailable] = [0, 0]

  const fails = (token: Issued, copy: Copy) => {
    if (copy.kids.has(token.kid)) return
    violations.push(`seed ${seed}: token of ${token.at} by ${token.kid} fails by the key set of ${copy.at}`)
  }
  const end = store.nowSeconds + seconds
  while (store.nowSeconds < end) {
    store.nowSeconds += 1 + pick(25)
    const now = store.nowSeconds
    for (const node of nodes) {
      // Mostly every few seconds, at times as late as is borne, and sometimes later.
      if (now < node.asksAt) continue
      await node.ring.refresh()
      node.asksAt = now + (pick(4) === 0 ? pick(KEY_RING_SECONDS + 20) : 2)
    }
    if (pick(3) === 0) await any().keeper.advance()
    if (pick(400) === 0) await any().keeper.rotate([...ALGORITHMS], false)

    live = live.filter(({ endsAt }) => endsAt > now)
    copies = copies.filter(({ at }) => at > now - JWKS_MAX_AGE_SECONDS)
    const publisher = any()
    const keys = await publisher.ring.publicJwks()
    const copy = { at: now, keys, kids: new Set(keys.map(({ kid }) => kid)) }
    for (const token of live) fails(token, copy)
    copies.push(copy)

    const alg = ALGORITHMS[pick(2)]
    const signer = any()
    const exp = now + signer.skewSeconds + TOKEN_SECONDS
    try {
      const jwt = signJwt(signer.ring, 'at+jwt', { exp }, { alg })
      const token = { jwt, kid: signer.ring.current(alg).kid, at: now, endsAt: exp + SKEW_SECONDS }
      for (const known of copies) fails(token, known)
      if (pick(40) === 0) {
        const oldest = copies[0] ?? copy
        await jwtVerify(jwt, createLocalJWKSet({ keys: [...oldest.keys] }), {
          currentDate: new Date(exp * 1000 - 1000),
        }).catch((error: unknown) => violations.push(`seed ${seed}: ${String(error)}`))
        if ((await verifyJwt(any().ring, 'at+jwt', jwt)) === undefined) violations.push(`seed ${seed}: a node refuses`)
      }
      signers.add(token.kid)
      live.push(token)
      issued += 1
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      unavailable += 1
    }
    for (const kept of ALGORITHMS) {
      const current = store.records.filter((key) => key.alg === kept && key.state === 'current')
      if (current.length !== 1) violations.push(`seed ${seed}: ${current.length} keys of ${kept} sign`)
    }
  }
  return { violations, issued, unavailable, signers: signers.size }
}

const DAY = 24 * 3600

test.each([1, 2, 3, 4])(
  'each token verifies by every key set that a node publishes until it ends, and by each copy that is not stale (checklist 32), seed %i',
  async (seed) => {
    const { violations, issued, unavailable, signers } = await live(seed, RULES, 2 * DAY)
    expect(violations).toEqual([])
    expect(issued).toBeGreaterThan(5000)
    // It was a life: dozens of keys, and nodes that were cut off for too long.
    expect(signers).toBeGreaterThan(60)
    expect(unavailable).toBeGreaterThan(10)
  },
)

test('the property would show a key that signs too early, and one that goes too early', async () => {
  const early = await live(9, { ...RULES, publishSeconds: JWKS_MAX_AGE_SECONDS / 2 }, DAY)
  expect(early.violations.length).toBeGreaterThan(0)
  const short = await live(9, { ...RULES, retireSeconds: TOKEN_SECONDS / 2 }, DAY)
  expect(short.violations.length).toBeGreaterThan(0)
})
