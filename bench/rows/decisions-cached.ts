/**
 * Row `decisions-cached`: the engine's way to an answer that is in the cache (time rounded, key, look-up), beside the bare SDK,
 * which evaluates; same bundle, data and inputs; no validation or log.
 */

import { createDecisionCache } from '../../src/policy-engine/cache/decision-cache.ts'
import { throughCache } from '../../src/policy-engine/cache/through-cache.ts'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { openActive } from '../../src/policy-engine/node/active.ts'
import { prepare } from '../../src/policy-engine/node/decide-here.ts'
import { filledTo, readCommittedBundle } from '../bundle.ts'
import { type Environment, ROOT } from '../environment.ts'
import { evaluationSide } from '../evaluation-side.ts'
import { bareSdk } from '../peers/bare-sdk.ts'
import type { RowDefinition } from '../row.ts'
import { tokenInputs } from '../token-inputs.ts'
import { compareSides } from './compare.ts'

const { entrypoint } = DECISIONS.token
const DATA_BYTES = 10 * 1024
const COPIES = 20
const CONTENT = {
  name: 'sallyport',
  revision: 'r',
  version: 1,
  keyId: 'k',
  digest: 'd'.repeat(64),
  dataDigest: 'e'.repeat(64),
  roots: ['authz', 'rbac', 'system'],
  entrypoints: [entrypoint],
  cacheTtlSeconds: { [entrypoint]: 60 },
  cacheNondeterministic: [],
  sizeBytes: 0,
}

const allowed = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'allow' in result && result.allow === true

export const decisionsCached: RowDefinition<Environment> = {
  name: 'decisions-cached',
  unit: 'decisions per CPU second',
  latencyUnit: 'us',
  about: 'authz/token/decision from the cache, 10 KB of data, 200 inputs in turn, one thread; no validation or log',
  peer: 'bare @open-policy-agent/opa-wasm, which evaluates',
  target: { of: 'ratio', is: '>=', value: 5 },
  async measure({ options, stopServers }) {
    await stopServers()
    const bundle = filledTo(DATA_BYTES, await readCommittedBundle(ROOT))
    const active = await openActive([{ ...CONTENT, ...bundle }])
    const cache = createDecisionCache()
    // Made anew for each decision, as requests make them: no text or hash of an earlier one is at hand.
    const texts = tokenInputs().map((input) => JSON.stringify(input))
    const inputs = Array.from({ length: COPIES }, () => texts.map((text): unknown => JSON.parse(text))).flat()
    const ours = evaluationSide(inputs, async (asked) => {
      const { input, cacheable } = prepare({ cache }, active, entrypoint, asked)
      if (cacheable === undefined) throw new Error('the rule declares no ttl')
      const { result } = await throughCache(cache, cacheable, () => {
        const recorded = new Map()
        const evaluated = active.evaluator.evaluate(entrypoint, input, { recorded })
        return { result: evaluated, isFit: allowed(evaluated), recorded }
      })
      return allowed(result)
    })
    const peer = evaluationSide(tokenInputs(), bareSdk(bundle, entrypoint))
    try {
      return await compareSides(options, ours, peer)
    } finally {
      active.lease.retire()
    }
  },
}
