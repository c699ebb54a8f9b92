/** Row `decisions`: our Evaluator beside the bare SDK; same bundle, data and inputs; no validation, log or cache. */
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { openEvaluator } from '../../src/policy-engine/wasm/sdk.ts'
import { readCommittedBundle } from '../bundle.ts'
import { type Environment, ROOT } from '../environment.ts'
import { evaluationSide } from '../evaluation-side.ts'
import { bareSdk } from '../peers/bare-sdk.ts'
import type { RowDefinition } from '../row.ts'
import { tokenInputs } from '../token-inputs.ts'
import { compareSides } from './compare.ts'

const { entrypoint } = DECISIONS.token

const allowed = (result: unknown): boolean =>
  typeof result === 'object' && result !== null && 'allow' in result && result.allow === true

export const decisions: RowDefinition<Environment> = {
  name: 'decisions',
  unit: 'decisions per CPU second',
  latencyUnit: 'us',
  about: 'authz/token/decision, 200 inputs in turn, one thread; no validation, log or cache',
  peer: 'bare @open-policy-agent/opa-wasm',
  async measure({ options, stopServers }) {
    await stopServers()
    const bundle = await readCommittedBundle(ROOT)
    const inputs = tokenInputs()
    const evaluator = openEvaluator(bundle)
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
}
