/** Row `decisions-full`: `decide` whole, with validation, mask, drop and the log on disk, beside the bare evaluation. */
import { join } from 'node:path'
import { createMetrics } from '../../src/observability/metrics.ts'
import { loadBundle } from '../../src/policy-engine/bundle/load.ts'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { openDecisionLog } from '../../src/policy-engine/decision-log/log.ts'
import { createNode, type PolicyNode } from '../../src/policy-engine/node/node.ts'
import { REQUIRED_ENTRYPOINTS } from '../../src/policy-engine/validate.ts'
import { type Environment, ROOT } from '../environment.ts'
import { evaluationSide } from '../evaluation-side.ts'
import { CONCURRENCY } from '../http-side.ts'
import { KEY_ID, makeBundleKey, signCommittedBundle } from '../ours/sign-bundle.ts'
import { bareSdk } from '../peers/bare-sdk.ts'
import type { RowDefinition } from '../row.ts'
import { tokenInputs } from '../token-inputs.ts'
import { compareSides } from './compare.ts'

async function openNode(folder: string): Promise<PolicyNode> {
  const { privateKey, publicKey } = makeBundleKey()
  const bundle = await loadBundle(await signCommittedBundle(ROOT, privateKey), {
    name: 'sallyport',
    keys: [{ id: KEY_ID, algorithm: 'ES256', key: publicKey }],
    requiredEntrypoints: REQUIRED_ENTRYPOINTS,
  })
  const metrics = createMetrics('bench')
  const labels = { id: 'bench', version: '0', node: 'bench' }
  const log = openDecisionLog({ directory: join(folder, 'decisions-full'), labels, metrics })
  const node = createNode({ name: 'bench', log, metrics })
  await node.activate([bundle])
  return node
}

export const decisionsFull: RowDefinition<Environment> = {
  name: 'decisions-full',
  unit: 'decisions per CPU second',
  latencyUnit: 'us',
  about: 'decide() for token, 16 waiting at a time: contract checked twice, mask, drop, event on disk; no cache',
  peer: 'bare @open-policy-agent/opa-wasm, evaluation alone',
  async measure({ options, folder, stopServers }) {
    await stopServers()
    const node = await openNode(folder)
    const { active } = node
    if (active === undefined) throw new Error('the node has no bundle')
    const inputs = tokenInputs()
    const ours = evaluationSide(inputs, async (input) => (await node.decide('token', input)).allow, CONCURRENCY)
    const peer = evaluationSide(inputs, bareSdk(active.platform, DECISIONS.token.entrypoint))
    try {
      return await compareSides(options, ours, peer)
    } finally {
      await node.close()
    }
  },
}
