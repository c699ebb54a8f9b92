/**
 * Rows `decisions`, `decisions-1mb`, `decisions-10mb`: our Evaluator, deadline included, beside the bare SDK; same bundle,
 * data and inputs; no validation, log or cache.
 */
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { openBundle } from '../../src/policy-engine/wasm/open.ts'
import { filledTo, readCommittedBundle } from '../bundle.ts'
import { type Environment, ROOT } from '../environment.ts'
import { evaluationSide } from '../evaluation-side.ts'
import { bareSdk } from '../peers/bare-sdk.ts'
import type { RowDefinition } from '../row.ts'
import { tokenInputs } from '../token-inputs.ts'
import { compareSides } from './compare.ts'

const { entrypoint } = DECISIONS.token

const allowed = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'allow' in result && result.allow === true

const row = (name: string, size: string, dataBytes: number, ratio: number): RowDefinition<Environment> => ({
  name,
  unit: 'decisions per CPU second',
  latencyUnit: 'us',
  about: `authz/token/decision, ${size} of data, 200 inputs in turn, one thread; no validation, log or cache`,
  peer: 'bare @open-policy-agent/opa-wasm',
  target: { of: 'ratio', is: '>=', value: ratio },
  async measure({ options, stopServers }) {
    await stopServers()
    const bundle = filledTo(dataBytes, await readCommittedBundle(ROOT))
    const inputs = tokenInputs()
    const evaluator = await openBundle(bundle)
    const ours = evaluationSide(inputs, (input) => allowed(evaluator.evaluate(entrypoint, input)))
    const peer = evaluationSide(inputs, bareSdk(bundle, entrypoint))
    try {
      return await compareSides(
        options,
        options.againstItself ? evaluationSide(inputs, bareSdk(bundle, entrypoint)) : ours,
        peer,
      )
    } finally {
      evaluator.close()
    }
  },
})

export const decisions = row('decisions', '10 KB', 10 * 1024, 1.4)
export const decisionsLarge: readonly RowDefinition<Environment>[] = [
  row('decisions-1mb', '1 MB', 1024 * 1024, 1.3),
  row('decisions-10mb', '10 MB', 10 * 1024 * 1024, 1.3),
]
